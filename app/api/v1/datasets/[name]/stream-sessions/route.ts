import { createStreamSession, listStreamSessions } from "@/lib/services/stream-sessions";
import { serve } from "../../../../_http/serve";

export const GET = serve("listStreamSessions", ({ services, params, query }) =>
  listStreamSessions(services, params.name, query),
);

export const POST = serve("createStreamSession", ({ services, params, body }) =>
  createStreamSession(services, params.name, body),
);
