import { getTask } from "@/lib/services/get-task";
import { resumeTask } from "@/lib/services/pause-task";
import { serve } from "../../../../_http/serve";

export const POST = serve("resumeTask", async ({ services, params }) => {
  await resumeTask(services, params.name);
  return getTask(services, params.name);
});
