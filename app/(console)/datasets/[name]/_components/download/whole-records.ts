import { findHeaderEnd, RecordEnds } from "@/lib/core/import/record-ends";

/** Rows that came, and their bytes: only whole ones, so that a broken read is taken up at the next row. */
export type WholeRecords = { readonly bytes: Uint8Array<ArrayBuffer>; readonly rows: number };

/**
 * Takes one answer of rows piece by piece and gives what is whole of it. `isFirst`: a CSV's header goes
 * into the file; of later answers, that take up where another broke, it is left out.
 */
export class RecordCutter {
  readonly #ends: RecordEnds;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** Records that are no rows and have not come yet. */
  #headers: number;
  #dropsHeader: boolean;

  constructor(format: "csv" | "ndjson", isFirst: boolean) {
    this.#ends = new RecordEnds(format);
    this.#headers = format === "csv" ? 1 : 0;
    this.#dropsHeader = format === "csv" && !isFirst;
  }

  push(piece: Uint8Array<ArrayBuffer>): WholeRecords {
    const { records, lastEnd } = this.#ends.push(piece);
    if (records === 0) {
      this.#rest = joined(this.#rest, piece);
      return { bytes: new Uint8Array(), rows: 0 };
    }
    const whole = joined(this.#rest, piece.subarray(0, lastEnd));
    this.#rest = piece.slice(lastEnd);
    const rows = records - this.#headers;
    this.#headers = 0;
    return { bytes: this.#dropsHeader ? this.#withoutHeader(whole) : whole, rows };
  }

  #withoutHeader(whole: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#dropsHeader = false;
    return whole.subarray(findHeaderEnd(whole)?.bytes ?? 0);
  }
}

function joined(
  one: Uint8Array<ArrayBuffer>,
  other: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (one.byteLength === 0) return other;
  const both = new Uint8Array(one.byteLength + other.byteLength);
  both.set(one);
  both.set(other, one.byteLength);
  return both;
}
