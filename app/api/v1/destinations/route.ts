import { createDestination, listDestinations } from "@/lib/services/destinations";
import { serve } from "../../_http/serve";

export const GET = serve("listDestinations", ({ services, query }) =>
  listDestinations(services.database, query),
);

export const POST = serve("createDestination", ({ services, body }) =>
  createDestination(services, body),
);
