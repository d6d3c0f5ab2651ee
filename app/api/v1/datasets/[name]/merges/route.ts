import { askForMerges, listMerges } from "@/lib/services/merges";
import { serve } from "../../../../_http/serve";

export const GET = serve("listMerges", ({ services, params, query }) =>
  listMerges(services.database, params.name, query),
);

export const POST = serve("askForMerges", ({ services, params, body }) =>
  askForMerges(services.database, params.name, body),
);
