/**
 * A cell's value. `malformed-string` is a string attribute whose bytes are not UTF-8: the wire
 * allows it, no JavaScript string can hold it, and whoever stores or forwards it must keep the
 * bytes. The last three have no data: range ends, and the key column that the server numbers.
 */
export type PlainValue =
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "malformed-string"; readonly value: Uint8Array }
  | { readonly type: "binary"; readonly value: Uint8Array }
  | { readonly type: "inf-min" }
  | { readonly type: "inf-max" }
  | { readonly type: "auto-increment" };

export type CellOperation = "delete-all-versions" | "delete-one-version" | "increment";

/** A named value; primary key cells always have a value and never an operation. */
export type PlainCell = {
  readonly name: string;
  readonly value: PlainValue | null;
  readonly operation: CellOperation | null;
  /** Version of the cell, epoch ms. */
  readonly timestampMs: bigint | null;
};

/** Position of a change in its channel; base data has none. The timestamp is in microseconds. */
export type SequenceInfo = {
  readonly epoch: number;
  readonly timestampUs: bigint;
  readonly rowIndex: number;
};

export type PlainRow = {
  /** In schema order. */
  readonly primaryKey: readonly PlainCell[];
  readonly attributes: readonly PlainCell[];
  readonly deleteMarker: boolean;
  readonly extension: SequenceInfo | null;
};

/** Bytes that are not PlainBuffer, or a row that PlainBuffer cannot carry. */
export class PlainBufferError extends Error {
  override readonly name = "PlainBufferError";
  /** Where in the bytes the trouble was noticed; null when a row was refused for encoding. */
  readonly offset: number | null;

  constructor(message: string, offset: number | null) {
    super(offset === null ? message : `${message} at byte ${offset}`);
    this.offset = offset;
  }
}
