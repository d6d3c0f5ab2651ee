import type { ColumnType } from "./record";

/** Parquet types a column may become, by their documented names (reference: Data type mappings). */
export type ParquetType = "BOOLEAN" | "INT64" | "DOUBLE" | "UTF8" | "BINARY";

/** The documented encodings; PLAIN is the default. */
export type Encoding =
  | "PLAIN"
  | "PLAIN_DICTIONARY"
  | "DELTA_BINARY_PACKED"
  | "DELTA_LENGTH_BYTE_ARRAY"
  | "DELTA_BYTE_ARRAY";

export type Compression = "uncompressed" | "snappy" | "zstd";

/** One source column → one Parquet column. Order in the mapping is order in the object. */
export type MappedColumn = {
  readonly source: string;
  readonly name: string;
  readonly type: ParquetType;
  readonly encoding: Encoding;
};

/** Optional columns that let a reader rebuild state from changes. */
export type MetadataColumn = "_action" | "_written_at" | "_sequence";

/** Names that no mapped column may have, in any case: a task may ask for the metadata columns later. */
export const reservedNames: readonly MetadataColumn[] = ["_action", "_written_at", "_sequence"];

/** Columns of one mapping at most. */
export const mappedColumnsMax = 1024;

/** Bytes of a Parquet column's name at most, in UTF-8: the bound that table columns have. */
export const columnNameBytesMax = 255;

/**
 * One version of a task's schema mapping. `auto` grows by unseen columns; a `manual` one leaves
 * others out and counts them as unmapped.
 */
export type SchemaMapping = {
  readonly kind: "auto" | "manual";
  /** From 1; a new version starts at a batch border. */
  readonly version: number;
  readonly columns: readonly MappedColumn[];
  readonly metadataColumns: readonly MetadataColumn[];
};

/** The Parquet type a source type becomes by the documented table; binary only when asked by hand. */
export const parquetTypeOf: Readonly<Record<ColumnType, ParquetType>> = {
  boolean: "BOOLEAN",
  integer: "INT64",
  double: "DOUBLE",
  string: "UTF8",
  binary: "BINARY",
};

/** The source type whose values a Parquet type takes; any other value is dirty (`type_mismatch`). */
export const columnTypeOf: Readonly<Record<ParquetType, ColumnType>> = {
  BOOLEAN: "boolean",
  INT64: "integer",
  DOUBLE: "double",
  UTF8: "string",
  BINARY: "binary",
};

const stringEncodings: readonly Encoding[] = [
  "PLAIN",
  "PLAIN_DICTIONARY",
  "DELTA_LENGTH_BYTE_ARRAY",
  "DELTA_BYTE_ARRAY",
];

/** The encodings that Parquet defines for each type, among the documented ones. */
export const encodingsOf: Readonly<Record<ParquetType, readonly Encoding[]>> = {
  BOOLEAN: ["PLAIN"],
  INT64: ["PLAIN", "PLAIN_DICTIONARY", "DELTA_BINARY_PACKED"],
  DOUBLE: ["PLAIN", "PLAIN_DICTIONARY"],
  UTF8: stringEncodings,
  BINARY: stringEncodings,
};
