import { createUploadSession, listUploadSessions } from "@/lib/services/upload-sessions";
import { serve } from "../../../../_http/serve";

export const GET = serve("listUploadSessions", ({ services, params, query }) =>
  listUploadSessions(services, params.name, query),
);

export const POST = serve("createUploadSession", ({ services, params, body }) =>
  createUploadSession(services, params.name, body),
);
