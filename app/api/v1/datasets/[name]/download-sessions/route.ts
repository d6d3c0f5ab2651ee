import { createDownloadSession } from "@/lib/services/download-sessions";
import { serve } from "../../../../_http/serve";

export const POST = serve("createDownloadSession", ({ services, params, body }) =>
  createDownloadSession(services, params.name, body),
);
