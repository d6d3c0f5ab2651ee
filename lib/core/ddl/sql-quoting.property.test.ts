import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  commentLine,
  escapedLiteral,
  quoteWithBackticks,
  quoteWithDoubleQuotes,
  quoteWithEscapes,
  standardLiteral,
} from "./sql-quoting";

/** Any legal column name, with the characters that end things made likely. */
const name = fc
  .oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom("`", '"', "'", "\\", ";", "-", "\n", "a", "é"),
      minLength: 1,
    }),
  )
  .filter((text) => !text.includes("\0"));

/** Reads a quoted text as an engine's lexer does; null when it ends early or not at all. */
function unquote(text: string, quote: string, escapes: boolean): string | null {
  if (text[0] !== quote) return null;
  let read = "";
  for (let at = 1; at < text.length; at += 1) {
    const character = text[at]!;
    if (escapes && character === "\\") {
      at += 1;
      read += text[at] ?? "";
    } else if (character === quote) {
      if (escapes || text[at + 1] !== quote) return at === text.length - 1 ? read : null;
      at += 1;
      read += quote;
    } else {
      read += character;
    }
  }
  return null;
}

describe("quoting", () => {
  it.each([
    ["backticks", quoteWithBackticks, "`", false],
    ["double quotes", quoteWithDoubleQuotes, '"', false],
    ["escaped backticks", quoteWithEscapes, "`", true],
    ["standard literals", standardLiteral, "'", false],
    ["escaped literals", escapedLiteral, "'", true],
  ] as const)("gives every name back unchanged: %s", (_label, quote, mark, escapes) => {
    fc.assert(
      fc.property(name, (text) => {
        expect(unquote(quote(text), mark, escapes)).toBe(text);
      }),
    );
  });

  it("keeps a comment on its line, whatever it tells of", () => {
    const ends = fc.constantFrom("\n", "\r", "\u0085", "\u2028", "\u2029", "\v", "\f", "a");
    fc.assert(
      fc.property(fc.string({ unit: ends }), (text) => {
        expect(commentLine(text)).not.toMatch(/[\n\r\u0085\u2028\u2029\v\f]/);
      }),
    );
  });
});

describe("quoting, read by a real engine", () => {
  let duckdb: DuckDBConnection;
  beforeAll(async () => {
    duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  });
  afterAll(() => duckdb.closeSync());

  it("gives DuckDB the very name and text", async () => {
    await fc.assert(
      fc.asyncProperty(name, name, async (column, text) => {
        const result = await duckdb.runAndReadAll(
          `SELECT ${standardLiteral(text)} AS ${quoteWithDoubleQuotes(column)}`,
        );
        expect(result.columnNames()).toEqual([column]);
        expect(result.getRowsJson()).toEqual([[text]]);
      }),
    );
  });
});
