import { AppError } from "@/lib/core/error";
import { getTaskOverview } from "@/lib/db/task-overviews";
import { setDesiredState } from "@/lib/db/tasks";
import { taskNotFound } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database">;

/**
 * Wants the task gone; the worker that holds it closes what is open, deletes the tunnel and drops the
 * row. Delivered objects stay. Throws `task.initialising` until the first channel is open (the
 * documented refusal). A task that is being deleted already stays so.
 */
export async function deleteTask({ database }: Needs, name: string): Promise<void> {
  const task = await getTaskOverview(database, name);
  if (!task) throw taskNotFound(name);
  if (task.desiredState === "deleted") return;
  if (task.facts.initialisedAt === null && task.facts.errors.length === 0) {
    throw new AppError("task.initialising", "A task cannot be deleted before its first channel", {
      details: { name },
    });
  }
  await setDesiredState(database, task.id, "deleted");
}
