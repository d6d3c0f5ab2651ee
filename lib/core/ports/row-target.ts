import type { DirtyValue } from "../record";

/**
 * Takes the values of one row at a time, as the bytes that PLAIN encoding wants anyway, so that the
 * way from a channel's bytes to a column page is a copy. `source` is a view because a copy by words,
 * whatever their alignment, is five times as fast as one by bytes, and making a view per value would
 * cost more than the copy. Columns are numbered as in the Parquet schema. A column not put before
 * `endRow` is null. Each column is put at most once a row.
 */
export interface RowTarget {
  /** 8 bytes little-endian at `offset`. */
  putInt64(column: number, source: DataView, offset: number): void;
  /** 8 bytes IEEE 754 little-endian at `offset`. */
  putDouble(column: number, source: DataView, offset: number): void;
  putBoolean(column: number, value: boolean): void;
  /** source[start, end), already known to be valid UTF-8 where the column is a string. */
  putBytes(column: number, source: DataView, start: number, end: number): void;
  endRow(): void;
}

/** The raw value of the event-time column of one row; `type` decides how it is read. */
export type EventTimeCell =
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number };

/** Where the record of the row at hand lies; only to be asked while `route` runs. */
export interface RecordPlace {
  describePlace(): Pick<DirtyValue, "key" | "position">;
}

/** Where decoded rows go. The decoder calls `route` once a row, then the target's puts, then endRow. */
export interface RowRouter {
  /**
   * Chooses the row's partition. `writtenAtMs` is the record's write time (a base-data row's newest
   * cell timestamp). `eventTime` is undefined when the task has no event-time column, null when the
   * row has no usable value there. `place` is for the account of a row without one.
   */
  route(
    writtenAtMs: number,
    eventTime: EventTimeCell | null | undefined,
    place: RecordPlace,
  ): RowTarget;
  /** One dirty value; `describe` builds its human rendering and is only called while samples are kept. */
  dirtyValue(describe: () => DirtyValue): void;
}
