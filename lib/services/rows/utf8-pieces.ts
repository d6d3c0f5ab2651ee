import { isUtf8 } from "node:buffer";
import type { RowProblems } from "./row-problems";

const lineFeed = 10;

/**
 * Cuts a stream of bytes into pieces that are whole UTF-8 characters, and stops at the first byte that
 * belongs to none, naming its line: a value that is not UTF-8 would make readers refuse a whole object.
 */
export class Utf8Pieces {
  readonly #problems: RowProblems;
  #rest: Uint8Array = new Uint8Array();
  #line = 1;
  /** Bytes of the line at hand that were given before. */
  #lineBytes = 0;

  constructor(problems: RowProblems) {
    this.#problems = problems;
  }

  push(piece: Uint8Array): Uint8Array {
    const bytes = this.#rest.byteLength === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const end = bytes.byteLength - unfinishedBytes(bytes);
    this.#rest = bytes.slice(end);
    return this.#take(bytes.subarray(0, end));
  }

  end(): Uint8Array {
    return this.#take(this.#rest);
  }

  #take(bytes: Uint8Array): Uint8Array {
    if (!isUtf8(bytes)) this.#refuse(bytes);
    for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) {
      this.#line += 1;
    }
    const last = bytes.lastIndexOf(lineFeed);
    this.#lineBytes =
      last === -1 ? this.#lineBytes + bytes.byteLength : bytes.byteLength - last - 1;
    return bytes;
  }

  #refuse(bytes: Uint8Array): void {
    let line = this.#line;
    let before = this.#lineBytes;
    for (let start = 0; start < bytes.byteLength; ) {
      const found = bytes.indexOf(lineFeed, start);
      const end = found === -1 ? bytes.byteLength : found + 1;
      const text = bytes.subarray(start, end);
      if (!isUtf8(text)) {
        const at = before + firstBrokenByte(text) + 1;
        const message = `Byte ${at} of the line belongs to no character of UTF-8.`;
        this.#problems.add({ line, column: null, message });
        this.#problems.throwIfAny();
      }
      line += 1;
      before = 0;
      start = end;
    }
  }
}

/** Bytes at the end that begin a character whose other bytes are still to come. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.byteLength); back += 1) {
    const byte = bytes[bytes.byteLength - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

function firstBrokenByte(text: Uint8Array): number {
  let [whole, broken] = [0, text.byteLength];
  while (broken - whole > 1) {
    const middle = (whole + broken) >> 1;
    const cut = text.subarray(0, middle);
    if (isUtf8(cut.subarray(0, middle - unfinishedBytes(cut)))) whole = middle;
    else broken = middle;
  }
  return whole;
}
