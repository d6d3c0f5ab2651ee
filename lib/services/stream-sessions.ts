import { randomUUID } from "node:crypto";
import { parseInput } from "@/lib/contracts/field-problems";
import type { Page } from "@/lib/contracts/paging";
import {
  type StreamSessionView,
  streamSessionBodySchema,
  streamSessionPatchSchema,
} from "@/lib/contracts/stream-session-body";
import { AppError } from "@/lib/core/error";
import { streamSessionStatus } from "@/lib/core/stream-session";
import { slotLimits } from "@/lib/core/stream-slots";
import type { Database } from "@/lib/db/client";
import type { StoredDataset } from "@/lib/db/datasets";
import {
  countStreamSessions,
  endStreamSession as endSession,
  createStreamSession as insertSession,
  type StoredStreamSession,
  getStreamSession as selectSession,
  listStreamSessions as selectSessions,
  takeSchemaVersion,
} from "@/lib/db/stream-sessions";
import { datasetNotFound, findOwnDataset } from "./find-dataset";
import { isUuid, sessionNotFound, statusConflict } from "./find-session";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database" | "now">;
type PageQuery = { readonly cursor?: string | undefined; readonly limit: number };

const retryAfterSeconds = 30;

/**
 * Begins a session. Throws `session.slots_exceeded` when its slots are not left, or
 * `stream.schema_modified` when it is to have another schema version than the dataset has.
 */
export async function createStreamSession(
  needs: Needs,
  name: string,
  input: unknown,
): Promise<StreamSessionView> {
  const { slots, schemaVersion, flush } = parseInput(streamSessionBodySchema, input);
  const dataset = await findOwnDataset(needs.database, name);
  const id = randomUUID();
  const made = await insertSession(needs.database, {
    ...{ id, datasetId: dataset.id, slotsAsked: slots, flush },
    schemaVersion: schemaVersion ?? null,
  });
  switch (made.kind) {
    case "made":
      return getStreamSession(needs, name, id);
    case "dataset_gone":
      throw datasetNotFound(name);
    case "other_version":
      throw schemaModified(schemaVersion ?? 0, made.datasetVersion);
    case "no_slots":
      throw new AppError("session.slots_exceeded", "The slots are granted to other sessions", {
        details: { slots: slotLimits.granted, retryAfterSeconds },
      });
  }
}

export function schemaModified(schemaVersion: number, datasetVersion: number | null): AppError {
  const details = { schemaVersion, datasetVersion };
  return new AppError("stream.schema_modified", "The dataset has another version", { details });
}

type FoundStream = { readonly dataset: StoredDataset; readonly session: StoredStreamSession };

/** Throws `session.not_found`, also for an id that is none. */
export async function findStreamSession(
  database: Database,
  name: string,
  id: string,
): Promise<FoundStream> {
  const dataset = await findOwnDataset(database, name);
  const session = isUuid(id) ? await selectSession(database, dataset.id, id) : null;
  if (!session) throw sessionNotFound(id);
  return { dataset, session };
}

export async function getStreamSession(
  { database, now }: Needs,
  name: string,
  id: string,
): Promise<StreamSessionView> {
  const { session } = await findStreamSession(database, name, id);
  return viewOf(name, session, now());
}

/** Newest first. */
export async function listStreamSessions(
  { database, now }: Needs,
  name: string,
  query: PageQuery,
): Promise<Page<StreamSessionView>> {
  const { id } = await findOwnDataset(database, name);
  const [page, total] = await Promise.all([
    selectSessions(database, id, { cursor: query.cursor ?? null, limit: query.limit }),
    countStreamSessions(database, id),
  ]);
  const items = page.items.map((session) => viewOf(name, session, now()));
  return { items, nextCursor: page.nextCursor, total };
}

/** Takes the dataset's newest schema version, which the caller has to name: it knows its columns then. */
export async function updateStreamSession(
  needs: Needs,
  name: string,
  id: string,
  input: unknown,
): Promise<StreamSessionView> {
  const { schemaVersion } = parseInput(streamSessionPatchSchema, input);
  const { dataset, session } = await findStreamSession(needs.database, name, id);
  const taken = await takeSchemaVersion(needs.database, {
    ...{ datasetId: dataset.id, sessionId: id, version: schemaVersion },
  });
  if (taken === "other_version") throw schemaModified(schemaVersion, dataset.schemaVersion);
  if (taken === "ended") {
    throw statusConflict(id, session.facts.isEnded ? "ended" : "expired");
  }
  return getStreamSession(needs, name, id);
}

/** Ending what has ended is no error. */
export async function endStreamSession(
  { database }: Pick<Needs, "database">,
  name: string,
  id: string,
): Promise<void> {
  const { session } = await findStreamSession(database, name, id);
  await endSession(database, session.id);
}

function viewOf(dataset: string, session: StoredStreamSession, nowMs: number): StreamSessionView {
  return {
    ...{ id: session.id, dataset, status: streamSessionStatus(session.facts, nowMs) },
    ...{ slots: session.slots, schemaVersion: session.schemaVersion },
    columns: session.columns.map((column) => ({ name: column.name, type: column.type })),
    flush: { bytes: session.flush.bytes, milliseconds: session.flush.milliseconds },
    createdAt: session.createdAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    lastFlushAt: session.lastFlushAt?.toISOString() ?? null,
    ...{ flushes: session.flushes, rows: session.rows, bytes: session.bytes },
    partitions: session.partitions,
  };
}
