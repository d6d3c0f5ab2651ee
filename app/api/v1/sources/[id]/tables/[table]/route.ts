import { getTable } from "@/lib/services/browse-tables";
import { serve } from "../../../../../_http/serve";

export const GET = serve("getTable", ({ services, params }) =>
  getTable(services, params.id, params.table),
);
