import { readJson } from "@/lib/core/import/read-cell";
import { type JsonLine, readJsonLine } from "@/lib/core/import/read-json-line";
import { lineCharactersMax, type TextLine } from "@/lib/core/import/text-lines";
import type { ColumnType } from "@/lib/core/record";
import { columnTypeOf } from "@/lib/core/schema-mapping";
import { findLoneSurrogate } from "@/lib/core/utf8";
import { ByteLines } from "./byte-lines";
import { NdjsonScanner } from "./ndjson-scanner";
import { RowProblems } from "./row-problems";
import type { RowSink } from "./row-sink";
import { takeCell } from "./text-cells";
import { Utf8Pieces } from "./utf8-pieces";

/**
 * NDJSON: one object a line, columns by name, a column that is missing or null is null. Throws
 * `session.data_malformed` with every problem, each with its line and column.
 */
export async function readNdjsonRows(
  body: AsyncIterable<Uint8Array>,
  sink: RowSink,
): Promise<void> {
  const problems = new RowProblems("Line");
  const pieces = new Utf8Pieces(problems);
  const scanner = new NdjsonScanner(sink);
  const columns = new Map<string, { index: number; type: ColumnType }>(
    sink.columns.map(({ name, type }, index) => [name, { index, type: columnTypeOf[type] }]),
  );
  const lines = new ByteLines(lineBytesMax, (bytes, start, end, line) => {
    // What has no more bytes than a line may have characters is not too long, however it is spelt.
    const mayScan = end - start <= lineCharactersMax;
    if (mayScan && scanner.scan(bytes, start, end) !== "unusual") return;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset).toString("utf8", start, end);
    takeLine({ line, text: text.replace(/\r$/, "") }, columns, sink, problems);
  });
  for await (const piece of body) {
    lines.push(pieces.push(piece));
    await sink.turn();
  }
  lines.push(pieces.end());
  lines.end();
  problems.throwIfAny();
}

/** A character of a text takes at most three bytes, so what is longer is too long in characters too. */
const lineBytesMax = 3 * lineCharactersMax;
const tooLong: JsonLine = { kind: "broken", message: "The line is too long." };

/** What the scanner does not take: other spellings of values, and all that is wrong. */
function takeLine(
  { line, text }: TextLine,
  columns: ReadonlyMap<string, { readonly index: number; readonly type: ColumnType }>,
  sink: RowSink,
  problems: RowProblems,
): void {
  const json = line === 1 ? text.replace(/^\ufeff/, "") : text;
  if (json.trim() === "") return;
  const bad = (column: string | null, message: string): void =>
    problems.add({ line, column, message });
  const read = json.length > lineCharactersMax ? tooLong : readJsonLine(json);
  if (read.kind === "broken") {
    bad(null, read.message);
    return;
  }
  const seen = new Set<string>();
  for (const [name, value] of read.entries) {
    const column = columns.get(name);
    if (column === undefined) bad(name, "The dataset has no such column.");
    else if (seen.has(name)) bad(name, "The column is named twice.");
    else if (value.kind === "string" && findLoneSurrogate(value.text) >= 0) {
      bad(name, "Half a character has no UTF-8.");
    } else {
      const cell = readJson(name, column.type, value);
      takeCell(cell, { line, column: name }, (put) => sink.put(column.index, put), problems);
    }
    seen.add(name);
  }
  sink.endRow();
}
