import { splitChannel } from "@/lib/services/tunnels";
import { serve } from "../../../../../../../../_http/serve";

export const POST = serve("splitChannel", ({ services, params, body }) =>
  splitChannel(services, params, body),
);
