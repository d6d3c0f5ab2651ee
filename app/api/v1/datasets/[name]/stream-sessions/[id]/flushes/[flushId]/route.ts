import { getStreamFlush, writeStreamFlush } from "@/lib/services/write-flush";
import { serve } from "../../../../../../../_http/serve";

export const GET = serve("getStreamFlush", ({ services, params }) =>
  getStreamFlush(services, params),
);

export const PUT = serve("writeStreamFlush", ({ services, params, query, request }) =>
  writeStreamFlush(services, params, query.partition, {
    body: request.body,
    contentType: request.headers.get("content-type"),
    contentLength: request.headers.get("content-length"),
  }),
);
