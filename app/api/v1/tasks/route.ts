import { createTask } from "@/lib/services/create-task";
import { getTask } from "@/lib/services/get-task";
import { listTasks } from "@/lib/services/list-tasks";
import { serve } from "../../_http/serve";

export const GET = serve("listTasks", ({ services, query }) => listTasks(services, query));

export const POST = serve("createTask", async ({ services, body }) =>
  getTask(services, (await createTask(services, body)).settings.name),
);
