import { AppError } from "@/lib/core/error";
import { getTaskOverview } from "@/lib/db/task-overviews";
import { askToContinue } from "@/lib/db/tasks";
import { taskNotFound } from "./find-stored";
import { beingDeleted } from "./pause-task";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database">;

/**
 * Lets a task whose stream was trimmed before it was read go on from the oldest record that is still
 * there. What lies in between is never delivered; each channel's gap is kept in its account. Throws
 * `resource.conflict` when nothing of the task has expired: nobody skips records by mistake.
 */
export async function continueTask({ database }: Needs, name: string): Promise<void> {
  const task = await getTaskOverview(database, name);
  if (!task) throw taskNotFound(name);
  if (task.desiredState === "deleted") throw beingDeleted(name);
  if (!task.facts.errors.some(({ code }) => code === "source.tunnel_expired")) {
    throw new AppError("resource.conflict", "Nothing of the task has expired", {
      details: {
        name,
        reason: `Nothing of the task ${name} has expired, so there is nothing to skip.`,
      },
    });
  }
  if (!(await askToContinue(database, task.id))) throw beingDeleted(name);
}
