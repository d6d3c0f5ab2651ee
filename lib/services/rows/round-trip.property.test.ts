import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DatasetColumn } from "@/lib/core/dataset";
import { InvalidInputError } from "@/lib/core/invalid-input";
import { readCsvRows } from "./read-csv-rows";
import { readNdjsonRows } from "./read-ndjson-rows";
import type { CellValue, RowSink } from "./row-sink";
import { writeCsv, writeNdjson } from "./write-rows";

const columns: readonly DatasetColumn[] = [
  { name: "id", type: "INT64" },
  { name: 'a "name", odd', type: "UTF8" },
  { name: "real", type: "DOUBLE" },
  { name: "seen", type: "BOOLEAN" },
  { name: "raw", type: "BINARY" },
];
const formats = [
  ["CSV", writeCsv, readCsvRows],
  ["NDJSON", writeNdjson, readNdjsonRows],
] as const;

const text = fc.string({
  unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "é", "漢", "😀", "\0", "\ufeff"),
});
const row = fc.tuple(
  ...([
    fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    fc.option(text.map((value) => new Uint8Array(Buffer.from(value)))),
    fc.option(fc.double()),
    fc.option(fc.boolean()),
    fc.option(fc.uint8Array({ maxLength: 8 })),
  ] as const),
);

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (to > from) yield bytes.subarray(from, to);
    from = to;
  }
}

/** Takes rows as an upload does, for comparing. */
function collecting(): RowSink & { readonly rows: (CellValue | null)[][] } {
  const rows: (CellValue | null)[][] = [];
  let open: (CellValue | null)[] = columns.map(() => null);
  return {
    columns,
    rows,
    put: (column, value) => {
      if (columns[column]?.type === "INT64") open[column] = BigInt(value as bigint | number);
      else open[column] = value instanceof Uint8Array ? new Uint8Array(value) : value;
    },
    endRow: () => {
      rows.push(open);
      open = columns.map(() => null);
    },
    turn: async () => undefined,
  };
}

describe.each(formats)("%s", (_name, write, read) => {
  it("that a download wrote is read by an upload as the same rows, however it is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (rows, cuts) => {
          const written: Uint8Array[] = [];
          async function* all() {
            yield rows;
          }
          for await (const piece of write(columns, all())) written.push(piece);
          const sink = collecting();
          await read(pieces(Buffer.concat(written), cuts), sink);
          expect(sink.rows).toEqual(rows);
        },
      ),
    );
  });
});

describe("CSV of others", () => {
  const readText = async (csv: string) => {
    const sink = collecting();
    await readCsvRows(pieces(Buffer.from(csv), [3, 11]), sink);
    return sink.rows.map(([id, note]) => [id, note && Buffer.from(note as Uint8Array).toString()]);
  };
  const header = 'id,"a ""name"", odd"';

  it("may begin with a byte order mark, end lines either way and hold empty ones", async () => {
    const csv = `\ufeff${header}\r\n1,x\r\n\r\n2,\n\n3,""\n4,"a\nb"`;
    expect(await readText(csv)).toEqual([
      [1n, "x"],
      [2n, null],
      [3n, ""],
      [4n, "a\nb"],
    ]);
  });

  it("is told of by the line where a record begins, whatever stands before it", async () => {
    const csv = `${header}\n\n1,"a\n\nb"\n\nx,""\n`;
    const told = await readText(csv).catch((thrown: unknown) => thrown);
    expect(told).toBeInstanceOf(InvalidInputError);
    expect((told as InvalidInputError).problems).toMatchObject([{ field: "id", line: 7 }]);
  });
});
