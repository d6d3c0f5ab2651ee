import type { TaskView } from "@/lib/contracts/task-view";
import { getDestination } from "@/lib/db/destinations";
import { listSchemaVersions } from "@/lib/db/schema-versions";
import { getTaskOverview } from "@/lib/db/task-overviews";
import { countLiveWorkers } from "@/lib/db/workers";
import { taskNotFound } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";
import { taskViewOf } from "./task-view";

type Needs = Pick<ServiceDependencies, "database" | "now">;

/** Throws `task.not_found`. */
export async function getTask({ database, now }: Needs, name: string): Promise<TaskView> {
  const task = await getTaskOverview(database, name);
  if (!task) throw taskNotFound(name);
  const [versions, destination, workers] = await Promise.all([
    listSchemaVersions(database, task.id),
    getDestination(database, task.settings.destinationId),
    countLiveWorkers(database),
  ]);
  const around = {
    bucket: destination?.bucket ?? "",
    isWorkerAlive: workers > 0,
    nowMs: now(),
  };
  return taskViewOf(task, around, versions);
}
