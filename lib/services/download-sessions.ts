import { randomUUID } from "node:crypto";
import {
  type DownloadRowsQuery,
  type DownloadSessionView,
  downloadSessionBodySchema,
} from "@/lib/contracts/download-session-body";
import { parseInput } from "@/lib/contracts/field-problems";
import { rowFormats } from "@/lib/contracts/upload-session-body";
import type { DatasetColumn } from "@/lib/core/dataset";
import { chooseColumns, readRange, sliceObjects } from "@/lib/core/download-range";
import { AppError } from "@/lib/core/error";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { sessionLifetimeMs } from "@/lib/core/upload-session";
import type { Database } from "@/lib/db/client";
import type { CataloguedDataset } from "@/lib/db/dataset-catalogue";
import {
  type DownloadObject,
  createDownloadSession as insertSession,
  listDownloadObjects,
  type StoredDownloadSession,
  getDownloadSession as selectSession,
} from "@/lib/db/download-sessions";
import { ownerOf } from "./dataset-lists";
import { schemaOf } from "./datasets";
import { findDataset } from "./find-dataset";
import { isUuid, statusConflict } from "./find-session";
import { findDestination } from "./find-stored";
import { readObjectRows } from "./rows/read-object-rows";
import { writeCsv, writeNdjson, writeParquet } from "./rows/write-rows";
import type { ServiceDependencies } from "./service-dependencies";
import { partitionNamed } from "./upload-sessions";
import type { WriteGate } from "./write-gate";

type Needs = Pick<ServiceDependencies, "database" | "connections" | "now"> & {
  readonly reads: WriteGate;
};

/** Keeps a snapshot of what is visible now. */
export async function createDownloadSession(
  { database, now, reads }: Pick<Needs, "database" | "now" | "reads">,
  name: string,
  input: unknown,
): Promise<DownloadSessionView> {
  const { partition } = parseInput(downloadSessionBodySchema, input);
  const found = await findDataset(database, name);
  const owner = ownerOf(found);
  reads.count("download_session", owner.id);
  const id = randomUUID();
  const { columns, partitionColumns } = schemaOf(found);
  await insertSession(database, {
    ...{ id, owner, destinationId: found.dataset.settings.destinationId },
    partition: partition === undefined ? null : folderNamed(found, partition),
    ...{ columns, partitionColumns, lifetimeMs: sessionLifetimeMs },
  });
  return getDownloadSession({ database, now }, name, id);
}

function folderNamed(found: CataloguedDataset, partition: string): string {
  return found.origin === "dataset" ? partitionNamed(found.dataset, partition).folder : partition;
}

export async function getDownloadSession(
  { database, now }: Pick<Needs, "database" | "now">,
  name: string,
  id: string,
): Promise<DownloadSessionView> {
  const session = await findSession(database, name, id);
  return {
    ...{ id, dataset: name, partition: session.partition },
    status: isExpired(session, now()) ? "expired" : "normal",
    ...{ rows: session.rows, objects: session.objects },
    columns: session.columns.map((column) => ({ name: column.name, type: column.type })),
    partitionColumns: [...session.partitionColumns],
    createdAt: session.createdAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
  };
}

async function findSession(
  database: Database,
  name: string,
  id: string,
): Promise<StoredDownloadSession> {
  const owner = ownerOf(await findDataset(database, name));
  const session = isUuid(id) ? await selectSession(database, owner.id, id) : null;
  if (session) return session;
  throw new AppError("session.download_not_found", "No such download", { details: { id } });
}

function isExpired({ expiresAt }: StoredDownloadSession, nowMs: number): boolean {
  return nowMs >= expiresAt.getTime();
}

/** Rows on their way out; the stream fails, and with it the connection, when an object cannot be read. */
export type OutgoingRows = {
  readonly body: ReadableStream<Uint8Array>;
  readonly contentType: string;
  readonly rows: number;
};

/**
 * Rows [from, from + count) of the snapshot, read as they are taken. Throws `session.row_range_invalid`,
 * `session.columns_invalid`, or `session.table_modified` when an overwrite took away some of them.
 */
export async function readDownloadRows(
  needs: Needs,
  place: { readonly name: string; readonly id: string },
  query: DownloadRowsQuery,
): Promise<OutgoingRows> {
  const session = await findSession(needs.database, place.name, place.id);
  if (isExpired(session, needs.now())) throw statusConflict(place.id, "expired");
  const range = readRange(session.rows, query.from, query.count ?? null);
  if (range.kind === "invalid") {
    const details = { rows: session.rows };
    throw new AppError("session.row_range_invalid", "No such rows", { details });
  }
  const columns = columnsOf(session, query);
  const objects = await listDownloadObjects(needs.database, { sessionId: place.id, ...range });
  if (objects.some(({ isReplaced }) => isReplaced)) {
    throw new AppError("session.table_modified", "Overwritten since the snapshot");
  }
  const destination = await findDestination(needs.database, session.destinationId);
  const release = needs.reads.takeSlot();
  const store = needs.connections.openStore(destination);
  const slices = sliceObjects(objects, range.from, range.to);
  const rows = readSlices(store, slices, columns);
  const write = { ndjson: writeNdjson, csv: writeCsv, parquet: writeParquet }[query.format];
  const body = streamOf(write(columns, rows), () => {
    store.close();
    release();
  });
  return { body, contentType: rowFormats[query.format], rows: range.to - range.from };
}

type Chosen = DatasetColumn & { readonly isPartition: boolean };

function columnsOf(session: StoredDownloadSession, query: DownloadRowsQuery): readonly Chosen[] {
  const names = query.columns === undefined ? null : query.columns.split(",");
  const chosen = chooseColumns(session, names);
  const refuse = (reason: string) =>
    new AppError("session.columns_invalid", reason, { details: { reason } });
  if (chosen.kind === "invalid") throw refuse(chosen.reason);
  if (query.format === "csv" && chosen.columns.length === 1) {
    throw refuse("A CSV of one column cannot tell null from an empty line: choose two, or NDJSON.");
  }
  return chosen.columns;
}

async function* readSlices(
  store: ObjectStore,
  slices: ReturnType<typeof sliceObjects<DownloadObject>>,
  columns: readonly Chosen[],
): AsyncGenerator<(readonly unknown[])[]> {
  const names = columns.flatMap(({ name, isPartition }) => (isPartition ? [] : [name]));
  for (const { object, from, to } of slices) {
    const folders = partitionValues(object.partition);
    const file = {
      byteLength: object.bytes,
      slice: (start: number, end = object.bytes) => readBytes(store, object.key, start, end),
    };
    for await (const some of readObjectRows(file, names, { from, to })) {
      yield names.length === columns.length
        ? some
        : some.map((row) => withFolders(row, columns, folders));
    }
  }
}

function withFolders(
  row: readonly unknown[],
  columns: readonly Chosen[],
  folders: ReadonlyMap<string, Uint8Array>,
): unknown[] {
  let at = 0;
  return columns.map(({ name, isPartition }) => (isPartition ? folders.get(name) : row[at++]));
}

/** The values of `name=value` folders. */
function partitionValues(folder: string): ReadonlyMap<string, Uint8Array> {
  return new Map(
    folder.split("/").flatMap((level) => {
      const at = level.indexOf("=");
      return at > 0 ? [[level.slice(0, at), Buffer.from(level.slice(at + 1))] as const] : [];
    }),
  );
}

async function readBytes(
  store: ObjectStore,
  key: string,
  start: number,
  end: number,
): Promise<ArrayBuffer> {
  const bytes = await store.read(key, { start, end });
  if (bytes?.byteLength !== end - start) {
    throw new AppError("session.data_gone", "An object is gone", { details: { key } });
  }
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

/** Pulled by whoever reads; `ended` is called once, however it ends. */
function streamOf(
  pieces: AsyncGenerator<Uint8Array>,
  ended: () => void,
): ReadableStream<Uint8Array> {
  let isOpen = true;
  const end = () => {
    if (isOpen) ended();
    isOpen = false;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        end();
        controller.close();
      } catch (thrown) {
        end();
        controller.error(thrown);
      }
    },
    async cancel() {
      await pieces.return(undefined);
      end();
    },
  });
}
