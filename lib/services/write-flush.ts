import { createHash, type Hash } from "node:crypto";
import type { StreamFlushView } from "@/lib/contracts/stream-session-body";
import { rowFormats } from "@/lib/contracts/upload-session-body";
import { type DatasetPartition, specOfFolder } from "@/lib/core/dataset-partition";
import { AppError, invariant } from "@/lib/core/error";
import type { FlushVerdict } from "@/lib/core/stream-flush";
import { streamedPartitionsMax } from "@/lib/core/stream-flush";
import { isFlushId, packBytesMax, streamSessionStatus } from "@/lib/core/stream-session";
import type { StoredDataset } from "@/lib/db/datasets";
import { getFlush, getFlushForGood, type StoredFlush } from "@/lib/db/stream-flushes";
import type { StoredStreamSession } from "@/lib/db/stream-sessions";
import type { Clock } from "@/lib/platform/clock";
import { statusConflict } from "./find-session";
import { readBody } from "./rows/read-body";
import { readNdjsonRows } from "./rows/read-ndjson-rows";
import type { ServiceDependencies } from "./service-dependencies";
import { findStreamSession, schemaModified } from "./stream-sessions";
import { PackRows } from "./streams/pack-rows";
import type { FlushOutcome } from "./streams/stream-windows";
import type { Streams } from "./streams/streams";
import { partitionNamed } from "./upload-sessions";
import type { IncomingRows } from "./write-block";

type Needs = Pick<ServiceDependencies, "database" | "connections" | "now"> & {
  readonly streams: Streams;
  readonly clock: Clock;
};

/** As of a block of an upload. */
const stallMs = 120_000;
/** A delivery worker makes the object visible; whoever asked is told once it has, or after this long. */
const visibleWaitMs = 30_000;
/** Long enough for a session that has gone idle to be ended by hand. */
const partitionsRetryAfterSeconds = 60;

export type FlushPlace = { readonly name: string; readonly id: string; readonly flushId: string };

/** A flush on its way, and what it was asked with. */
type Flush = {
  readonly flushId: string;
  readonly dataset: StoredDataset;
  readonly session: StoredStreamSession;
  readonly partition: DatasetPartition;
};

/**
 * Takes a pack of rows and answers once its rows are decided and visible to everybody who lists the
 * bucket. The same pack under the same id is the same flush, whenever and wherever it is sent again; of a
 * pack that cannot be read, breaks off or is refused, nothing is kept.
 */
export async function writeStreamFlush(
  needs: Needs,
  place: FlushPlace,
  partitionSpec: string,
  rows: IncomingRows,
): Promise<StreamFlushView> {
  const { name, id, flushId } = place;
  if (!isFlushId(flushId)) throw flushIdInvalid();
  checkFormat(rows.contentType);
  const { dataset, session } = await findStreamSession(needs.database, name, id);
  const partition = partitionNamed(dataset, partitionSpec);
  const flush = { flushId, dataset, session, partition };
  const recorded = await findRecorded(needs, flush);
  if (recorded) return answerRecorded(needs, flush, recorded, await hashBody(needs, flush, rows));
  if (session.schemaVersion !== dataset.schemaVersion) {
    throw schemaModified(session.schemaVersion, dataset.schemaVersion);
  }
  return flushPack(needs, flush, rows);
}

/** What was recorded of a flush. Throws `stream.flush_not_found` while nothing is. */
export async function getStreamFlush(
  needs: Pick<Needs, "database" | "streams">,
  { name, id, flushId }: FlushPlace,
): Promise<StreamFlushView> {
  const { dataset, session } = await findStreamSession(needs.database, name, id);
  const recorded = await getFlush(needs.database, session.id, flushId);
  if (recorded) return viewOf(needs, dataset, recorded);
  throw new AppError("stream.flush_not_found", "Not recorded", { details: { flushId } });
}

function flushIdInvalid(): AppError {
  return new AppError("stream.flush_id_invalid", "Not an id of a flush");
}

function checkFormat(contentType: string | null): void {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === rowFormats.ndjson) return;
  throw new AppError("stream.format_unknown", "Packs are NDJSON", { details: { type } });
}

/** Throws `session.status_conflict` when the flush is not decided and never will be (T6). */
async function findRecorded(
  { database, now }: Needs,
  { flushId, session }: Flush,
): Promise<StoredFlush | null> {
  const recorded = await getFlush(database, session.id, flushId);
  const status = streamSessionStatus(session.facts, now());
  if (recorded || status === "normal") return recorded;
  const forGood = await getFlushForGood(database, session.id, flushId);
  if (forGood === null) throw statusConflict(session.id, status);
  return forGood;
}

async function flushPack(needs: Needs, flush: Flush, rows: IncomingRows): Promise<StreamFlushView> {
  const { flushId, dataset, session, partition } = flush;
  const { gate, windows } = needs.streams;
  const entered = await gate.enter({
    session: { id: session.id, slots: session.slots },
    partition: `${dataset.id} ${partition.folder}`,
    bytes: bytesToCome(rows.contentLength),
  });
  const content = new PackRows(dataset.settings.columns);
  const body = new HashedBody(partition);
  try {
    await readNdjsonRows(body.read(readPack(needs, rows)), content).finally(() =>
      entered.received(body.bytes),
    );
    const contentHash = body.end();
    const outcome = await windows.add(
      { dataset, partition },
      {
        decided: {
          ...{ sessionId: session.id, flushId, contentHash, schemaVersion: dataset.schemaVersion },
          ...{ rows: content.rows, bytes: body.bytes },
        },
        ...{ flush: session.flush, content },
      },
    );
    entered.released();
    if (outcome.kind === "left_out") return await answerLeftOut(needs, flush, outcome, contentHash);
    const { decidedAt, object } = outcome;
    return await viewOf(needs, dataset, {
      ...{ flushId, contentHash, partition: partition.folder, decidedAt, object },
      ...{ rows: content.rows, bytes: body.bytes },
    });
  } finally {
    entered.released();
  }
}

function bytesToCome(contentLength: string | null): number {
  const promised = contentLength === null ? packBytesMax : Number(contentLength);
  return promised >= 0 && promised <= packBytesMax ? promised : packBytesMax;
}

function readPack({ clock }: Needs, rows: IncomingRows): AsyncGenerator<Uint8Array> {
  const promised = rows.contentLength === null ? null : Number(rows.contentLength);
  return readBody(rows.body, {
    ...{ clock, stallMs, bytesMax: packBytesMax, bytesPromised: promised },
  });
}

/** Of a flush that is recorded only the hash of its pack is of use. */
async function hashBody(needs: Needs, { partition }: Flush, rows: IncomingRows): Promise<string> {
  const body = new HashedBody(partition);
  for await (const _ of body.read(readPack(needs, rows)));
  return body.end();
}

/** Bytes on their way, counted, and hashed with their partition: together they are what a flush is. */
class HashedBody {
  readonly #hash: Hash;
  #bytes = 0;

  constructor({ spec }: DatasetPartition) {
    this.#hash = createHash("sha256").update(`${spec}\n`);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async *read(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.#bytes += piece.byteLength;
      this.#hash.update(piece);
      yield piece;
    }
  }

  end(): string {
    return this.#hash.digest("hex");
  }
}

async function answerLeftOut(
  needs: Needs,
  flush: Flush,
  { verdict, datasetVersion }: Extract<FlushOutcome, { kind: "left_out" }>,
  contentHash: string,
): Promise<StreamFlushView> {
  if (verdict !== "recorded") throw refusal(flush, verdict, datasetVersion);
  const recorded = await getFlush(needs.database, flush.session.id, flush.flushId);
  invariant(recorded, "A flush that is recorded stays so while its session does");
  return answerRecorded(needs, flush, recorded, contentHash);
}

function refusal(
  { flushId, session, dataset }: Flush,
  verdict: Exclude<FlushVerdict, "decide" | "recorded">,
  datasetVersion: number | null,
): AppError {
  switch (verdict) {
    case "differs":
      return flushDiffers(flushId);
    case "ended":
    case "expired":
      return statusConflict(session.id, verdict);
    case "schema_modified":
      return schemaModified(dataset.schemaVersion, datasetVersion);
    case "overwritten":
      return new AppError("stream.overwrite_conflict", "The partition is being overwritten");
    case "too_many_partitions": {
      const limit = `${streamedPartitionsMax} partitions of a dataset streamed into at the same time`;
      const details = { limit, retryAfterSeconds: partitionsRetryAfterSeconds };
      return new AppError("session.flow_exceeded", limit, { details });
    }
  }
}

async function answerRecorded(
  needs: Needs,
  { flushId, dataset }: Flush,
  recorded: StoredFlush,
  contentHash: string,
): Promise<StreamFlushView> {
  if (recorded.contentHash !== contentHash) throw flushDiffers(flushId);
  return viewOf(needs, dataset, recorded);
}

function flushDiffers(flushId: string): AppError {
  return new AppError("stream.flush_differs", "Another pack", { details: { flushId } });
}

/** Waits until the rows are visible. Throws `stream.flush_pending` or `stream.flush_lost`. */
async function viewOf(
  { streams }: Pick<Needs, "streams">,
  { settings }: StoredDataset,
  { flushId, partition, rows, bytes, decidedAt, object }: StoredFlush,
): Promise<StreamFlushView> {
  const visibility = object
    ? await streams.watch.wait(object.commitId, visibleWaitMs)
    : { kind: "visible" as const, at: decidedAt };
  if (visibility.kind !== "visible") {
    const code = visibility.kind === "lost" ? "stream.flush_lost" : "stream.flush_pending";
    throw new AppError(code, "Decided and not visible", { details: { flushId } });
  }
  return {
    ...{ flushId, partition: specOfFolder(settings, partition), rows, bytes },
    ...{ objectId: object?.id ?? null, key: object?.key ?? null },
    decidedAt: decidedAt.toISOString(),
    visibleAt: visibility.at.toISOString(),
  };
}
