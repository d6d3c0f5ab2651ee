import { previewMerges } from "@/lib/services/merge-settings";
import { serve } from "../../../../../_http/serve";

export const POST = serve("previewMerges", ({ services, params, body }) =>
  previewMerges(services, params.name, body),
);
