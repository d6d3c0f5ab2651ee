import { listUploadBlocks } from "@/lib/services/upload-sessions";
import { serve } from "../../../../../../_http/serve";

export const GET = serve("listUploadBlocks", ({ services, params, query }) =>
  listUploadBlocks(services, params.name, params.id, query),
);
