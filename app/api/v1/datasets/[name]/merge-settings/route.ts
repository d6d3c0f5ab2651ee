import { setMergeSettings } from "@/lib/services/merge-settings";
import { serve } from "../../../../_http/serve";

export const PUT = serve("setMergeSettings", ({ services, params, body }) =>
  setMergeSettings(services, params.name, body),
);
