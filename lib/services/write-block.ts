import { randomUUID } from "node:crypto";
import path from "node:path";
import {
  type RowFormatName,
  rowFormats,
  type UploadBlockView,
} from "@/lib/contracts/upload-session-body";
import { uploadObjectKey } from "@/lib/core/dataset";
import { AppError } from "@/lib/core/error";
import { blocksMax, uploadSessionStatus } from "@/lib/core/upload-session";
import { saveBlock } from "@/lib/db/upload-blocks";
import type { Clock } from "@/lib/platform/clock";
import { withStore } from "./connections";
import { type FoundSession, findUploadSession, statusConflict } from "./find-session";
import { findDestination } from "./find-stored";
import { readBody } from "./rows/read-body";
import { readCsvRows } from "./rows/read-csv-rows";
import { readNdjsonRows } from "./rows/read-ndjson-rows";
import { readParquetRows } from "./rows/read-parquet-rows";
import type { RowSink } from "./rows/row-sink";
import { spoolBody } from "./rows/spool-body";
import type { ServiceDependencies } from "./service-dependencies";
import { giveUpUpload, StagedObject, type StagedRows } from "./stage-rows";
import { uploadLogOf } from "./upload-log";
import { blockView } from "./upload-sessions";
import type { WriteGate } from "./write-gate";

type Needs = Pick<ServiceDependencies, "database" | "connections" | "now"> & {
  readonly writes: WriteGate;
  readonly clock: Pick<Clock, "sleep">;
  /** Where Parquet lies while it is read. */
  readonly home: string;
};

/** Documented: a block may have 100 GB, and is cut when nothing comes for 120 s. */
const blockBytesMax = 100 * 1024 ** 3;
const stallMs = 120_000;
/** Lies on the console's disk while it is read. */
const parquetBytesMax = 8 * 1024 ** 3;

export type BlockPlace = { readonly name: string; readonly id: string; readonly block: string };

/** Rows as they come in a request. */
export type IncomingRows = {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly contentType: string | null;
  readonly contentLength: string | null;
};

/**
 * Takes a block's rows while they come, as Parquet that nobody sees. The block is there once all of it
 * is: what breaks off, stalls or cannot be read leaves what the block held before. Written again, the
 * last whole one counts.
 */
export async function writeUploadBlock(
  needs: Needs,
  place: BlockPlace,
  rows: IncomingRows,
): Promise<UploadBlockView> {
  const blockId = readBlockId(place.block);
  const format = formatOf(rows.contentType);
  const found = await findUploadSession(needs.database, place.name, place.id);
  const status = uploadSessionStatus(found.session.facts, needs.now());
  if (status !== "normal") throw statusConflict(place.id, status);
  needs.writes.count("block", found.dataset.id);
  return needs.writes.inSlot(() => stageBlock(needs, found, { blockId, format, rows }));
}

function readBlockId(text: string): number {
  const blockId = /^\d{1,6}$/.test(text) ? Number(text) : blocksMax;
  if (blockId < blocksMax) return blockId;
  const details = { block: text.slice(0, 20), max: blocksMax - 1 };
  throw new AppError("session.block_id_invalid", "No such block", { details });
}

function formatOf(contentType: string | null): RowFormatName {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  for (const name of ["parquet", "ndjson", "csv"] as const) {
    if (rowFormats[name] === type) return name;
  }
  throw new AppError("session.format_unknown", "No format of rows", { details: { type } });
}

type Block = {
  readonly blockId: number;
  readonly format: RowFormatName;
  readonly rows: IncomingRows;
};

async function stageBlock(
  needs: Needs,
  { dataset, session }: FoundSession,
  { blockId, format, rows }: Block,
): Promise<UploadBlockView> {
  const { database } = needs;
  const destination = await findDestination(database, dataset.settings.destinationId);
  return withStore(needs.connections, destination, async (store) => {
    const log = uploadLogOf(database, destination);
    const place = { dataset: dataset.settings.name, sessionId: session.id, blockId };
    const staging = new StagedObject({
      ...{ store, log, objectId: randomUUID() },
      key: uploadObjectKey(session.partition, place),
      columns: dataset.settings.columns,
      compression: dataset.settings.compression,
    });
    const staged = await readRows(needs, format, rows, staging)
      .then(() => staging.finish())
      .catch(async (thrown: unknown) => {
        await staging.giveUp();
        throw thrown;
      });
    const block = { blockId, format, ...staged };
    const saved = await saveOrGiveUp(database, session.id, block, () =>
      giveUpUpload({ store, log }, staged),
    );
    if (saved.replaced) await giveUpUpload({ store, log }, saved.replaced);
    return blockView({ ...block, completedAt: new Date(needs.now()) });
  });
}

/** While nobody knows whether it was saved, the upload stays: a block may name it. */
async function saveOrGiveUp(
  database: Needs["database"],
  sessionId: string,
  block: Parameters<typeof saveBlock>[2] & StagedRows,
  giveUp: () => Promise<void>,
) {
  const saved = await saveBlock(database, sessionId, block);
  if (saved.kind === "saved") return saved;
  await giveUp();
  throw statusConflict(sessionId, "committed, aborted or expired");
}

async function readRows(
  needs: Needs,
  format: RowFormatName,
  rows: IncomingRows,
  sink: RowSink,
): Promise<void> {
  const { clock } = needs;
  const promised = rows.contentLength === null ? null : Number(rows.contentLength);
  const bytesMax = format === "parquet" ? parquetBytesMax : blockBytesMax;
  const body = readBody(rows.body, { clock, stallMs, bytesMax, bytesPromised: promised });
  if (format === "csv") return readCsvRows(body, sink);
  if (format === "ndjson") return readNdjsonRows(body, sink);
  const { file, bytes, close } = await spoolBody(body, path.join(needs.home, "spool"));
  try {
    await readParquetRows(
      {
        byteLength: bytes,
        slice: async (start, end = bytes) => {
          const buffer = new ArrayBuffer(end - start);
          await file.read(new Uint8Array(buffer), 0, end - start, start);
          return buffer;
        },
      },
      sink,
    );
  } finally {
    await close();
  }
}
