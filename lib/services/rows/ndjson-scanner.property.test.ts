import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson } from "@/lib/core/import/read-cell";
import { readJsonLine } from "@/lib/core/import/read-json-line";
import { columnTypeOf } from "@/lib/core/schema-mapping";
import { findLoneSurrogate } from "@/lib/core/utf8";
import { ByteLines } from "./byte-lines";
import { NdjsonScanner } from "./ndjson-scanner";
import { type CellValue, setInt64 } from "./row-sink";
import { cellValueOf } from "./text-cells";

const columns = [
  { name: "id", type: "INT64" },
  { name: "price", type: "DOUBLE" },
  { name: "seen", type: "BOOLEAN" },
  { name: "größe", type: "UTF8" },
  { name: "raw", type: "BINARY" },
  { name: 'odd "name"', type: "UTF8" },
] as const;

type Row = Map<string, CellValue>;

/** What the scanner makes of a line. */
function scan(line: string): { kind: string; row: Row } {
  const row: Row = new Map();
  let ended = 0;
  const scanner = new NdjsonScanner({
    columns,
    put: (column, value) => {
      const { name = "" } = columns[column] ?? {};
      expect(row.has(name)).toBe(false);
      const isInteger = columns[column]?.type === "INT64";
      if (isInteger && typeof value === "number") expect(value).toSatisfy(Number.isSafeInteger);
      row.set(
        name,
        value instanceof Uint8Array
          ? Buffer.from(value)
          : isInteger
            ? BigInt(value as number)
            : value,
      );
    },
    endRow: () => {
      ended += 1;
    },
    turn: async () => undefined,
  });
  // Other bytes around it, as in a piece of a body.
  const bytes = Buffer.from(`0"${line}"}0`);
  const kind = scanner.scan(bytes, 2, bytes.byteLength - 3);
  expect(ended).toBe(kind === "row" ? 1 : 0);
  if (kind !== "row") expect(row.size).toBe(0);
  return { kind, row };
}

/** What the readers that explain everything make of it; null when something is wrong. */
function explain(line: string): Row | null {
  const read = readJsonLine(line);
  if (read.kind === "broken") return null;
  const row: Row = new Map();
  const seen = new Set<string>();
  for (const [name, value] of read.entries) {
    const column = columns.find((one) => one.name === name);
    if (column === undefined || seen.has(name)) return null;
    seen.add(name);
    if (value.kind === "string" && findLoneSurrogate(value.text) >= 0) return null;
    const cell = readJson(name, columnTypeOf[column.type], value);
    if (cell === null) continue;
    if (!("cell" in cell)) return null;
    row.set(name, cellValueOf(cell));
  }
  return row;
}

const integer = fc.oneof(
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
);
const number = fc.oneof(
  integer,
  fc.double({ noNaN: true }).map((value) => JSON.stringify(value)),
  fc.tuple(fc.integer(), fc.nat(), fc.nat(20)).map(([a, b, c]) => `${a}.${"0".repeat(c)}${b}`),
  fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?$/),
);
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.base64String(),
  integer,
  fc.constantFrom("NaN", "-Infinity", "\u0000", "\\u12", "\ud800"),
);
const value = fc.oneof(
  number,
  text.map((it) => JSON.stringify(it)),
  fc.constantFrom("true", "false", "null", "{}", "[1]", "nul", "tru", '"', ""),
);
const name = fc.constantFrom(...columns.map((column) => column.name), "colour", "gr\\u00f6\u00dfe");
const space = fc.constantFrom("", "", "", " ", "\t", "\r", "\u00a0");
const line = fc
  .tuple(
    fc.array(fc.tuple(name, value, space, space), { maxLength: 7 }),
    fc.constantFrom("", "", "", ",", "}", " ", "x"),
  )
  .map(([pairs, end]) => {
    const fields = pairs.map(([key, it, one, other]) => {
      const spelt = key.includes("\\") ? `"${key}"` : JSON.stringify(key);
      return `${one}${spelt}${other}:${one}${it}${other}`;
    });
    return `{${fields.join(",")}}${end}`;
  });

describe("the scanner", () => {
  it("takes a line only when it is right, and then takes from it what is there", () => {
    let rows = 0;
    fc.assert(
      fc.property(line, (written) => {
        const { kind, row } = scan(written);
        if (kind !== "row") return;
        rows += 1;
        expect(explain(written)).toEqual(row);
      }),
      { numRuns: 5_000 },
    );
    expect(rows).toBeGreaterThan(100);
  });

  it("takes what other programs write without being told", () => {
    const cell = {
      id: fc.maxSafeInteger(),
      price: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((it) => !Object.is(it, -0)),
      seen: fc.boolean(),
      größe: fc.string({ unit: "grapheme" }).filter((it) => findLoneSurrogate(it) < 0),
      raw: fc.base64String(),
    };
    fc.assert(
      fc.property(fc.record(cell, { requiredKeys: [] }), (object) => {
        const { kind, row } = scan(JSON.stringify(object));
        expect(kind).toBe("row");
        expect([...row.keys()].sort()).toEqual(Object.keys(object).sort());
      }),
    );
  });

  it.each(["", " ", "\t \r"])("sees that %j is blank", (blank) => {
    expect(scan(blank).kind).toBe("blank");
  });

  it.each([
    ["0", 0],
    ["-0.0", -0],
    ["0.1", 0.1],
    ["1234567890.12345", 1234567890.12345],
    ["9007199254740993.5", 2 ** 53 + 2],
    ["5e-324", 5e-324],
  ])("reads %s as the double that it is", (written, double) => {
    expect(scan(`{"price":${written}}`).row.get("price")).toBe(double);
  });
});

describe("an integer", () => {
  it("is written as the same eight bytes, as a number and as a bigint", () => {
    const [one, other] = [new DataView(new ArrayBuffer(8)), new DataView(new ArrayBuffer(8))];
    fc.assert(
      fc.property(fc.maxSafeInteger(), (integer) => {
        setInt64(one, 0, integer);
        setInt64(other, 0, BigInt(integer));
        expect(one.getBigInt64(0, true)).toBe(other.getBigInt64(0, true));
      }),
    );
  });
});

describe("lines of bytes", () => {
  it("are the same however their pieces are cut, and a line that is too long is cut once", () => {
    const body = fc.array(fc.constantFrom("a", "b", "\n", "cc", "ddddddddd"), { maxLength: 40 });
    fc.assert(
      fc.property(body, fc.array(fc.nat(60), { maxLength: 8 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(""));
        const lines: [number, string][] = [];
        const cutter = new ByteLines(8, (given, start, end, number) => {
          lines.push([number, Buffer.from(given).toString("utf8", start, end)]);
        });
        const ends = [...cuts, 60].sort((one, other) => one - other);
        for (const [index, end] of ends.entries()) {
          cutter.push(bytes.subarray(ends[index - 1] ?? 0, end));
        }
        cutter.push(bytes.subarray(60));
        cutter.end();
        const wanted = bytes.toString().split("\n");
        if (wanted.at(-1) === "") wanted.pop();
        expect(lines.map(([number]) => number)).toEqual(wanted.map((_, index) => index + 1));
        for (const [number, given] of lines) {
          const whole = wanted[number - 1] ?? "";
          if (given !== whole)
            expect([whole.startsWith(given), given.length > 8]).toEqual([true, true]);
        }
      }),
    );
  });
});
