import { deleteRow } from "@/lib/services/edit-rows";
import { serve } from "../../../../../../../_http/serve";

export const POST = serve("deleteRow", async ({ services, params, body }) => {
  await deleteRow(services, params, body);
  return undefined;
});
