import { randomUUID } from "node:crypto";
import { parseInput } from "@/lib/contracts/field-problems";
import type { Page } from "@/lib/contracts/paging";
import {
  type UploadBlockView,
  type UploadSessionView,
  uploadSessionBodySchema,
} from "@/lib/contracts/upload-session-body";
import { type DatasetPartition, readPartitionSpec } from "@/lib/core/dataset-partition";
import { AppError } from "@/lib/core/error";
import { answerAbort, sessionLifetimeMs, uploadSessionStatus } from "@/lib/core/upload-session";
import type { StoredDataset } from "@/lib/db/datasets";
import {
  abortUploadSession as endSession,
  type ListedBlock,
  listBlocks,
} from "@/lib/db/upload-blocks";
import {
  countUploadSessions,
  createUploadSession as insertSession,
  type StoredUploadSession,
  listUploadSessions as selectSessions,
} from "@/lib/db/upload-sessions";
import { withStore } from "./connections";
import { datasetNotFound, findOwnDataset } from "./find-dataset";
import { findUploadSession, statusConflict } from "./find-session";
import { findDestination } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";
import { giveUpUpload } from "./stage-rows";
import { uploadLogOf } from "./upload-log";
import type { WriteGate } from "./write-gate";

type Needs = Pick<ServiceDependencies, "database" | "connections" | "now"> & {
  readonly writes: Pick<WriteGate, "count">;
};
type PageQuery = { readonly cursor?: string | undefined; readonly limit: number };

/**
 * Begins a session in one partition. Throws `session.partition_missing`, `session.partition_invalid`,
 * or `session.overwrite_conflict` when an overwrite meets another one, or a stream.
 */
export async function createUploadSession(
  needs: Needs,
  name: string,
  input: unknown,
): Promise<UploadSessionView> {
  const { partition: spec, overwrite } = parseInput(uploadSessionBodySchema, input);
  const dataset = await findOwnDataset(needs.database, name);
  const partition = partitionNamed(dataset, spec);
  needs.writes.count("upload_session", dataset.id);
  const id = randomUUID();
  const made = await insertSession(needs.database, {
    ...{ id, datasetId: dataset.id, schemaVersion: dataset.schemaVersion },
    ...{ partition: partition.folder, spec: partition.spec, overwrites: overwrite },
    lifetimeMs: sessionLifetimeMs,
  });
  if (made === null) throw datasetNotFound(name);
  if (made !== "made") {
    const verb = made.kind === "overwrite" ? "overwrites the same" : "streams into the";
    const reason = `The session ${made.sessionId} ${verb} partition.`;
    throw new AppError("session.overwrite_conflict", reason, { details: { reason } });
  }
  return getUploadSession(needs, name, id);
}

/** Throws what the modelled service documents for a spec that names no partition. */
export function partitionNamed({ settings }: StoredDataset, spec: string): DatasetPartition {
  const read = readPartitionSpec(settings, spec);
  switch (read.kind) {
    case "partition":
      return read.partition;
    case "missing": {
      const columns = read.columns.join(", ");
      const details = { columns };
      throw new AppError("session.partition_missing", `No value for ${columns}`, { details });
    }
    case "invalid": {
      const { reason } = read;
      throw new AppError("session.partition_invalid", reason, { details: { reason } });
    }
  }
}

export async function getUploadSession(
  { database, now }: Pick<Needs, "database" | "now">,
  name: string,
  id: string,
): Promise<UploadSessionView> {
  const { session } = await findUploadSession(database, name, id);
  return viewOf(name, session, now());
}

/** Newest first. */
export async function listUploadSessions(
  { database, now }: Pick<Needs, "database" | "now">,
  name: string,
  query: PageQuery,
): Promise<Page<UploadSessionView>> {
  const { id } = await findOwnDataset(database, name);
  const [page, total] = await Promise.all([
    selectSessions(database, id, { cursor: query.cursor ?? null, limit: query.limit }),
    countUploadSessions(database, id),
  ]);
  const items = page.items.map((session) => viewOf(name, session, now()));
  return { items, nextCursor: page.nextCursor, total };
}

/** By number. */
export async function listUploadBlocks(
  { database }: Pick<Needs, "database">,
  name: string,
  id: string,
  query: PageQuery,
): Promise<Page<UploadBlockView>> {
  const { session } = await findUploadSession(database, name, id);
  const page = await listBlocks(database, id, { cursor: query.cursor ?? null, limit: query.limit });
  return { items: page.items.map(blockView), nextCursor: page.nextCursor, total: session.blocks };
}

/** Nothing of the session is visible, and nothing will be. Aborting what is aborted is no error. */
export async function abortUploadSession(needs: Needs, name: string, id: string): Promise<void> {
  const { dataset, session } = await findUploadSession(needs.database, name, id);
  const answer = answerAbort(session.facts, needs.now());
  if (answer.kind === "ended_already") return;
  if (answer.kind === "refused") throw statusConflict(id, answer.status);
  const blocks = await endSession(needs.database, id);
  const destination = await findDestination(needs.database, dataset.settings.destinationId);
  await withStore(needs.connections, destination, async (store) => {
    const log = uploadLogOf(needs.database, destination);
    for (const block of blocks) await giveUpUpload({ store, log }, block);
  });
}

function viewOf(dataset: string, session: StoredUploadSession, nowMs: number): UploadSessionView {
  return {
    id: session.id,
    dataset,
    partition: session.spec,
    folder: session.partition,
    overwrite: session.overwrites,
    status: uploadSessionStatus(session.facts, nowMs),
    schemaVersion: session.schemaVersion,
    createdAt: session.createdAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    blocks: session.blocks,
    rows: session.rows,
    bytes: session.bytes,
  };
}

export function blockView(block: ListedBlock): UploadBlockView {
  return {
    block: block.blockId,
    format: block.format,
    rows: block.rows,
    bytes: block.bytes,
    completedAt: block.completedAt.toISOString(),
  };
}
