import { listDatasetPartitions } from "@/lib/services/dataset-lists";
import { serve } from "../../../../_http/serve";

export const GET = serve("listDatasetPartitions", ({ services, params, query }) =>
  listDatasetPartitions(services.database, params.name, query),
);
