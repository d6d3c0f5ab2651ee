import { continueTask } from "@/lib/services/continue-task";
import { getTask } from "@/lib/services/get-task";
import { serve } from "../../../../_http/serve";

export const POST = serve("continueTask", async ({ services, params }) => {
  await continueTask(services, params.name);
  return getTask(services, params.name);
});
