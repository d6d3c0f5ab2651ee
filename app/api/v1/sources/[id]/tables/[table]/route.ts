import { getTable } from "@/lib/services/browse-tables";
import { deleteTable, updateTable } from "@/lib/services/edit-tables";
import { serve } from "../../../../../_http/serve";

export const GET = serve("getTable", ({ services, params }) =>
  getTable(services, params.id, params.table),
);

export const PATCH = serve("updateTable", ({ services, params, body }) =>
  updateTable(services, params.id, params.table, body),
);

export const DELETE = serve("deleteTable", async ({ services, params }) => {
  await deleteTable(services, params.id, params.table);
  return undefined;
});
