import { listTables } from "@/lib/services/browse-tables";
import { serve } from "../../../../_http/serve";

export const GET = serve("listTables", ({ services, params, query }) =>
  listTables(services, params.id, query),
);
