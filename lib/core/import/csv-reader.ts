import { LineCutter, lineCharactersMax } from "./text-lines";

/** One record of a CSV file. A field is null when nothing stands there, and "" for a quoted nothing. */
export type CsvRecord =
  | {
      readonly kind: "record";
      readonly line: number;
      readonly fields: readonly (string | null)[];
    }
  | { readonly kind: "broken"; readonly line: number; readonly message: string };

/** A quoted field's text may go on over line ends, but a forgotten quote must not eat the whole file. */
const recordLinesMax = 1_000;

/**
 * Reads CSV (RFC 4180) piece by piece: comma, double quotes, doubled quotes inside, a byte order mark
 * and empty lines skipped. A record that is broken is told and reading goes on at the next line.
 */
export class CsvReader {
  readonly #cutter = new LineCutter();
  #open: { line: number; text: string; lines: number } | null = null;
  #isFirst = true;

  push(piece: string): CsvRecord[] {
    return this.#cutter.push(piece).flatMap(({ line, text }) => this.#take(line, text));
  }

  end(): CsvRecord[] {
    const records = this.#cutter.end().flatMap(({ line, text }) => this.#take(line, text));
    if (this.#open === null) return records;
    const broken = brokenQuote(this.#open.line);
    this.#open = null;
    return [...records, broken];
  }

  #take(line: number, given: string): CsvRecord[] {
    const text = this.#isFirst ? given.replace(/^\ufeff/, "") : given;
    this.#isFirst = false;
    const before = this.#open;
    if (before === null && text.trim() === "") return [];
    const start = before?.line ?? line;
    const whole = before === null ? text : `${before.text}\n${text}`;
    if (whole.length > lineCharactersMax) {
      this.#open = null;
      return [{ kind: "broken", line: start, message: "The record is too long." }];
    }
    const isOpen = countQuotes(whole) % 2 === 1;
    if (isOpen) {
      const lines = (before?.lines ?? 0) + 1;
      const tooMany = lines > recordLinesMax;
      this.#open = tooMany ? null : { line: start, text: whole, lines };
      return tooMany ? [brokenQuote(start)] : [];
    }
    this.#open = null;
    return [readRecord(start, whole)];
  }
}

function brokenQuote(line: number): CsvRecord {
  return { kind: "broken", line, message: "A quote is opened and never closed." };
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++;
  return count;
}

/** One field and what ends it. Unrolled, so that long texts cost no backtracking. */
const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|$)/y;

function readRecord(line: number, text: string): CsvRecord {
  const fields: (string | null)[] = [];
  field.lastIndex = 0;
  for (;;) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (match === null) {
      const message = `A quote stands inside field ${fields.length + 1}, at character ${at + 1}.`;
      return { kind: "broken", line, message };
    }
    const [, quoted, plain, end] = match;
    fields.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
    if (end === "") return { kind: "record", line, fields };
  }
}
