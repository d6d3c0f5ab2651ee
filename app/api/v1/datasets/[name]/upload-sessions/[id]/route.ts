import { abortUploadSession, getUploadSession } from "@/lib/services/upload-sessions";
import { serve } from "../../../../../_http/serve";

export const GET = serve("getUploadSession", ({ services, params }) =>
  getUploadSession(services, params.name, params.id),
);

export const DELETE = serve("abortUploadSession", async ({ services, params }) => {
  await abortUploadSession(services, params.name, params.id);
  return undefined;
});
