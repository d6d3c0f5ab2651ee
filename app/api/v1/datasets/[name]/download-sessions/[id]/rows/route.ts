import { readDownloadRows } from "@/lib/services/download-sessions";
import { serve } from "../../../../../../_http/serve";

export const GET = serve("readDownloadRows", async ({ services, params, query }) => {
  const { body, contentType, rows } = await readDownloadRows(services, params, query);
  return new Response(body, {
    headers: {
      "content-type": contentType,
      "cache-control": "no-store",
      "x-culvert-rows": String(rows),
    },
  });
});
