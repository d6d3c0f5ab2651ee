import { createSource, listSources } from "@/lib/services/sources";
import { serve } from "../../_http/serve";

export const GET = serve("listSources", ({ services, query }) =>
  listSources(services.database, query),
);

export const POST = serve("createSource", ({ services, body }) => createSource(services, body));
