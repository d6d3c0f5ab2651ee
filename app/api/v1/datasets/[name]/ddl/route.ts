import { renderDatasetDdl } from "@/lib/services/render-dataset-ddl";
import { serve } from "../../../../_http/serve";

export const GET = serve("renderDatasetDdl", ({ services, params, query }) =>
  renderDatasetDdl(services, params.name, query),
);
