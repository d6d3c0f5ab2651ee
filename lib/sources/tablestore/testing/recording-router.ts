import type { EventTimeCell, RowRouter, RowTarget } from "@/lib/core/ports/row-target";
import type { DirtyValue } from "@/lib/core/record";

export type RecordedValue = bigint | number | boolean | string;

export type RecordedRow = {
  readonly writtenAtMs: number;
  readonly eventTime: EventTimeCell | null | undefined;
  /** By column number. INT64 is bigint, doubles are their 8 bytes in hex, bytes are hex. */
  readonly values: Map<number, RecordedValue>;
};

/** Keeps what a decoder sends as objects, to compare with what it should have sent. */
export class RecordingRouter implements RowRouter, RowTarget {
  readonly rows: RecordedRow[] = [];
  readonly dirty: DirtyValue[] = [];
  #open: RecordedRow | null = null;

  route(writtenAtMs: number, eventTime: EventTimeCell | null | undefined): RowTarget {
    if (this.#open) throw new Error("A row was routed before the last one ended");
    this.#open = { writtenAtMs, eventTime, values: new Map() };
    return this;
  }

  dirtyValue(describe: () => DirtyValue): void {
    this.dirty.push(describe());
  }

  putInt64(column: number, source: DataView, offset: number): void {
    this.#put(column, source.getBigInt64(offset, true));
  }

  putDouble(column: number, source: DataView, offset: number): void {
    this.#put(column, hexOf(source, offset, offset + 8));
  }

  putBoolean(column: number, value: boolean): void {
    this.#put(column, value);
  }

  putBytes(column: number, source: DataView, start: number, end: number): void {
    this.#put(column, hexOf(source, start, end));
  }

  endRow(): void {
    if (!this.#open) throw new Error("A row ended that was not routed");
    this.rows.push(this.#open);
    this.#open = null;
  }

  #put(column: number, value: RecordedValue): void {
    if (!this.#open) throw new Error("A value outside of a row");
    if (this.#open.values.has(column)) throw new Error("A column was put twice");
    this.#open.values.set(column, value);
  }
}

export function hexOf(source: DataView, start: number, end: number): string {
  if (start < 0 || end > source.byteLength) throw new Error("Out of bounds");
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString("hex");
}
