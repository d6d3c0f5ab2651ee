import { deleteSource, updateSource } from "@/lib/services/sources";
import { serve } from "../../../_http/serve";

export const PATCH = serve("updateSource", ({ services, params, body }) =>
  updateSource(services, params.id, body),
);

export const DELETE = serve("deleteSource", async ({ services, params }) => {
  await deleteSource(services.database, params.id);
  return undefined;
});
