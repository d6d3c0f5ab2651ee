import { deleteTunnel, getTunnel } from "@/lib/services/tunnels";
import { serve } from "../../../../../../../_http/serve";

export const GET = serve("getTunnel", ({ services, params }) => getTunnel(services, params));

export const DELETE = serve("deleteTunnel", async ({ services, params }) => {
  await deleteTunnel(services, params);
  return undefined;
});
