import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ParquetType } from "@/lib/core/schema-mapping";
import { createParquetWriter } from "./parquet-writer";
import { metadataOf, pageIndexesOf, readWithHyparquet } from "./testing/hyparquet-reader";
import {
  type Cell,
  canonicalColumns,
  columnsOf,
  putCell,
  type SampleTable,
  writeTable,
} from "./testing/sample-table";

const types: readonly ParquetType[] = ["BOOLEAN", "INT64", "DOUBLE", "UTF8", "BINARY"];
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

function cellOf(type: ParquetType): fc.Arbitrary<Cell> {
  switch (type) {
    case "BOOLEAN":
      return fc.boolean();
    case "INT64":
      return fc.oneof(fc.bigInt(int64Min, int64Max), fc.constantFrom(0n, -1n, int64Min, int64Max));
    case "DOUBLE":
      return fc.double();
    case "UTF8":
      return fc.string({ unit: "binary", maxLength: 90 });
    case "BINARY":
      return fc.uint8Array({ maxLength: 90 });
  }
}

/** Null patterns: none, all, some, and long runs of either kind. */
function presenceOf(rows: number): fc.Arbitrary<boolean[]> {
  const runs = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 200 })), { minLength: 1 });
  return fc.oneof(
    fc.constant(Array<boolean>(rows).fill(true)),
    fc.constant(Array<boolean>(rows).fill(false)),
    fc.array(fc.boolean(), { minLength: rows, maxLength: rows }),
    runs.map((list) => {
      const bits = list.flatMap(([bit, length]) => Array<boolean>(length).fill(bit));
      return Array.from({ length: rows }, (_, at) => bits[at % bits.length] as boolean);
    }),
  );
}

const tableArbitrary: fc.Arbitrary<SampleTable> = fc
  .record({
    types: fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 6 }),
    rows: fc.integer({ min: 0, max: 400 }),
  })
  .chain((shape) =>
    fc
      .tuple(
        ...shape.types.map((type) =>
          fc
            .tuple(fc.array(cellOf(type), { minLength: 1, maxLength: 40 }), presenceOf(shape.rows))
            .map(([cells, presence]) =>
              presence.map((present, row) =>
                present ? (cells[row % cells.length] as Cell) : null,
              ),
            ),
        ),
      )
      .map((columns) => ({
        columns: columnsOf(...shape.types),
        rows: Array.from({ length: shape.rows }, (_, row) =>
          columns.map((cells) => cells[row] as Cell),
        ),
      })),
  );

describe("a Parquet object", () => {
  it("gives back every value whatever the schema, nulls, pages, row groups and taking", async () => {
    const options = fc.record({
      compression: fc.constantFrom("uncompressed", "snappy", "zstd"),
      pageBytesMax: fc.constantFrom(1, 64, 700, 65_536),
      rowGroupRowsMax: fc.constantFrom(1, 7, 100, 100_000),
      rowGroupBytesMax: fc.constantFrom(300, 1_000_000),
      takeEvery: fc.integer({ min: 1, max: 50 }),
      cutEvery: fc.integer({ min: 1, max: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(tableArbitrary, options, async (table, { takeEvery, cutEvery, ...rest }) => {
        const bytes = await writeTable(table, {
          ...rest,
          afterRow: async (writer, row) => {
            if (row % cutEvery === cutEvery - 1) await writer.closeRowGroup();
            if (row % takeEvery === 0) writer.takeClosed();
            if (row % takeEvery === 1) writer.trim();
          },
        });
        expect(await readWithHyparquet(bytes)).toEqual(canonicalColumns(table));
      }),
      { numRuns: 150 },
    );
  });

  it("bounds exactly the values of each page and row group, and counts their nulls", async () => {
    await fc.assert(
      fc.asyncProperty(
        tableArbitrary,
        fc.constantFrom(40, 500),
        fc.constantFrom(33, 1000),
        async (table, pageBytesMax, rowGroupRowsMax) => {
          checkBounds(table, await writeTable(table, { pageBytesMax, rowGroupRowsMax }));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("is legal without rows", async () => {
    const bytes = await writeTable({ columns: columnsOf(...types), rows: [] });
    expect(metadataOf(bytes).num_rows).toBe(0n);
    expect(await readWithHyparquet(bytes)).toEqual(types.map(() => []));
  });

  it("carries created_by and key-value metadata", async () => {
    const table = { columns: columnsOf("INT64"), rows: [[1n]] };
    const metadata = metadataOf(
      await writeTable(table, { keyValueMetadata: { task: "täsk-1", lane: "0" } }),
    );
    expect(metadata.created_by).toMatch(/^culvert version \d+\.\d+\.\d+$/);
    expect(metadata.key_value_metadata).toEqual([
      { key: "task", value: "täsk-1" },
      { key: "lane", value: "0" },
    ]);
  });
});

describe("bounds", () => {
  const statisticsOf = async (type: ParquetType, cells: Cell[]) => {
    const bytes = await writeTable({ columns: columnsOf(type), rows: cells.map((cell) => [cell]) });
    return metadataOf(bytes).row_groups[0]?.columns[0]?.meta_data?.statistics;
  };

  it("leave NaN out, and are absent where there is nothing else", async () => {
    expect(await statisticsOf("DOUBLE", [Number.NaN, 2, Number.NaN, -3.5, null])).toMatchObject({
      min_value: -3.5,
      max_value: 2,
      null_count: 1n,
    });
    const none = await statisticsOf("DOUBLE", [Number.NaN, Number.NaN]);
    expect(none?.min_value).toBeUndefined();
    expect(none?.max_value).toBeUndefined();
  });

  it("take -0 as a minimum and +0 as a maximum, whichever zero was there", async () => {
    for (const zero of [0, -0]) {
      const statistics = await statisticsOf("DOUBLE", [zero]);
      expect(Object.is(statistics?.min_value, -0)).toBe(true);
      expect(Object.is(statistics?.max_value, 0)).toBe(true);
    }
    expect(
      await statisticsOf("DOUBLE", [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]),
    ).toMatchObject({
      min_value: Number.NEGATIVE_INFINITY,
      max_value: Number.POSITIVE_INFINITY,
    });
  });

  it("of long strings are cut at a character and still bound them", async () => {
    const long = `${"x".repeat(62)}äöü-tail`;
    const statistics = await statisticsOf("UTF8", [long]);
    expect(statistics).toMatchObject({ is_min_value_exact: false, is_max_value_exact: false });
    expect(textOf(statistics?.min_value)).toBe(`${"x".repeat(62)}ä`);
    expect(textOf(statistics?.max_value)).toBe(`${"x".repeat(62)}å`);
  });

  it("of values that cannot be raised leave the maximum out", async () => {
    const statistics = await statisticsOf("UTF8", ["\u{10ffff}".repeat(20)]);
    expect(statistics?.max_value).toBeUndefined();
    expect(textOf(statistics?.min_value)).toBe("\u{10ffff}".repeat(16));
    expect(
      (await statisticsOf("BINARY", [new Uint8Array(65).fill(0xff)]))?.max_value,
    ).toBeUndefined();
    const bytes = await writeTable({
      columns: columnsOf("UTF8"),
      rows: [["\u{10ffff}".repeat(20)]],
    });
    expect(pageIndexesOf(bytes)[0]?.[0]?.columnIndex).toBeNull();
  });

  it("step over the surrogates", async () => {
    const statistics = await statisticsOf("UTF8", ["\ud7ff".repeat(30)]);
    expect(textOf(statistics?.max_value)).toBe(`${"\ud7ff".repeat(20)}\ue000`);
  });
});

describe("a Parquet writer", () => {
  const fill = (rows: number, compression: "uncompressed" | "zstd") => {
    const writer = createParquetWriter({
      columns: columnsOf("INT64", "UTF8"),
      compression,
      keyValueMetadata: {},
    });
    for (let row = 0; row < rows; row++) {
      putCell(writer, 0, "INT64", BigInt(row));
      putCell(writer, 1, "UTF8", `value-${row % 100}`);
      writer.endRow();
    }
    return writer;
  };

  it("estimates the object's size within a tenth", async () => {
    for (const compression of ["uncompressed", "zstd"] as const) {
      const writer = fill(200_000, compression);
      const estimate = writer.estimatedBytes;
      const size = (await writer.finish()).reduce((sum, part) => sum + part.length, 0);
      expect(estimate / size).toBeGreaterThan(0.9);
      expect(estimate / size).toBeLessThan(1.1);
    }
  });

  it("holds little while idle, so that 500 partitions of 50 columns may be open", () => {
    const columns = columnsOf(
      ...Array.from({ length: 50 }, (_, at) => types[at % 5] as ParquetType),
    );
    const row = columns.map(({ type }): Cell => {
      if (type === "BOOLEAN") return true;
      if (type === "INT64") return 1n;
      if (type === "DOUBLE") return 1.5;
      return type === "UTF8" ? "some text of a usual length" : new Uint8Array(27);
    });
    const writer = createParquetWriter({ columns, compression: "zstd", keyValueMetadata: {} });
    row.forEach((cell, at) => {
      putCell(writer, at, (columns[at] as { type: ParquetType }).type, cell);
    });
    writer.endRow();
    expect(writer.bufferedBytes).toBeLessThan(50 * 300);
  });

  it("gives its memory back with takeClosed, page buffers and what the footer needs excepted", async () => {
    const writer = fill(300_000, "uncompressed");
    await writer.closeRowGroup();
    const closed = writer.takeClosed().reduce((sum, part) => sum + part.length, 0);
    expect(closed).toBeGreaterThan(5_000_000);
    expect(writer.bufferedBytes).toBeLessThan(2 * 256 * 1024 + 4096);
  });

  it("gives the same bytes however often they are taken", async () => {
    const table: SampleTable = {
      columns: columnsOf("INT64", "UTF8"),
      rows: Array.from({ length: 1000 }, (_, at) => [BigInt(at), `v${at}`]),
    };
    const whole = await writeTable(table, { rowGroupRowsMax: 100 });
    const taken = await writeTable(table, {
      rowGroupRowsMax: 100,
      afterRow: (writer) => void writer.takeClosed(),
    });
    expect(Buffer.compare(whole, taken)).toBe(0);
  });

  it("refuses a second value for a column of a row, and rows after the end", async () => {
    const writer = fill(0, "uncompressed");
    putCell(writer, 0, "INT64", 1n);
    expect(() => putCell(writer, 0, "INT64", 2n)).toThrow("twice");
    await writer.finish();
    await expect(writer.finish()).rejects.toThrow("no more rows");
  });
});

const textOf = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);

function checkBounds(table: SampleTable, bytes: Uint8Array): void {
  const metadata = metadataOf(bytes);
  const indexes = pageIndexesOf(bytes);
  let groupStart = 0;
  metadata.row_groups.forEach((group, g) => {
    const groupRows = Number(group.num_rows);
    group.columns.forEach((chunk, c) => {
      const cells = table.rows.map((row) => row[c] as Cell);
      const statistics = chunk.meta_data?.statistics;
      checkBound(
        cells.slice(groupStart, groupStart + groupRows),
        statistics?.min_value,
        statistics?.max_value,
      );
      expect(Number(statistics?.null_count)).toBe(
        cells.slice(groupStart, groupStart + groupRows).filter((cell) => cell === null).length,
      );
      const { columnIndex, offsetIndex } = indexes[g]?.[c] ?? expect.fail("no page index");
      const starts = offsetIndex.page_locations.map((page) => Number(page.first_row_index));
      starts.forEach((start, page) => {
        const end = starts[page + 1] ?? groupRows;
        const pageCells = cells.slice(groupStart + start, groupStart + end);
        const nulls = pageCells.filter((cell) => cell === null).length;
        if (columnIndex === null) return;
        expect(Number(columnIndex.null_counts?.[page])).toBe(nulls);
        expect(columnIndex.null_pages[page]).toBe(nulls === pageCells.length);
        if (nulls === pageCells.length) return;
        checkBound(pageCells, columnIndex.min_values[page], columnIndex.max_values[page]);
      });
    });
    groupStart += groupRows;
  });
  expect(groupStart).toBe(table.rows.length);
}

/** Every value lies within; short ones are met exactly on both sides. */
function checkBound(cells: readonly Cell[], min: unknown, max: unknown): void {
  const values = cells.filter((cell) => cell !== null && !Number.isNaN(cell));
  if (values.length === 0) {
    expect([min, max]).toEqual([undefined, undefined]);
    return;
  }
  const keys = values.map(orderKey).sort(compareKeys);
  const [low, high] = [orderKey(min as Cell), orderKey(max as Cell)];
  expect(compareKeys(low, keys[0] as Key)).toBeLessThanOrEqual(0);
  expect(compareKeys(high, keys.at(-1) as Key)).toBeGreaterThanOrEqual(0);
  const isShort = (key: Key) => !(key instanceof Buffer) || key.length <= 64;
  if (isShort(keys[0] as Key)) expect(compareKeys(low, keys[0] as Key)).toBe(0);
  if (isShort(keys.at(-1) as Key)) expect(compareKeys(high, keys.at(-1) as Key)).toBe(0);
}

type Key = bigint | number | Buffer;

function orderKey(cell: Cell): Key {
  if (typeof cell === "string") return Buffer.from(cell);
  if (cell instanceof Uint8Array) return Buffer.from(cell);
  return typeof cell === "boolean" ? Number(cell) : (cell as bigint | number);
}

function compareKeys(a: Key, b: Key): number {
  if (a instanceof Buffer && b instanceof Buffer) return Buffer.compare(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
