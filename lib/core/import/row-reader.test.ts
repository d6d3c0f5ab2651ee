import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ColumnType } from "../record";
import { createRowReader, type ImportFormat, type ReadRow, readCsvHeader } from "./row-reader";
import { lineCharactersMax } from "./text-lines";

const types = new Map<string, ColumnType>([
  ["id", "integer"],
  ["ratio", "double"],
  ["flag", "boolean"],
  ["blob", "binary"],
]);

/** The rows of a text given in pieces, cut at these places. */
function read(format: ImportFormat, text: string, cuts: readonly number[] = []): ReadRow[] {
  const reader = createRowReader(format, types);
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  const rows: ReadRow[] = [];
  let from = 0;
  for (const to of [...places, text.length]) {
    rows.push(...reader.push(text.slice(from, to)));
    from = to;
  }
  return [...rows, ...reader.end()];
}
const cellsOf = (row: ReadRow | undefined) =>
  row?.kind === "row"
    ? Object.fromEntries(row.cells.map(({ name, value }) => [name, value]))
    : null;
const problemsOf = (rows: readonly ReadRow[]) =>
  rows.flatMap((row) =>
    row.kind === "bad" ? row.problems.map(({ line, column }) => [line, column]) : [],
  );
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe("CSV", () => {
  it("gives back every text that was quoted, however the file is cut into pieces", () => {
    const text = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", " ", "é", "\\") });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (records, cuts) => {
          const lines = [["one", "two"], ...records].map((fields) => fields.map(quoted).join(","));
          const rows = read("csv", `${lines.join("\r\n")}\r\n`, cuts);
          expect(rows.map(cellsOf)).toEqual(records.map(([one, two]) => ({ one, two })));
        },
      ),
    );
  });

  it("tells nothing from an empty text, and reads each column by its type", () => {
    const file = '\ufeffid,ratio,flag,blob,note\n9223372036854775807,-1.5e3,TRUE,AP8=,\n1,,,,""\n';
    const [first, second] = read("csv", file);
    expect(cellsOf(first)).toEqual({
      id: "9223372036854775807",
      ratio: -1500,
      flag: true,
      blob: "AP8=",
    });
    expect(cellsOf(second)).toEqual({ id: "1", note: "" });
  });

  it("names line and column of what is wrong, all of it, and goes on", () => {
    const file = 'id,ratio,note\n1.5,x,a\n"2",1,"two\nlines"\n3,1\n4,1,a"b\n5,1,"open\n\n6,1,f\n';
    const rows = read("csv", file);
    expect(problemsOf(rows)).toEqual([
      [2, "id"],
      [2, "ratio"],
      [5, null],
      [6, null],
    ]);
    expect(rows.map(cellsOf)).toContainEqual({ id: "2", ratio: 1, note: "two\nlines" });
  });

  it("tells of a quote that is never closed where it was opened", () => {
    expect(problemsOf(read("csv", 'id,note\n1,a\n2,"open\n3,b\n'))).toEqual([[3, null]]);
    const long = `id,note\n1,"${"x\n".repeat(5_000)}`;
    expect(problemsOf(read("csv", long))[0]).toEqual([2, null]);
  });

  it("names its columns in the first line, also when the file ends with it", () => {
    expect(readCsvHeader('id, "a b",note\n1,')).toEqual([]);
    expect(readCsvHeader('id,"a b", note \n1,')).toEqual(["id", "a b", "note"]);
    expect(readCsvHeader("id,note")).toEqual(["id", "note"]);
  });
});

describe("NDJSON", () => {
  it("keeps every integer of 64 bits exactly, however the file is cut into pieces", () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(int64, fc.string({ unit: "grapheme" }), fc.boolean()), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (values, cuts) => {
          const lines = values.map(
            ([id, note, other]) =>
              `{"id": ${id}, "note":${JSON.stringify(note)},"big":${id},"other" : ${other}}`,
          );
          const rows = read("ndjson", lines.join("\n"), cuts);
          expect(rows.map(cellsOf)).toEqual(
            values.map(([id, note, other]) => ({ id: `${id}`, note, big: `${id}`, other })),
          );
        },
      ),
    );
  });

  it("takes a value's own type where the table has none for it", () => {
    const [row] = read(
      "ndjson",
      '{"a":1,"b":1.0,"c":"1","d":true,"e":null,"id":"7","blob":"AA=="}',
    );
    expect(row).toEqual({
      kind: "row",
      line: 1,
      cells: [
        { name: "a", type: "integer", value: "1" },
        { name: "b", type: "double", value: 1 },
        { name: "c", type: "string", value: "1" },
        { name: "d", type: "boolean", value: true },
        { name: "id", type: "integer", value: "7" },
        { name: "blob", type: "binary", value: "AA==" },
      ],
    });
  });

  it("names line and column of what is wrong, all of it, and goes on", () => {
    const file = [
      '{"id":1.5,"flag":1,"note":{"deep":["x",{"y":2}]},"fine":3}',
      "",
      "[1]",
      '{"id":1',
      '{"id":18446744073709551615}',
      '{"ratio":1e400}',
      '{"id":2}',
    ].join("\n");
    const rows = read("ndjson", file);
    expect(problemsOf(rows)).toEqual([
      [1, "id"],
      [1, "flag"],
      [1, "note"],
      [3, null],
      [4, null],
      [5, "id"],
      [6, "ratio"],
    ]);
    expect(cellsOf(rows.at(-1))).toEqual({ id: "2" });
  });

  it("tells of a line that is too long once and goes on after it", () => {
    const long = `{"note":"${"x".repeat(lineCharactersMax)}"}`;
    const rows = read("ndjson", `${long}\n{"id":1}\n`, [10, 1_000_000, lineCharactersMax + 5]);
    expect(problemsOf(rows)).toEqual([[1, null]]);
    expect(cellsOf(rows[1])).toEqual({ id: "1" });
  });
});
