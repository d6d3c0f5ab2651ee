import { listDatasetObjects } from "@/lib/services/dataset-lists";
import { serve } from "../../../../_http/serve";

export const GET = serve("listDatasetObjects", ({ services, params, query }) =>
  listDatasetObjects(services.database, params.name, query),
);
