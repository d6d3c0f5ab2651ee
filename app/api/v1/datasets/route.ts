import { createDataset } from "@/lib/services/create-dataset";
import { listDatasets } from "@/lib/services/datasets";
import { serve } from "../../_http/serve";

export const GET = serve("listDatasets", ({ services, query }) =>
  listDatasets(services.database, query),
);

export const POST = serve("createDataset", ({ services, body }) => createDataset(services, body));
