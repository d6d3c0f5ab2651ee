import { listTunnels } from "@/lib/services/tunnels";
import { serve } from "../../../../_http/serve";

export const GET = serve("listTunnels", ({ services, params, query }) =>
  listTunnels(services, params.id, query),
);
