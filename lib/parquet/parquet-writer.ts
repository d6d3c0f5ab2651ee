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

/**
 * How large things may grow. Read again at each decision, so that an owner of many writers may change
 * them while rows come.
 */
export type WriterLimits = {
  /** Uncompressed bytes of a page's values; only a single longer value makes a longer page. */
  readonly pageBytesMax: number;
  /** A row group is full when its finished pages hold this much. */
  readonly rowGroupBytesMax: number;
  readonly rowGroupRowsMax: number;
};

export type ParquetWriterOptions = {
  /** At least one, names unique. All are nullable. */
  readonly columns: readonly ParquetColumn[];
  readonly compression: Compression;
  /** Goes into the footer. */
  readonly keyValueMetadata: Readonly<Record<string, string>>;
  /** `<application> version <version>`: readers parse it to work around writers' faults. */
  readonly createdBy?: string;
  readonly limits?: WriterLimits;
};

/**
 * Writes one Parquet object, of which it only ever gives bytes. Putting rows is synchronous; closing
 * row groups is not, because it would hold the event loop, and its owner has to await it before the
 * next row. Nothing closes by itself. No rows after `finish`.
 */
export type ParquetWriter = RowTarget & {
  readonly rowCount: number;
  /** Memory held now: pages with their slack, finished bytes that nobody took, and what the end needs. */
  readonly bufferedBytes: number;
  /** Finished bytes that nobody took. */
  readonly closedBytes: number;
  /** Size of the object, were it finished now. Open pages count with the compression seen so far. */
  readonly estimatedBytes: number;
  /** It is time to close the row group; checked as often as its size matters. */
  readonly isRowGroupFull: boolean;
  /** Bytes of closed row groups in file order, each given once: they may be uploaded while rows go on. */
  takeClosed(): Uint8Array[];
  /** Ends the open row group, if it has rows. */
  closeRowGroup(): Promise<void>;
  /**
   * The bytes that `takeClosed` has not given yet, to the end of the object. No rows is fine. What is
   * only known at the end may be added to the footer.
   */
  finish(keyValueMetadata?: Readonly<Record<string, string>>): Promise<Uint8Array[]>;
  /** Gives back memory of open pages beyond the limits, which may have come down. */
  trim(): void;
};

const pageBytesMax = 256 * 1024;
const pageBytesMin = 8 * 1024;
/** Open pages of all columns, as long as nobody sets a limit: what closing a row group has to copy. */
const openBytesMax = 4 * 1024 * 1024;
const createdByDefault = "culvert version 0.1.0";

export function defaultLimits(columns: number): WriterLimits {
  const share = Math.max(pageBytesMin, Math.floor(openBytesMax / columns));
  return {
    pageBytesMax: Math.min(pageBytesMax, share),
    rowGroupBytesMax: 16 * 1024 * 1024,
    rowGroupRowsMax: 1024 * 1024,
  };
}

export function createParquetWriter(options: ParquetWriterOptions): ParquetWriter {
  const { columns } = options;
  invariant(columns.length > 0, "A Parquet object needs a column");
  const names = new Set(columns.map((column) => column.name));
  invariant(names.size === columns.length, "Column names of a Parquet object must differ");
  const Writer = columns.every(({ encoding }) => encoding === "PLAIN")
    ? PlainWriter
    : ReencodingWriter;
  return new Writer({
    createdBy: createdByDefault,
    limits: defaultLimits(columns.length),
    ...options,
  });
}
