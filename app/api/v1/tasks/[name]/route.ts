import { deleteTask } from "@/lib/services/delete-task";
import { getTask } from "@/lib/services/get-task";
import { updateTask } from "@/lib/services/update-task";
import { serve } from "../../../_http/serve";

export const GET = serve("getTask", ({ services, params }) => getTask(services, params.name));

export const PATCH = serve("updateTask", async ({ services, params, body }) => {
  await updateTask(services, params.name, body);
  return getTask(services, params.name);
});

export const DELETE = serve("deleteTask", async ({ services, params }) => {
  await deleteTask(services, params.name);
  return undefined;
});
