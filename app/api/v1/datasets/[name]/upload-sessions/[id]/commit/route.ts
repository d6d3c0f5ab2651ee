import { commitUploadSession } from "@/lib/services/commit-upload-session";
import { serve } from "../../../../../../_http/serve";

export const POST = serve("commitUploadSession", ({ services, params, body }) =>
  commitUploadSession(services, params.name, params.id, body),
);
