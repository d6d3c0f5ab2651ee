import { probeDestination } from "@/lib/services/probe-destination";
import { serve } from "../../../../_http/serve";

export const POST = serve("probeDestination", ({ services, params }) =>
  probeDestination(services, params.id),
);
