import { AppError } from "@/lib/core/error";
import type { Database } from "@/lib/db/client";
import type { StoredDataset } from "@/lib/db/datasets";
import { getUploadSession, type StoredUploadSession } from "@/lib/db/upload-sessions";
import { findOwnDataset } from "./find-dataset";

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type FoundSession = {
  readonly dataset: StoredDataset;
  readonly session: StoredUploadSession;
};

/** Throws `session.not_found`, also for an id that is none. */
export async function findUploadSession(
  database: Database,
  name: string,
  id: string,
): Promise<FoundSession> {
  const dataset = await findOwnDataset(database, name);
  const session = isUuid(id) ? await getUploadSession(database, dataset.id, id) : null;
  if (!session) throw sessionNotFound(id);
  return { dataset, session };
}

export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

export function sessionNotFound(id: string): AppError {
  return new AppError("session.not_found", "No such session", { details: { id } });
}

export function statusConflict(id: string, status: string): AppError {
  const details = { id, status };
  return new AppError("session.status_conflict", `The session is ${status}`, { details });
}
