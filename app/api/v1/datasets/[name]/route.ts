import { deleteDataset, getDataset, updateDataset } from "@/lib/services/datasets";
import { serve } from "../../../_http/serve";

export const GET = serve("getDataset", ({ services, params }) =>
  getDataset(services.database, params.name),
);

export const PATCH = serve("updateDataset", ({ services, params, body }) =>
  updateDataset(services.database, params.name, body),
);

export const DELETE = serve("deleteDataset", async ({ services, params }) => {
  await deleteDataset(services.database, params.name);
  return undefined;
});
