import { listChannels } from "@/lib/services/task-lists";
import { serve } from "../../../../_http/serve";

export const GET = serve("listChannels", ({ services, params, query }) =>
  listChannels(services.database, params.name, query),
);
