import { insertRow, listRows, updateRow } from "@/lib/services/edit-rows";
import { serve } from "../../../../../../_http/serve";

export const GET = serve("listRows", ({ services, params, query }) =>
  listRows(services, params, query),
);

export const POST = serve("insertRow", async ({ services, params, body }) => {
  await insertRow(services, params, body);
  return undefined;
});

export const PATCH = serve("updateRow", async ({ services, params, body }) => {
  await updateRow(services, params, body);
  return undefined;
});
