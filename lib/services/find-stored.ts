import { AppError } from "@/lib/core/error";
import type { Database } from "@/lib/db/client";
import { getDestination, type StoredDestination } from "@/lib/db/destinations";
import { getSource, type StoredSource } from "@/lib/db/sources";
import { getTaskByName, type StoredTask } from "@/lib/db/tasks";

/** Each throws the 404 of its kind when there is nothing of that name or id. */
export async function findTask(database: Database, name: string): Promise<StoredTask> {
  const task = await getTaskByName(database, name);
  if (!task) throw taskNotFound(name);
  return task;
}

export function taskNotFound(name: string): AppError {
  return new AppError("task.not_found", "No such task", { details: { name } });
}

export async function findSource(database: Database, id: string): Promise<StoredSource> {
  const source = await getSource(database, id);
  if (!source) throw resourceNotFound(id);
  return source;
}

export async function findDestination(database: Database, id: string): Promise<StoredDestination> {
  const destination = await getDestination(database, id);
  if (!destination) throw resourceNotFound(id);
  return destination;
}

export function resourceNotFound(id: string): AppError {
  return new AppError("resource.not_found", "No such source or destination", { details: { id } });
}
