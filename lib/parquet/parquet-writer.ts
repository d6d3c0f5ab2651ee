import { invariant } from "@/lib/core/error";
import type { RowTarget } from "@/lib/core/ports/row-target";
import type { Compression, Encoding, ParquetType } from "@/lib/core/schema-mapping";
import { PlainWriter } from "./plain-writer";
import { ReencodingWriter } from "./reencoding-writer";

export type ParquetColumn = {
  readonly name: string;
  readonly type: ParquetType;
  readonly encoding: Encoding;
};

export type ParquetWriterOptions = {
  /** At least one, names unique. All are nullable. */
  readonly columns: readonly ParquetColumn[];
  readonly compression: Compression;
  /** Goes into the footer. */
  readonly keyValueMetadata: Readonly<Record<string, string>>;
  /** `<application> version <version>`: readers parse it to work around writers' faults. */
  readonly createdBy?: string;
  /** Uncompressed bytes of a page's values; only a single longer value makes a longer page. */
  readonly pageBytesMax?: number;
  /** A row group closes when its finished pages hold this much. */
  readonly rowGroupBytesMax?: number;
  readonly rowGroupRowsMax?: number;
};

/**
 * Writes one Parquet object, of which it only ever gives bytes. Everything is synchronous. Rows may
 * be put after `takeClosed` and `closeRowGroup`, not after `finish`.
 */
export type ParquetWriter = RowTarget & {
  readonly rowCount: number;
  /** Memory held now: open pages with their slack, and finished bytes that nobody took. */
  readonly bufferedBytes: number;
  /** Size of the object, were it finished now. Open pages count with the compression seen so far. */
  readonly estimatedBytes: number;
  /** Bytes of closed row groups in file order, each given once: they may be uploaded while rows go on. */
  takeClosed(): Uint8Array[];
  /** Ends the open row group, if it has rows. */
  closeRowGroup(): void;
  /** The bytes that `takeClosed` has not given yet, to the end of the object. No rows is fine. */
  finish(): Uint8Array[];
};

const pageBytesMaxDefault = 256 * 1024;
const pageBytesMin = 8 * 1024;
/** Closing a row group compresses all open pages at once: this much takes about 10 ms. */
const openBytesMax = 4 * 1024 * 1024;
const rowGroupBytesMaxDefault = 32 * 1024 * 1024;
const rowGroupRowsMaxDefault = 1024 * 1024;
const createdByDefault = "culvert version 0.1.0";

export function createParquetWriter(options: ParquetWriterOptions): ParquetWriter {
  const { columns } = options;
  invariant(columns.length > 0, "A Parquet object needs a column");
  const names = new Set(columns.map((column) => column.name));
  invariant(names.size === columns.length, "Column names of a Parquet object must differ");
  const share = Math.max(pageBytesMin, Math.floor(openBytesMax / columns.length));
  const Writer = columns.every(({ encoding }) => encoding === "PLAIN")
    ? PlainWriter
    : ReencodingWriter;
  return new Writer({
    columns,
    compression: options.compression,
    keyValueMetadata: options.keyValueMetadata,
    createdBy: options.createdBy ?? createdByDefault,
    pageBytesMax: options.pageBytesMax ?? Math.min(pageBytesMaxDefault, share),
    rowGroupBytesMax: options.rowGroupBytesMax ?? rowGroupBytesMaxDefault,
    rowGroupRowsMax: options.rowGroupRowsMax ?? rowGroupRowsMaxDefault,
  });
}
