import { deleteDestination, updateDestination } from "@/lib/services/destinations";
import { serve } from "../../../_http/serve";

export const PATCH = serve("updateDestination", ({ services, params, body }) =>
  updateDestination(services, params.id, body),
);

export const DELETE = serve("deleteDestination", async ({ services, params }) => {
  await deleteDestination(services.database, params.id);
  return undefined;
});
