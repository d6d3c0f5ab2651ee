const quote = 0x22;
const lineFeed = 0x0a;

/** What one piece of a text holds of records that end. */
export type RecordScan = {
  /** Records that end in the piece. */
  readonly records: number;
  /** Index behind the line break of the last of them; 0 when none ends in the piece. */
  readonly lastEnd: number;
  /** Line breaks from the beginning of the text up to there. */
  readonly linesToLastEnd: number;
};

/**
 * Finds where records of CSV or NDJSON end, from their bytes and piece by piece, so that a file can be
 * cut between two of them without being read as rows. In CSV a line break within quotes ends nothing;
 * a doubled quote closes and opens again, which comes to the same. Of CSV that is broken the ends may
 * be wrong: whoever reads the rows finds that out.
 */
export class RecordEnds {
  readonly #mayQuote: boolean;
  #isQuoted = false;
  #lines: number;

  /** `linesBefore` is how many line breaks stand before what is given. It begins between two records. */
  constructor(format: "csv" | "ndjson", linesBefore = 0) {
    this.#mayQuote = format === "csv";
    this.#lines = linesBefore;
  }

  /** Line breaks of all that was given, those within quotes too. */
  get lines(): number {
    return this.#lines;
  }

  push(piece: Uint8Array): RecordScan {
    let records = 0;
    let lastEnd = 0;
    let linesToLastEnd = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at];
      if (byte === quote) {
        if (this.#mayQuote) this.#isQuoted = !this.#isQuoted;
      } else if (byte === lineFeed) {
        this.#lines += 1;
        if (!this.#isQuoted) {
          records += 1;
          lastEnd = at + 1;
          linesToLastEnd = this.#lines;
        }
      }
    }
    return { records, lastEnd, linesToLastEnd };
  }
}

/** A CSV's header: where its record ends, and the line breaks up to there. Blank lines before it are its own. */
export type HeaderEnd = { readonly bytes: number; readonly lines: number };

/** The end of the first record that is not blank; null when it does not end in these bytes. */
export function findHeaderEnd(beginning: Uint8Array): HeaderEnd | null {
  let isQuoted = false;
  let isBlank = true;
  let lines = 0;
  for (let at = 0; at < beginning.length; at += 1) {
    const byte = beginning[at] ?? 0;
    if (byte === quote) isQuoted = !isQuoted;
    if (byte === lineFeed) lines += 1;
    if (byte === lineFeed && !isQuoted && !isBlank) return { bytes: at + 1, lines };
    if (byte > 0x20 && !isMark(beginning, at)) isBlank = false;
  }
  return null;
}

/** One of the three bytes that some programs begin a UTF-8 file with. */
function isMark(bytes: Uint8Array, at: number): boolean {
  return at < 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
