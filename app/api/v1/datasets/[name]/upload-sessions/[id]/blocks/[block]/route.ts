import { writeUploadBlock } from "@/lib/services/write-block";
import { serve } from "../../../../../../../_http/serve";

export const PUT = serve("writeUploadBlock", ({ services, params, request }) =>
  writeUploadBlock(services, params, {
    body: request.body,
    contentType: request.headers.get("content-type"),
    contentLength: request.headers.get("content-length"),
  }),
);
