/** The five value types of a table (reference: Tablestore data model). */
export type ColumnType = "boolean" | "integer" | "double" | "string" | "binary";

/** Why a value could not become what the schema mapping asks. Bounded: used as a metric label. */
export type DirtyReason =
  | "type_mismatch"
  | "invalid_utf8"
  | "event_time_missing"
  | "event_time_unreadable"
  | "record_corrupt";

/**
 * One dirty value as people see it. `column` is null when the whole record could not be read;
 * `value` is a rendering cut to `valueCharactersMax`, never the full value.
 */
export type DirtyValue = {
  readonly column: string | null;
  readonly reason: DirtyReason;
  readonly expected: string | null;
  readonly actual: string | null;
  readonly value: string | null;
  /** The record's primary key as JSON, so that the row can be found again; null when unreadable. */
  readonly key: string | null;
  /** The record's place in its channel (`epoch:timestamp:rowIndex`, hex); null for base data and when unreadable. */
  readonly position: string | null;
};

export const dirtyValueCharactersMax = 256;

/** One primary key or attribute column of a source table, as the source describes it. */
export type TableColumn = { readonly name: string; readonly type: ColumnType };

/** A source table's shape. Defined columns are optional declarations; rows may hold others. */
export type TableDescription = {
  readonly name: string;
  readonly primaryKey: readonly TableColumn[];
  readonly definedColumns: readonly TableColumn[];
  /** Hours the stream keeps changes, or null when the stream is off. */
  readonly streamExpirationHours: number | null;
};

/** A row as people look at it (preview, samples). Never on the hot path. */
export type SampleRow = { readonly cells: readonly SampleCell[] };
export type SampleCell = {
  readonly name: string;
  readonly type: ColumnType;
  /** Integers as decimal text (they exceed 2^53), binary as base64. */
  readonly value: string | number | boolean;
};
