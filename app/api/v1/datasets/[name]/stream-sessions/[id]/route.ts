import {
  endStreamSession,
  getStreamSession,
  updateStreamSession,
} from "@/lib/services/stream-sessions";
import { serve } from "../../../../../_http/serve";

export const GET = serve("getStreamSession", ({ services, params }) =>
  getStreamSession(services, params.name, params.id),
);

export const PATCH = serve("updateStreamSession", ({ services, params, body }) =>
  updateStreamSession(services, params.name, params.id, body),
);

export const DELETE = serve("endStreamSession", async ({ services, params }) => {
  await endStreamSession(services, params.name, params.id);
  return undefined;
});
