import { listTables } from "@/lib/services/browse-tables";
import { createTable } from "@/lib/services/edit-tables";
import { serve } from "../../../../_http/serve";

export const GET = serve("listTables", ({ services, params, query }) =>
  listTables(services, params.id, query),
);

export const POST = serve("createTable", ({ services, params, body }) =>
  createTable(services, params.id, body),
);
