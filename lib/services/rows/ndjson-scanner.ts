import type { DatasetColumn } from "@/lib/core/dataset";
import { findLoneSurrogate } from "@/lib/core/utf8";
import type { CellValue, RowSink } from "./row-sink";

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Sums of so many digits are exact as doubles, and one division by a power of ten rounds correctly. */
const exactDigitsMax = 15;
/** What stands behind a backslash, and the byte that it means. */
const unescaped = new Uint8Array(256);
for (const [index, letter] of [...'"\\/bfnrt'].entries()) {
  unescaped[letter.charCodeAt(0)] = '"\\/\b\f\n\r\t'.charCodeAt(index);
}
/** All numbers of so many digits are 64-bit integers. */
const safeInt64DigitsMax = 18;
const powersOfTen = Array.from({ length: exactDigitsMax + 1 }, (_, power) => 10 ** power);
const doublePattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in a string
const plainNamePattern = /^[^"\\\u0000-\u001f]*$/;
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export type ScannedLine =
  | "row"
  /** Nothing but white space. */
  | "blank"
  /** Nothing was put: somebody who takes more time has to say what it is, or what is wrong with it. */
  | "unusual";

/**
 * Reads lines of NDJSON from their bytes, which are known to be UTF-8: what most lines hold, and nothing
 * that would have to be explained. Values go to the sink only when the whole line is understood.
 */
export class NdjsonScanner {
  readonly #sink: RowSink;
  readonly #columns: readonly DatasetColumn[];
  /** Null: a name that JSON spells with escapes. */
  readonly #names: readonly (Uint8Array | null)[];
  readonly #indexes: ReadonlyMap<string, number>;
  /** The number of the last line that named each column. */
  readonly #seen: Float64Array;
  #lines = 0;
  #bytes: Uint8Array = new Uint8Array();
  /** The same memory. */
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  readonly #cellColumns: number[] = [];
  readonly #cells: CellValue[] = [];
  #cellCount = 0;

  constructor(sink: RowSink) {
    this.#sink = sink;
    this.#columns = sink.columns;
    this.#names = sink.columns.map(({ name }) =>
      plainNamePattern.test(name) ? Buffer.from(name) : null,
    );
    this.#indexes = new Map(
      this.#names.flatMap((name, index) =>
        name === null ? [] : [[Buffer.from(name).toString("latin1"), index] as const],
      ),
    );
    this.#seen = new Float64Array(sink.columns.length);
  }

  scan(bytes: Uint8Array, start: number, end: number): ScannedLine {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#at = start;
    this.#end = end;
    this.#lines += 1;
    this.#cellCount = 0;
    this.#skipSpace();
    if (this.#at === end) return "blank";
    if (!this.#readObject()) return "unusual";
    for (let cell = 0; cell < this.#cellCount; cell += 1) {
      this.#sink.put(this.#cellColumns[cell] as number, this.#cells[cell] as CellValue);
    }
    this.#sink.endRow();
    return "row";
  }

  #readObject(): boolean {
    if (!this.#take(openBrace)) return false;
    this.#skipSpace();
    if (!this.#take(closeBrace)) {
      for (let guess = 0; ; guess += 1) {
        const column = this.#readName(guess);
        if (column === -1) return false;
        guess = column;
        this.#skipSpace();
        if (!this.#take(colon)) return false;
        this.#skipSpace();
        if (!this.#readValue(column)) return false;
        this.#skipSpace();
        if (this.#take(closeBrace)) break;
        if (!this.#take(comma)) return false;
        this.#skipSpace();
      }
    }
    this.#skipSpace();
    return this.#at === this.#end;
  }

  /** The column that is named here, once a line; -1 for anything else. Most come in the schema's order. */
  #readName(guess: number): number {
    if (!this.#take(quote)) return -1;
    const guessed = this.#names[guess];
    let column = -1;
    if (guessed && this.#stands(guessed) && this.#bytes[this.#at + guessed.length] === quote) {
      column = guess;
      this.#at += guessed.length + 1;
    } else {
      const start = this.#at;
      const end = this.#bytes.indexOf(quote, start);
      if (end === -1 || end >= this.#end) return -1;
      column = this.#indexes.get(this.#latin1(start, end)) ?? -1;
      this.#at = end + 1;
    }
    if (column === -1 || this.#seen[column] === this.#lines) return -1;
    this.#seen[column] = this.#lines;
    return column;
  }

  #readValue(column: number): boolean {
    if (this.#bytes[this.#at] === 0x6e) return this.#takeWord("null");
    switch (this.#columns[column]?.type) {
      case "INT64":
        return this.#readInteger(column);
      case "DOUBLE":
        return this.#readDouble(column);
      case "BOOLEAN":
        if (this.#takeWord("true")) return this.#keep(column, true);
        return this.#takeWord("false") && this.#keep(column, false);
      case "UTF8":
        return this.#readText(column);
      case "BINARY":
        return this.#readBinary(column);
      default:
        return false;
    }
  }

  #readInteger(column: number): boolean {
    const start = this.#at;
    const isNegative = this.#take(minus);
    const first = this.#at;
    const digits = this.#skipDigits();
    if (digits === 0 || digits > safeInt64DigitsMax || this.#continuesNumber()) return false;
    if (this.#bytes[first] === zero && (digits > 1 || isNegative)) return false;
    return this.#keep(
      column,
      digits <= exactDigitsMax
        ? this.#digitsAt(first, this.#at) * (isNegative ? -1 : 1)
        : BigInt(this.#latin1(start, this.#at)),
    );
  }

  #readDouble(column: number): boolean {
    const start = this.#at;
    const isNegative = this.#take(minus);
    const first = this.#at;
    const whole = this.#skipDigits();
    if (whole === 0 || (whole > 1 && this.#bytes[first] === zero)) return false;
    let fraction = 0;
    if (this.#take(point)) {
      fraction = this.#skipDigits();
      if (fraction === 0) return false;
    }
    if (whole + fraction <= exactDigitsMax && !this.#continuesNumber()) {
      const digits = this.#digitsAt(first, this.#at) / (powersOfTen[fraction] as number);
      return this.#keep(column, isNegative ? -digits : digits);
    }
    while (this.#at < this.#end && this.#continuesNumber()) this.#at += 1;
    const text = this.#latin1(start, this.#at);
    const value = Number(text);
    return doublePattern.test(text) && Number.isFinite(value) && this.#keep(column, value);
  }

  #readText(column: number): boolean {
    if (!this.#take(quote)) return false;
    const start = this.#at;
    const plainEnd = this.#skipPlain();
    if (this.#bytes[plainEnd] === quote && plainEnd < this.#end) {
      this.#at = plainEnd + 1;
      return this.#keep(column, this.#bytes.subarray(start, plainEnd));
    }
    return this.#bytes[plainEnd] === backslash && this.#readEscaped(column, start, plainEnd);
  }

  /** From the first backslash on. */
  #readEscaped(column: number, start: number, from: number): boolean {
    let end = from;
    while (end < this.#end && this.#bytes[end] !== quote) {
      end += this.#bytes[end] === backslash ? 2 : 1;
    }
    if (end >= this.#end) return false;
    this.#at = end + 1;
    const text = Buffer.allocUnsafe(end - start);
    this.#buffer.copy(text, 0, start, from);
    let length = from - start;
    for (let at = from; at < end; at += 1) {
      let byte = this.#bytes[at] as number;
      if (byte < 0x20) return false;
      if (byte === backslash) {
        at += 1;
        byte = unescaped[this.#bytes[at] as number] as number;
        if (byte === 0) return this.#readUnicode(column, start, end);
      }
      text[length] = byte;
      length += 1;
    }
    return this.#keep(column, text.subarray(0, length));
  }

  /** JSON.parse knows what escapes by number mean, and what is no escape. */
  #readUnicode(column: number, start: number, end: number): boolean {
    let text: string;
    try {
      text = JSON.parse(this.#buffer.toString("utf8", start - 1, end + 1)) as string;
    } catch {
      return false;
    }
    return findLoneSurrogate(text) < 0 && this.#keep(column, Buffer.from(text));
  }

  #readBinary(column: number): boolean {
    if (!this.#take(quote)) return false;
    const start = this.#at;
    const end = this.#skipPlain();
    if (end >= this.#end || this.#bytes[end] !== quote) return false;
    this.#at = end + 1;
    const text = this.#latin1(start, end);
    return base64Pattern.test(text) && this.#keep(column, Buffer.from(text, "base64"));
  }

  #keep(column: number, value: CellValue): true {
    this.#cellColumns[this.#cellCount] = column;
    this.#cells[this.#cellCount] = value;
    this.#cellCount += 1;
    return true;
  }

  /** Where characters that stand for themselves end. */
  #skipPlain(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    for (; at < this.#end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === quote || byte === backslash || byte < 0x20) break;
    }
    return at;
  }

  #skipDigits(): number {
    const start = this.#at;
    for (; this.#at < this.#end; this.#at += 1) {
      const byte = this.#bytes[this.#at] as number;
      if (byte < zero || byte > nine) break;
    }
    return this.#at - start;
  }

  /** At most 15 digits, with or without a point between them. */
  #digitsAt(start: number, end: number): number {
    let value = 0;
    for (let at = start; at < end; at += 1) {
      const byte = this.#bytes[at] as number;
      if (byte !== point) value = value * 10 + byte - zero;
    }
    return value;
  }

  /** Whether more of a number stands here: a digit, a sign, a point or an exponent. */
  #continuesNumber(): boolean {
    if (this.#at >= this.#end) return false;
    const byte = this.#bytes[this.#at] as number;
    const isDigit = byte >= zero && byte <= nine;
    return isDigit || byte === point || byte === minus || byte === 0x2b || (byte | 0x20) === 0x65;
  }

  #skipSpace(): void {
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) break;
      this.#at += 1;
    }
  }

  #take(byte: number): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #takeWord(word: string): boolean {
    if (this.#at + word.length > this.#end) return false;
    for (let index = 0; index < word.length; index += 1) {
      if (this.#bytes[this.#at + index] !== word.charCodeAt(index)) return false;
    }
    this.#at += word.length;
    return true;
  }

  #stands(name: Uint8Array): boolean {
    if (this.#at + name.length >= this.#end) return false;
    for (let index = 0; index < name.length; index += 1) {
      if (this.#bytes[this.#at + index] !== name[index]) return false;
    }
    return true;
  }

  #latin1(start: number, end: number): string {
    return this.#buffer.toString("latin1", start, end);
  }
}
