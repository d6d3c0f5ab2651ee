import { listObjects } from "@/lib/services/task-lists";
import { serve } from "../../../../_http/serve";

export const GET = serve("listObjects", ({ services, params, query }) =>
  listObjects(services.database, params.name, query),
);
