import { invariant } from "@/lib/core/error";
import type { ParquetType } from "@/lib/core/schema-mapping";
import { BytesColumn } from "./bytes-column";
import type { Column, ColumnContext } from "./column";
import { buildTail, magic, type RowGroup } from "./file-metadata";
import { BooleanColumn, DoubleColumn, Int64Column } from "./fixed-columns";
import { type PageCompressor, pageCompressor } from "./page-compression";
import type { ParquetWriter, ParquetWriterOptions } from "./parquet-writer";

/** Footer and indexes per column and row group, roughly; only estimates use it. */
const metadataBytesPerChunk = 200;

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
  /** Where the next row group will stand. */
  #offset = magic.length;
  #finished = false;

  constructor(options: Required<ParquetWriterOptions>) {
    this.#options = options;
    this.#compressor = pageCompressor(options.compression);
    this.#context = { compressor: this.#compressor, closedBytes: 0 };
    this.#columns = options.columns.map(({ type }) =>
      createColumn(type, this.#context, options.pageBytesMax),
    );
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
    if (
      this.#row >= this.#options.rowGroupRowsMax ||
      this.#context.closedBytes >= this.#options.rowGroupBytesMax
    ) {
      this.closeRowGroup();
    }
  }

  get rowCount(): number {
    return this.#closedRows + this.#row;
  }

  /** Bytes of finished pages in the open row group. */
  get closedPageBytes(): number {
    return this.#context.closedBytes;
  }

  get bufferedBytes(): number {
    let bytes = this.#untakenBytes + this.#context.closedBytes;
    for (const column of this.#columns) bytes += column.bufferBytes;
    return bytes;
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

  closeRowGroup(): void {
    invariant(!this.#finished, "A finished Parquet object takes no more rows");
    const rows = this.#row;
    if (rows === 0) return;
    const chunks = this.#columns.map((column) => {
      const pages = column.finishRowGroup(rows).map(({ bytes, ...page }) => {
        const placed = { ...page, offset: this.#offset, bytes: bytes.length };
        this.#emit(bytes);
        return placed;
      });
      return { pages, order: column.order };
    });
    this.#rowGroups.push({ rows, chunks });
    this.#context.closedBytes = 0;
    this.#closedRows += rows;
    this.#row = 0;
  }

  finish(): Uint8Array[] {
    this.closeRowGroup();
    this.#finished = true;
    const { columns, keyValueMetadata, createdBy } = this.#options;
    const file = {
      columns,
      codec: this.#compressor.codec,
      rowGroups: this.#rowGroups,
      keyValueMetadata,
      createdBy,
    };
    for (const part of buildTail(file, this.#offset)) this.#emit(part);
    return this.takeClosed();
  }

  #emit(bytes: Uint8Array): void {
    this.#closed.push(bytes);
    this.#untakenBytes += bytes.length;
    this.#offset += bytes.length;
  }
}

function createColumn(type: ParquetType, context: ColumnContext, pageBytesMax: number): Column {
  switch (type) {
    case "BOOLEAN":
      return new BooleanColumn(context, pageBytesMax);
    case "INT64":
      return new Int64Column(context, pageBytesMax);
    case "DOUBLE":
      return new DoubleColumn(context, pageBytesMax);
    case "UTF8":
      return new BytesColumn(context, pageBytesMax, true);
    case "BINARY":
      return new BytesColumn(context, pageBytesMax, false);
  }
}
