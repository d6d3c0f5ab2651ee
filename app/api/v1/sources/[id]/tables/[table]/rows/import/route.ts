import { importRows } from "@/lib/services/edit-rows";
import { serve } from "../../../../../../../_http/serve";

export const POST = serve("importRows", ({ services, params, body }) =>
  importRows(services, params, body),
);
