import { createRequire } from "node:module";
import { invariant } from "@/lib/core/error";
import type { RowTarget } from "@/lib/core/ports/row-target";
import type { Compression, Encoding } from "@/lib/core/schema-mapping";
import { magic } from "./file-metadata";
import type { ParquetWriter, ParquetWriterOptions } from "./parquet-writer";
import { PlainWriter } from "./plain-writer";
import { ThriftWriter, thriftType } from "./thrift-compact";
import {
  readThriftStruct,
  type ThriftStruct,
  type ThriftValue,
  writeThriftField,
} from "./thrift-tree";

type ParquetWasm = typeof import("parquet-wasm");

/** Loaded when the first object needs it: most never do, and it takes 20 MB. */
let loaded: ParquetWasm | null = null;
function parquetWasm(): ParquetWasm {
  loaded ??= createRequire(import.meta.url)("parquet-wasm") as ParquetWasm;
  return loaded;
}

/** Re-encoding holds the event loop for as long as it takes, about 10 ms for each of these MiB. */
const rowGroupBytesMax = 8 * 1024 * 1024;
const footerEndBytes = 8;

/** FileMetaData, RowGroup, ColumnChunk and ColumnMetaData: the fields that are read or moved. */
const fileField = {
  version: 1,
  schema: 2,
  rows: 3,
  rowGroups: 4,
  keyValues: 5,
  createdBy: 6,
  orders: 7,
};
const groupField = { columns: 1, fileOffset: 5, ordinal: 7 };
const chunkField = { fileOffset: 2, metadata: 3, indexes: [4, 5, 6, 7] };
const placeFields = [9, 10, 11];

/**
 * The encoder of columns that are not PLAIN. Rows go through our PLAIN encoder, one row group at a time;
 * arrow-rs reads that and writes it again as asked, and its row group is moved into this object: its
 * bytes as they are, its metadata with offsets of here. Bounds are arrow-rs's; there are no page
 * indexes, because they hold offsets too.
 */
export class ReencodingWriter implements ParquetWriter {
  readonly #options: Required<ParquetWriterOptions>;
  readonly #plainOptions: Required<ParquetWriterOptions>;
  #plain: PlainWriter;
  /** Of the first row group written; all have the same. */
  #schema: ThriftValue | null = null;
  #orders: ThriftValue | null = null;
  readonly #rowGroups: ThriftValue[] = [];
  #closedRows = 0;
  #closed: Uint8Array[] = [magic];
  #untakenBytes = magic.length;
  #offset = magic.length;
  #plainBytes = 0;
  #finished = false;

  constructor(options: Required<ParquetWriterOptions>) {
    this.#options = options;
    this.#plainOptions = {
      ...options,
      compression: "uncompressed",
      keyValueMetadata: {},
      // Row groups are closed here: what the plain writer makes must be a single one.
      rowGroupBytesMax: Number.POSITIVE_INFINITY,
      rowGroupRowsMax: Number.POSITIVE_INFINITY,
    };
    this.#plain = new PlainWriter(this.#plainOptions);
  }

  putInt64(...put: Parameters<RowTarget["putInt64"]>): void {
    this.#plain.putInt64(...put);
  }

  putDouble(...put: Parameters<RowTarget["putDouble"]>): void {
    this.#plain.putDouble(...put);
  }

  putBoolean(...put: Parameters<RowTarget["putBoolean"]>): void {
    this.#plain.putBoolean(...put);
  }

  putBytes(...put: Parameters<RowTarget["putBytes"]>): void {
    this.#plain.putBytes(...put);
  }

  endRow(): void {
    this.#plain.endRow();
    const { rowGroupRowsMax } = this.#options;
    const bytesMax = Math.min(this.#options.rowGroupBytesMax, rowGroupBytesMax);
    if (this.#plain.rowCount >= rowGroupRowsMax || this.#plain.closedPageBytes >= bytesMax) {
      this.closeRowGroup();
    }
  }

  get rowCount(): number {
    return this.#closedRows + this.#plain.rowCount;
  }

  get bufferedBytes(): number {
    return this.#untakenBytes + this.#plain.bufferedBytes;
  }

  get estimatedBytes(): number {
    const ratio = this.#plainBytes === 0 ? 1 : this.#offset / this.#plainBytes;
    return this.#offset + Math.ceil(this.#plain.estimatedBytes * ratio);
  }

  takeClosed(): Uint8Array[] {
    const closed = this.#closed;
    this.#closed = [];
    this.#untakenBytes = 0;
    return closed;
  }

  closeRowGroup(): void {
    invariant(!this.#finished, "A finished Parquet object takes no more rows");
    if (this.#plain.rowCount > 0) this.#reencode();
  }

  finish(): Uint8Array[] {
    this.closeRowGroup();
    // The schema of an object without rows comes from arrow-rs too, so that all objects are alike.
    if (this.#schema === null) this.#reencode();
    this.#finished = true;
    const footer = this.#footer();
    const end = new Uint8Array(footerEndBytes);
    new DataView(end.buffer).setUint32(0, footer.length, true);
    end.set(magic, 4);
    this.#emit(footer);
    this.#emit(end);
    return this.takeClosed();
  }

  #reencode(): void {
    const rows = this.#plain.rowCount;
    const plain = Buffer.concat(this.#plain.finish());
    this.#plain = new PlainWriter(this.#plainOptions);
    const wasm = parquetWasm();
    const table = wasm.readParquet(plain, { batchSize: Math.max(1, rows) });
    // writeParquet frees both of its arguments.
    const written = wasm.writeParquet(table, this.#properties(wasm, rows));
    const footerAt = footerOffset(written);
    const metadata = readThriftStruct(written.subarray(footerAt, written.length - footerEndBytes));
    this.#schema ??= metadata.get(fileField.schema) ?? null;
    this.#orders ??= metadata.get(fileField.orders) ?? null;
    const groups = metadata.get(fileField.rowGroups);
    const elements = groups?.kind === "list" ? groups.elements : [];
    invariant(elements.length === (rows > 0 ? 1 : 0), "arrow-rs wrote one row group for one");
    const [group] = elements;
    if (group?.kind !== "struct") return;
    const moved = moveRowGroup(group.fields, this.#offset - magic.length, this.#rowGroups.length);
    this.#rowGroups.push(moved);
    this.#closedRows += rows;
    this.#plainBytes += plain.length;
    this.#emit(written.slice(magic.length, pagesEnd(group.fields)));
  }

  #properties(wasm: ParquetWasm, rows: number) {
    let builder = new wasm.WriterPropertiesBuilder()
      .setWriterVersion(wasm.WriterVersion.V1)
      .setCompression(wasm.Compression[compressionName[this.#options.compression]])
      .setDictionaryEnabled(false)
      .setMaxRowGroupSize(Math.max(1, rows))
      .setStatisticsEnabled(wasm.EnabledStatistics.Chunk);
    for (const { name, encoding } of this.#options.columns) {
      if (encoding === "PLAIN_DICTIONARY") {
        builder = builder.setColumnDictionaryEnabled(name, true);
      } else {
        builder = builder.setColumnEncoding(name, wasm.Encoding[encodingName[encoding]]);
      }
    }
    return builder.build();
  }

  #footer(): Uint8Array {
    const { keyValueMetadata, createdBy } = this.#options;
    const thrift = new ThriftWriter();
    thrift.int32(fileField.version, 1);
    if (this.#schema) writeThriftField(thrift, fileField.schema, this.#schema);
    thrift.int64(fileField.rows, this.#closedRows);
    writeThriftField(thrift, fileField.rowGroups, { kind: "list", elements: this.#rowGroups });
    thrift.list(
      fileField.keyValues,
      thriftType.struct,
      Object.entries(keyValueMetadata),
      ([key, value]) => {
        thrift.structElement(() => {
          thrift.string(1, key);
          thrift.string(2, value);
        });
      },
    );
    thrift.string(fileField.createdBy, createdBy);
    if (this.#orders) writeThriftField(thrift, fileField.orders, this.#orders);
    return thrift.finish();
  }

  #emit(bytes: Uint8Array): void {
    this.#closed.push(bytes);
    this.#untakenBytes += bytes.length;
    this.#offset += bytes.length;
  }
}

const compressionName = {
  uncompressed: "UNCOMPRESSED",
  snappy: "SNAPPY",
  zstd: "ZSTD",
} as const satisfies Record<Compression, string>;

const encodingName = {
  PLAIN: "PLAIN",
  DELTA_BINARY_PACKED: "DELTA_BINARY_PACKED",
  DELTA_LENGTH_BYTE_ARRAY: "DELTA_LENGTH_BYTE_ARRAY",
  DELTA_BYTE_ARRAY: "DELTA_BYTE_ARRAY",
} as const satisfies Record<Exclude<Encoding, "PLAIN_DICTIONARY">, string>;

function footerOffset(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return file.length - footerEndBytes - view.getUint32(file.length - footerEndBytes, true);
}

function columnChunks(group: ThriftStruct): ThriftStruct[] {
  const columns = group.get(groupField.columns);
  const elements = columns?.kind === "list" ? columns.elements : [];
  return elements.map((chunk) => {
    invariant(chunk.kind === "struct", "A column chunk is a struct");
    return chunk.fields;
  });
}

function metadataOf(chunk: ThriftStruct): ThriftStruct {
  const metadata = chunk.get(chunkField.metadata);
  invariant(metadata?.kind === "struct", "A column chunk has metadata");
  return metadata.fields;
}

/** Where the group's last page ends; page indexes may follow. */
function pagesEnd(group: ThriftStruct): number {
  const ends = columnChunks(group).map((chunk) => {
    const metadata = metadataOf(chunk);
    const places = placeFields.map((id) => numberAt(metadata, id)).filter((place) => place > 0);
    const totalCompressedSize = 7;
    return Math.min(...places) + numberAt(metadata, totalCompressedSize);
  });
  return Math.max(...ends);
}

/** The same row group `distance` bytes further on, as number `ordinal`, without page indexes. */
function moveRowGroup(group: ThriftStruct, distance: number, ordinal: number): ThriftValue {
  const elements = columnChunks(group).map((chunk): ThriftValue => {
    const metadata = new Map(metadataOf(chunk));
    for (const id of placeFields) moveField(metadata, id, distance);
    const moved = new Map(chunk);
    moved.set(chunkField.metadata, { kind: "struct", fields: metadata });
    moveField(moved, chunkField.fileOffset, distance);
    for (const id of chunkField.indexes) moved.delete(id);
    return { kind: "struct", fields: moved };
  });
  const fields = new Map(group);
  fields.set(groupField.columns, { kind: "list", elements });
  moveField(fields, groupField.fileOffset, distance);
  if (ordinal < 0x8000) fields.set(groupField.ordinal, { kind: "int16", value: ordinal });
  else fields.delete(groupField.ordinal);
  return { kind: "struct", fields };
}

function moveField(fields: ThriftStruct, id: number, distance: number): void {
  const value = fields.get(id);
  // Zero stands for "not told".
  if (value?.kind !== "int64" || value.value === 0) return;
  fields.set(id, { kind: "int64", value: value.value + distance });
}

function numberAt(fields: ThriftStruct, id: number): number {
  const value = fields.get(id);
  return value?.kind === "int64" ? value.value : 0;
}
