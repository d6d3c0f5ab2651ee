import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Compression,
  type Encoding,
  encodingsOf,
  type ParquetType,
} from "@/lib/core/schema-mapping";
import type { ParquetColumn } from "./parquet-writer";
import {
  asyncBufferOf,
  metadataOf,
  pageIndexesOf,
  readWithHyparquet,
} from "./testing/hyparquet-reader";
import { DuckDbReader, readWithArrow } from "./testing/other-readers";
import { type Cell, canonicalColumns, type SampleTable, writeTable } from "./testing/sample-table";

const cellsOf: Readonly<Record<ParquetType, readonly Cell[]>> = {
  BOOLEAN: [true, false, true],
  INT64: [0n, -1n, 5n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n],
  DOUBLE: [0, -0, 1.5, Number.NaN, Infinity, -Infinity, 5e-324],
  UTF8: ["", "prefix-a", "prefix-ab", "日本", "a\0b", "😀", "x".repeat(300)],
  BINARY: [new Uint8Array(0), Uint8Array.of(0xff, 0xfe), new Uint8Array(100).fill(3)],
};

/** Every type in every encoding that the format defines for it. */
const columns: readonly ParquetColumn[] = Object.entries(encodingsOf).flatMap(([type, encodings]) =>
  encodings.map((encoding) => ({
    name: `${type}.${encoding}`,
    type: type as ParquetType,
    encoding,
  })),
);

function tableOf(rows: number): SampleTable {
  return {
    columns,
    rows: Array.from({ length: rows }, (_, row) =>
      columns.map(({ type }, column): Cell => {
        const cells = cellsOf[type];
        return (row * 3 + column) % 7 === 0 ? null : (cells[(row + column) % cells.length] ?? null);
      }),
    ),
  };
}

let duckDb: DuckDbReader;
beforeAll(async () => {
  duckDb = await DuckDbReader.open();
});
afterAll(() => duckDb.close());

/** What a chunk says it holds; RLE_DICTIONARY is the format's present name for PLAIN_DICTIONARY. */
const writtenAs: Readonly<Record<Encoding, string>> = {
  PLAIN: "PLAIN",
  PLAIN_DICTIONARY: "RLE_DICTIONARY",
  DELTA_BINARY_PACKED: "DELTA_BINARY_PACKED",
  DELTA_LENGTH_BYTE_ARRAY: "DELTA_LENGTH_BYTE_ARRAY",
  DELTA_BYTE_ARRAY: "DELTA_BYTE_ARRAY",
};

describe.each(["uncompressed", "snappy", "zstd"] as const satisfies Compression[])(
  "documented encodings, %s,",
  (compression) => {
    it.each([0, 1, 3_000])("are read back by three readers: %i rows", async (rows) => {
      const table = tableOf(rows);
      const bytes = await writeTable(table, {
        compression,
        rowGroupRowsMax: 1_300,
        keyValueMetadata: { task: "a" },
        afterRow: (writer, row) => {
          if (row % 500 === 0) writer.takeClosed();
        },
      });
      const expected = canonicalColumns(table);
      expect(await duckDb.read(bytes)).toEqual(expected);
      expect(await readWithHyparquet(bytes)).toEqual(expected);
      expect(readWithArrow(bytes)).toEqual(expected);
    });

    it("are what the object holds, with our name, metadata, counts and bounds", async () => {
      const table = tableOf(2_000);
      const bytes = await writeTable(table, { compression, keyValueMetadata: { task: "a" } });
      const metadata = metadataOf(bytes);
      expect(metadata.created_by).toMatch(/^culvert version /);
      expect(metadata.key_value_metadata).toEqual([{ key: "task", value: "a" }]);
      expect(metadata.num_rows).toBe(2_000n);
      columns.forEach(({ encoding, type }, at) => {
        const chunk = metadata.row_groups[0]?.columns[at]?.meta_data;
        expect(chunk?.encodings, `${type} ${encoding}`).toContain(writtenAs[encoding]);
        expect(chunk?.codec).toBe(compression.toUpperCase());
        const nulls = table.rows.filter((row) => row[at] === null).length;
        expect(chunk?.statistics?.null_count).toBe(BigInt(nulls));
      });
      const integers = columns.findIndex(({ name }) => name === "INT64.DELTA_BINARY_PACKED");
      expect(metadata.row_groups[0]?.columns[integers]?.meta_data?.statistics).toMatchObject({
        min_value: -(2n ** 63n),
        max_value: 2n ** 63n - 1n,
      });
    });
  },
);

describe("page indexes of re-encoded row groups", () => {
  const rows = Array.from({ length: 60_000 }, (_, at) => [BigInt(at), `key-${100_000 + at}`]);
  const table: SampleTable = {
    columns: [
      { name: "n", type: "INT64", encoding: "DELTA_BINARY_PACKED" },
      { name: "s", type: "UTF8", encoding: "DELTA_LENGTH_BYTE_ARRAY" },
    ],
    rows,
  };

  it("stand where the footer says, in every row group, and name each page's first row", async () => {
    const bytes = await writeTable(table, { rowGroupRowsMax: 25_000 });
    const indexes = pageIndexesOf(bytes);
    expect(indexes).toHaveLength(3);
    for (const { columnIndex, offsetIndex } of indexes.flat()) {
      const pages = offsetIndex.page_locations;
      expect(pages.length).toBeGreaterThan(0);
      expect(columnIndex?.null_counts).toHaveLength(pages.length);
      expect(pages[0]?.first_row_index).toBe(0n);
    }
  });

  it("let a reader read only the pages that a filter needs", async () => {
    const bytes = await writeTable(table, { rowGroupRowsMax: 25_000 });
    const whole = asyncBufferOf(bytes);
    let bytesRead = 0;
    const file = {
      byteLength: whole.byteLength,
      slice: (start: number, end?: number) => {
        bytesRead += (end ?? whole.byteLength) - start;
        return whole.slice(start, end);
      },
    };
    const filter = { n: { $eq: 41_234n } };
    const metadata = metadataOf(bytes);
    expect(await parquetReadObjects({ file, metadata, filter, usePageIndex: true })).toEqual([
      { n: 41_234n, s: "key-141234" },
    ]);
    expect(bytesRead).toBeLessThan(bytes.length / 2);
  });
});
