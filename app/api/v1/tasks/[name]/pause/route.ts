import { getTask } from "@/lib/services/get-task";
import { pauseTask } from "@/lib/services/pause-task";
import { serve } from "../../../../_http/serve";

export const POST = serve("pauseTask", async ({ services, params }) => {
  await pauseTask(services, params.name);
  return getTask(services, params.name);
});
