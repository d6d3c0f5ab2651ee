import { AppError } from "@/lib/core/error";
import type { DesiredState } from "@/lib/core/task";
import type { Database } from "@/lib/db/client";
import { setDesiredState } from "@/lib/db/tasks";
import { findTask } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database">;

/** Holds the task's position: what was read is delivered first, then nothing more is. Safe to repeat. */
export async function pauseTask({ database }: Needs, name: string): Promise<void> {
  await want(database, name, "paused");
}

/** Goes on from where the task was paused. Safe to repeat. */
export async function resumeTask({ database }: Needs, name: string): Promise<void> {
  await want(database, name, "running");
}

async function want(database: Database, name: string, state: DesiredState): Promise<void> {
  const task = await findTask(database, name);
  if (!(await setDesiredState(database, task.id, state))) throw beingDeleted(name);
}

export function beingDeleted(name: string): AppError {
  return new AppError("resource.conflict", "The task is being deleted", {
    details: { name, reason: `The task ${name} is being deleted.` },
  });
}
