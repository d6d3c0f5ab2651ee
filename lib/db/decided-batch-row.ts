import type { DecidedBatch, DecidedObject, SealReason } from "@/lib/core/ports/ledger";
import type { UploadedPart } from "@/lib/core/ports/object-store";
import { Prisma } from "./generated/client";

/** Columns of `batch b` and `delivered_object o` that a decided batch is made of. */
export const batchColumns = Prisma.sql`
  b.number, b.start_checkpoint, b.end_checkpoint, b.finished, b.schema_version, b.sealed_by,
  b.records, b.rows, b.deletes_ignored, b.dirty_records, b.dirty_values, b.unmapped_values,
  b.last_written_at`;
export const objectColumns = Prisma.sql`
  o.id, o.batch_number, o.kind, o.location, o.bucket, o.key, o.partition, o.stem, o.sequence, o.rows,
  o.bytes, o.crc32, o.upload_id, o.parts`;

export type BatchRow = {
  readonly number: bigint;
  readonly start_checkpoint: string;
  readonly end_checkpoint: string;
  readonly finished: boolean;
  readonly schema_version: number;
  readonly sealed_by: SealReason;
  readonly records: bigint;
  readonly rows: bigint;
  readonly deletes_ignored: bigint;
  readonly dirty_records: bigint;
  readonly dirty_values: bigint;
  readonly unmapped_values: bigint;
  readonly last_written_at: Date | null;
};

export type ObjectRow = {
  readonly id: string;
  readonly batch_number: bigint;
  readonly kind: "rows" | "dirty";
  readonly location: string;
  readonly bucket: string;
  readonly key: string;
  readonly partition: string;
  readonly stem: string;
  readonly sequence: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly crc32: string;
  readonly upload_id: string;
  readonly parts: readonly UploadedPart[];
};

/** With those of the objects that are the batch's. */
export function batchFromRow(row: BatchRow, objects: readonly ObjectRow[]): DecidedBatch {
  return {
    number: Number(row.number),
    startCheckpoint: row.start_checkpoint,
    endCheckpoint: row.end_checkpoint,
    finished: row.finished,
    schemaVersion: row.schema_version,
    sealedBy: row.sealed_by,
    counts: {
      records: Number(row.records),
      rows: Number(row.rows),
      deletesIgnored: Number(row.deletes_ignored),
      dirtyRecords: Number(row.dirty_records),
      dirtyValues: Number(row.dirty_values),
      unmappedValues: Number(row.unmapped_values),
      lastWrittenAtMs: row.last_written_at?.getTime() ?? 0,
    },
    objects: objects.filter((object) => object.batch_number === row.number).map(objectFromRow),
  };
}

function objectFromRow(row: ObjectRow): DecidedObject {
  return {
    objectId: row.id,
    kind: row.kind,
    location: row.location,
    bucket: row.bucket,
    key: row.key,
    partition: row.partition,
    stem: row.stem,
    sequence: Number(row.sequence),
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    crc32: row.crc32,
    uploadId: row.upload_id,
    parts: row.parts,
  };
}
