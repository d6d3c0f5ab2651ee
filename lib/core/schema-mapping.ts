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
