import { renderTaskDdl } from "@/lib/services/render-task-ddl";
import { serve } from "../../../../_http/serve";

export const GET = serve("renderTaskDdl", ({ services, params, query }) =>
  renderTaskDdl(services, params.name, query.dialect),
);
