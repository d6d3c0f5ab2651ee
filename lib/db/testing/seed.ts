import { randomUUID } from "node:crypto";
import type { DecidedBatch, DecidedObject } from "@/lib/core/ports/ledger";
import type { RecordCounts } from "@/lib/core/ports/table-source";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskSettings } from "@/lib/core/task";
import type { Database } from "../client";
import { createDestination, getDestination } from "../destinations";
import { createSource, getSource } from "../sources";
import { createTask, type StoredTask } from "../tasks";

/** Settings that could be a person's, with defaults for all that a test does not care about. */
export function taskSettings(settings: Partial<TaskSettings> = {}): TaskSettings {
  return {
    name: `task-${randomUUID().slice(0, 8)}`,
    sourceId: "embedded",
    table: "orders",
    destinationId: "embedded",
    prefix: "orders/year=$yyyy",
    mode: "differential",
    timeZone: "UTC",
    eventTime: null,
    schema: { kind: "auto" },
    flush: { seconds: 120, bytes: 134_217_728 },
    dirtyPrefix: "_dirty/orders",
    compression: "snappy",
    objectSuffix: ".parquet",
    metadataColumns: [],
    ...settings,
  };
}

export const schemaVersionOne: SchemaMapping = {
  kind: "auto",
  version: 1,
  columns: [{ source: "id", name: "id", type: "INT64", encoding: "PLAIN" }],
  metadataColumns: [],
};

/** The source and the destination that seeded tasks name. */
export async function seedPlaces(database: Database): Promise<void> {
  if ((await getSource(database, "embedded")) === null) {
    await createSource(database, {
      id: "embedded",
      name: "Embedded table store",
      kind: "tablestore",
      endpoint: "http://127.0.0.1:8087",
      instance: "culvert",
      accessKeyId: "key",
      secret: "v1.ciphertext",
    });
  }
  if ((await getDestination(database, "embedded")) === null) {
    await createDestination(database, {
      id: "embedded",
      name: "Embedded object store",
      endpoint: "http://127.0.0.1:9000",
      region: "us-east-1",
      bucket: "culvert-demo",
      accessKeyId: "key",
      secret: "v1.ciphertext",
      forcePathStyle: true,
    });
  }
}

export async function seedTask(
  database: Database,
  settings: Partial<TaskSettings> = {},
): Promise<StoredTask> {
  await seedPlaces(database);
  const id = randomUUID();
  return createTask(database, {
    id,
    settings: taskSettings(settings),
    tunnelName: `culvert-${id}`,
    tunnelId: `tunnel-${id}`,
    schema: schemaVersionOne,
  });
}

export function recordCounts(counts: Partial<RecordCounts> = {}): RecordCounts {
  const rows = counts.rows ?? 0;
  const deletesIgnored = counts.deletesIgnored ?? 0;
  const dirtyRecords = counts.dirtyRecords ?? 0;
  return {
    records: rows + deletesIgnored + dirtyRecords,
    rows,
    deletesIgnored,
    dirtyRecords,
    dirtyValues: 0,
    unmappedValues: 0,
    lastWrittenAtMs: 0,
    ...counts,
  };
}

export function decidedObject(object: Partial<DecidedObject> = {}): DecidedObject {
  const objectId = object.objectId ?? randomUUID();
  const stem = object.stem ?? `orders/year=2026/task_0_orders_year=2026__`;
  const sequence = object.sequence ?? 1;
  return {
    objectId,
    kind: "rows",
    location: "http://127.0.0.1:9000",
    bucket: "culvert-demo",
    key: `${stem}${sequence}`,
    partition: "orders/year=2026",
    stem,
    sequence,
    rows: 10,
    bytes: 1_000,
    crc32: "0badcafe",
    uploadId: `upload-${objectId}`,
    parts: [{ partNumber: 1, etag: '"etag"' }],
    ...object,
  };
}

/** Batch `number` from the position that batch `number - 1` of this function ends at. */
export function decidedBatch(number: number, batch: Partial<DecidedBatch> = {}): DecidedBatch {
  const objects = batch.objects ?? [];
  const rows = objects.reduce((sum, o) => sum + (o.kind === "rows" ? o.rows : 0), 0);
  return {
    number,
    startCheckpoint: `position-${number - 1}`,
    endCheckpoint: `position-${number}`,
    finished: false,
    schemaVersion: 1,
    sealedBy: "age",
    counts: recordCounts({ rows }),
    objects,
    ...batch,
  };
}
