import { invariant } from "@/lib/core/error";
import type { RowTarget } from "@/lib/core/ports/row-target";
import {
  buildTail,
  type ClosedChunk,
  magic,
  metadataBytesOf,
  type RowGroup,
} from "./file-metadata";
import type { ParquetWriter, ParquetWriterOptions } from "./parquet-writer";
import { PlainWriter } from "./plain-writer";
import { reencode } from "./reencode";
import { ThriftWriter } from "./thrift-compact";
import { readThriftStruct, type ThriftStruct, writeThriftFields } from "./thrift-tree";
import { Turns } from "./turns";
import { allocateUnzeroed } from "./unzeroed";

/** arrow-rs holds a row group several times over while it works on it. */
const rowGroupBytesMax = 8 * 1024 * 1024;
const footerEndBytes = 8;

/** FileMetaData, RowGroup, ColumnChunk, ColumnMetaData, OffsetIndex: the fields that are read or moved. */
const fileField = { rowGroups: 4 };
const groupField = { columns: 1, uncompressedBytes: 2 };
const chunkField = { metadata: 3, offsetIndex: 4, columnIndex: 6 };
const metadataField = { totalCompressedSize: 7 };
const placeFields = [9, 10, 11];
const offsetIndexField = { pages: 1, pageOffset: 1 };

/**
 * The encoder of columns that are not PLAIN. Rows go through our PLAIN encoder, one row group at a time;
 * arrow-rs reads that and writes it again as asked, in another thread, and its row group is moved into
 * this object: its bytes as they are, its metadata and page indexes with offsets of here. Bounds are
 * arrow-rs's.
 */
export class ReencodingWriter implements ParquetWriter {
  readonly #options: Required<ParquetWriterOptions>;
  readonly #plainOptions: Required<ParquetWriterOptions>;
  #plain: PlainWriter;
  readonly #rowGroups: RowGroup[] = [];
  #closedRows = 0;
  #closed: Uint8Array[] = [magic];
  #untakenBytes = magic.length;
  #metadataBytes = 0;
  #offset = magic.length;
  #plainBytes = 0;
  #finished = false;

  constructor(options: Required<ParquetWriterOptions>) {
    this.#options = options;
    this.#plainOptions = { ...options, compression: "uncompressed", keyValueMetadata: {} };
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
  }

  get isRowGroupFull(): boolean {
    return this.#plain.isRowGroupFull || this.#plain.closedPageBytes >= rowGroupBytesMax;
  }

  get rowCount(): number {
    return this.#closedRows + this.#plain.rowCount;
  }

  get bufferedBytes(): number {
    return this.#untakenBytes + this.#plain.bufferedBytes + this.#metadataBytes;
  }

  get closedBytes(): number {
    return this.#untakenBytes;
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

  async closeRowGroup(): Promise<void> {
    invariant(!this.#finished, "A finished Parquet object takes no more rows");
    const rows = this.#plain.rowCount;
    if (rows === 0) return;
    const plain = await join(await this.#plain.finish());
    const plainBytes = plain.length;
    this.#plain = new PlainWriter(this.#plainOptions);
    const { compression, columns } = this.#options;
    const written = await reencode({ plain, rows, compression, columns });
    const group = readRowGroup(written);
    const moved = moveRowGroup(written, group, rows, this.#offset);
    for (const chunk of moved.chunks) this.#metadataBytes += metadataBytesOf(chunk);
    this.#rowGroups.push(moved);
    this.#closedRows += rows;
    this.#plainBytes += plainBytes;
    this.#emit(written.subarray(magic.length, pagesEnd(group)));
  }

  async finish(keyValueMetadata: Readonly<Record<string, string>> = {}): Promise<Uint8Array[]> {
    await this.closeRowGroup();
    this.#finished = true;
    const { columns, createdBy } = this.#options;
    const file = {
      ...{ columns, createdBy, rowGroups: this.#rowGroups },
      keyValueMetadata: { ...this.#options.keyValueMetadata, ...keyValueMetadata },
    };
    for (const part of await buildTail(file, this.#offset)) this.#emit(part);
    return this.takeClosed();
  }

  trim(): void {
    this.#plain.trim();
  }

  #emit(bytes: Uint8Array): void {
    this.#closed.push(bytes);
    this.#untakenBytes += bytes.length;
    this.#offset += bytes.length;
  }
}

/** In memory of its own, which can go to the thread. */
async function join(parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const whole = allocateUnzeroed(parts.reduce((bytes, part) => bytes + part.length, 0));
  const turns = new Turns();
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
    await turns.spend(part.length);
  }
  return whole;
}

/** The one row group of an object that arrow-rs wrote. */
function readRowGroup(file: Uint8Array): ThriftStruct {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = file.length - footerEndBytes;
  const footer = readThriftStruct(file.subarray(end - view.getUint32(end, true), end));
  const [group, ...others] = structsAt(footer, fileField.rowGroups);
  invariant(group && others.length === 0, "arrow-rs wrote one row group for one");
  return group;
}

/** Where the group's last page ends; page indexes may follow. */
function pagesEnd(group: ThriftStruct): number {
  const ends = structsAt(group, groupField.columns).map((chunk) => {
    const metadata = structAt(chunk, chunkField.metadata);
    return startOf(metadata) + numberAt(metadata, metadataField.totalCompressedSize);
  });
  return Math.max(...ends);
}

/** The row group as it is when its first page stands at `offset`. */
function moveRowGroup(
  file: Uint8Array,
  group: ThriftStruct,
  rows: number,
  offset: number,
): RowGroup {
  const distance = offset - magic.length;
  const chunks = structsAt(group, groupField.columns).map((chunk): ClosedChunk => {
    const metadata = new Map(structAt(chunk, chunkField.metadata));
    for (const id of placeFields) moveField(metadata, id, distance);
    const columnIndex = bytesAt(file, chunk, chunkField.columnIndex);
    const offsetIndex = bytesAt(file, chunk, chunkField.offsetIndex);
    return {
      offset: startOf(metadata),
      metadata: bytesOf(metadata),
      columnIndex: columnIndex?.slice() ?? null,
      offsetIndex: offsetIndex && moveOffsetIndex(offsetIndex, distance),
    };
  });
  return {
    ...{ rows, offset, chunks },
    bytes: pagesEnd(group) - magic.length,
    uncompressedBytes: numberAt(group, groupField.uncompressedBytes),
  };
}

function moveOffsetIndex(bytes: Uint8Array, distance: number): Uint8Array {
  const index = readThriftStruct(bytes);
  const elements = structsAt(index, offsetIndexField.pages).map((page) => {
    const fields = new Map(page);
    moveField(fields, offsetIndexField.pageOffset, distance);
    return { kind: "struct", fields } as const;
  });
  return bytesOf(new Map(index).set(offsetIndexField.pages, { kind: "list", elements }));
}

/** What stands at the offset in field `id`, as many bytes as the field after it says; null: nothing. */
function bytesAt(file: Uint8Array, chunk: ThriftStruct, id: number): Uint8Array | null {
  const start = numberAt(chunk, id);
  return start === 0 ? null : file.subarray(start, start + numberAt(chunk, id + 1));
}

function bytesOf(fields: ThriftStruct): Uint8Array {
  const thrift = new ThriftWriter();
  writeThriftFields(thrift, fields);
  return thrift.finish();
}

function startOf(metadata: ThriftStruct): number {
  const places = placeFields.map((id) => numberAt(metadata, id));
  return Math.min(...places.filter((place) => place > 0));
}

function moveField(fields: ThriftStruct, id: number, distance: number): void {
  const value = fields.get(id);
  // Zero stands for "not told".
  if (value?.kind !== "int64" || value.value === 0) return;
  fields.set(id, { kind: "int64", value: value.value + distance });
}

function structsAt(fields: ThriftStruct, id: number): ThriftStruct[] {
  const list = fields.get(id);
  invariant(list?.kind === "list", "Parquet's metadata has a list there");
  return list.elements.map((element) => {
    invariant(element.kind === "struct", "Parquet's metadata has a list of structs there");
    return element.fields;
  });
}

function structAt(fields: ThriftStruct, id: number): ThriftStruct {
  const value = fields.get(id);
  invariant(value?.kind === "struct", "Parquet's metadata has a struct there");
  return value.fields;
}

function numberAt(fields: ThriftStruct, id: number): number {
  const value = fields.get(id);
  return value?.kind === "int64" || value?.kind === "int32" ? value.value : 0;
}
