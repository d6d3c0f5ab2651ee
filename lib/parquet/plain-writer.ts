import { invariant } from "@/lib/core/error";
import type { ParquetType } from "@/lib/core/schema-mapping";
import { BytesColumn } from "./bytes-column";
import type { Column, ColumnContext } from "./column";
import {
  buildTail,
  type ClosedChunk,
  closeChunk,
  magic,
  metadataBytesOf,
  type PlacedPage,
  type RowGroup,
} from "./file-metadata";
import { BooleanColumn, DoubleColumn, Int64Column } from "./fixed-columns";
import { type PageCompressor, pageCompressor } from "./page-compression";
import type { ParquetWriter, ParquetWriterOptions } from "./parquet-writer";
import { Turns } from "./turns";

/** Footer and indexes per column and row group, roughly; only estimates use it. */
const metadataBytesPerChunk = 200;
/** What a finished page and a closed chunk take in memory beside their bytes, roughly. */
const pageOverheadBytes = 700;
const chunkOverheadBytes = 400;

/**
 * The encoder of PLAIN columns: values go straight into the page they will be read from, and a page
 * is copied once, when it closes.
 */
export class PlainWriter implements ParquetWriter {
  readonly #options: Required<ParquetWriterOptions>;
  readonly #compressor: PageCompressor;
  readonly #context: ColumnContext;
  readonly #columns: readonly Column[];
  readonly #rowGroups: RowGroup[] = [];
  /** Rows of the open row group. */
  #row = 0;
  #closedRows = 0;
  #closed: Uint8Array[] = [magic];
  #untakenBytes = magic.length;
  /** Kept of closed row groups until the object ends. */
  #metadataBytes = 0;
  /** Where the next row group will stand. */
  #offset = magic.length;
  #finished = false;

  constructor(options: Required<ParquetWriterOptions>) {
    this.#options = options;
    this.#compressor = pageCompressor(options.compression);
    let columns = 0;
    this.#context = {
      nextPhase: () => ++columns / options.columns.length,
      compressor: this.#compressor,
      limits: options.limits,
      closedBytes: 0,
      closedPages: 0,
      bufferBytes: 0,
    };
    this.#columns = options.columns.map(({ type }) => createColumn(type, this.#context));
  }

  putInt64(column: number, source: DataView, offset: number): void {
    (this.#columns[column] as Int64Column).put(this.#row, source, offset);
  }

  putDouble(column: number, source: DataView, offset: number): void {
    (this.#columns[column] as DoubleColumn).put(this.#row, source, offset);
  }

  putBoolean(column: number, value: boolean): void {
    (this.#columns[column] as BooleanColumn).put(this.#row, value);
  }

  putBytes(column: number, source: DataView, start: number, end: number): void {
    (this.#columns[column] as BytesColumn).put(this.#row, source, start, end);
  }

  endRow(): void {
    this.#row++;
  }

  get isRowGroupFull(): boolean {
    const { rowGroupRowsMax, rowGroupBytesMax } = this.#options.limits;
    return this.#row >= rowGroupRowsMax || this.#context.closedBytes >= rowGroupBytesMax;
  }

  get rowCount(): number {
    return this.#closedRows + this.#row;
  }

  /** Bytes of finished pages in the open row group. */
  get closedPageBytes(): number {
    return this.#context.closedBytes;
  }

  get closedBytes(): number {
    return this.#untakenBytes;
  }

  get bufferedBytes(): number {
    const { closedBytes, closedPages, bufferBytes } = this.#context;
    const pages = closedBytes + closedPages * pageOverheadBytes;
    return this.#untakenBytes + pages + bufferBytes + this.#metadataBytes;
  }

  get estimatedBytes(): number {
    let open = 0;
    for (const column of this.#columns) open += column.estimatedOpenBytes;
    const chunks = (this.#rowGroups.length + 1) * this.#columns.length;
    return this.#offset + this.#context.closedBytes + open + chunks * metadataBytesPerChunk;
  }

  takeClosed(): Uint8Array[] {
    const closed = this.#closed;
    this.#closed = [];
    this.#untakenBytes = 0;
    return closed;
  }

  async closeRowGroup(): Promise<void> {
    invariant(!this.#finished, "A finished Parquet object takes no more rows");
    const rows = this.#row;
    if (rows === 0) return;
    const offset = this.#offset;
    const chunks: ClosedChunk[] = [];
    const turns = new Turns();
    let uncompressedBytes = 0;
    for (const [index, column] of this.#columns.entries()) {
      const before = uncompressedBytes;
      const pages = column.finishRowGroup(rows).map(({ bytes, ...page }) => {
        const placed = { ...page, offset: this.#offset, bytes: bytes.length };
        uncompressedBytes += page.uncompressedBytes;
        this.#emit(bytes);
        return placed;
      });
      chunks.push(this.#closeChunk(index, column, pages));
      await turns.spend(uncompressedBytes - before, pages.length);
    }
    this.#rowGroups.push({
      ...{ rows, offset, chunks, uncompressedBytes },
      bytes: this.#offset - offset,
    });
    this.#context.closedBytes = 0;
    this.#context.closedPages = 0;
    this.#closedRows += rows;
    this.#row = 0;
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
    for (const column of this.#columns) column.trim();
  }

  #closeChunk(index: number, { order }: Column, pages: readonly PlacedPage[]): ClosedChunk {
    const column = this.#options.columns[index];
    invariant(column, "Each column of the object has its writer");
    const chunk = closeChunk({ column, codec: this.#compressor.codec, pages, order });
    this.#metadataBytes += chunkOverheadBytes + metadataBytesOf(chunk);
    return chunk;
  }

  #emit(bytes: Uint8Array): void {
    this.#closed.push(bytes);
    this.#untakenBytes += bytes.length;
    this.#offset += bytes.length;
  }
}

function createColumn(type: ParquetType, context: ColumnContext): Column {
  switch (type) {
    case "BOOLEAN":
      return new BooleanColumn(context);
    case "INT64":
      return new Int64Column(context);
    case "DOUBLE":
      return new DoubleColumn(context);
    case "UTF8":
      return new BytesColumn(context, true);
    case "BINARY":
      return new BytesColumn(context, false);
  }
}
