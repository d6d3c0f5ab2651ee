import { createTunnel } from "@/lib/services/tunnels";
import { serve } from "../../../../../../_http/serve";

export const POST = serve("createTunnel", ({ services, params, body }) =>
  createTunnel(services, params.id, params.table, body),
);
