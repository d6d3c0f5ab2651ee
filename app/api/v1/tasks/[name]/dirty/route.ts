import { listDirty } from "@/lib/services/task-lists";
import { serve } from "../../../../_http/serve";

export const GET = serve("listDirty", ({ services, params, query }) =>
  listDirty(services.database, params.name, query),
);
