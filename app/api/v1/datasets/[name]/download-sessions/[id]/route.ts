import { getDownloadSession } from "@/lib/services/download-sessions";
import { serve } from "../../../../../_http/serve";

export const GET = serve("getDownloadSession", ({ services, params }) =>
  getDownloadSession(services, params.name, params.id),
);
