import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compression, encodingsOf, type ParquetType } from "@/lib/core/schema-mapping";
import {
  describeProgram,
  type Program,
  pythonRecipe,
} from "@/lib/platform/testing/provide-program";
import type { ParquetColumn } from "./parquet-writer";
import { type Cell, type SampleTable, writeTable } from "./testing/sample-table";

const recipe = pythonRecipe({
  name: "Apache Arrow's Python reader",
  slug: "pyarrow",
  from: fileURLToPath(new URL("interop/pyarrow", import.meta.url)),
  script: "read_back.py",
});

const edgeCells: Readonly<Record<ParquetType, readonly Cell[]>> = {
  BOOLEAN: [true, false],
  INT64: [0n, -1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n],
  DOUBLE: [0, -0, 1.5, Number.NaN, Infinity, -Infinity, 5e-324],
  UTF8: ["", "a\0b", "\ufeffmarked", "日本", "😀", "x".repeat(1000)],
  BINARY: [new Uint8Array(0), Uint8Array.of(0xff, 0xfe), new Uint8Array(300).fill(7)],
};

const compressions = ["uncompressed", "snappy", "zstd"] as const satisfies Compression[];

/** Every type in every encoding that the format defines for it. */
const columns: readonly ParquetColumn[] = Object.entries(encodingsOf).flatMap(([type, encodings]) =>
  encodings.map((encoding) => ({
    name: `${type}.${encoding}`,
    type: type as ParquetType,
    encoding,
  })),
);

function edgeTable(rows: number): SampleTable {
  return {
    columns,
    rows: Array.from({ length: rows }, (_, row) =>
      columns.map(({ type }, column): Cell => {
        const cells = edgeCells[type];
        return (row * 3 + column) % 7 === 0 ? null : (cells[(row + column) % cells.length] ?? null);
      }),
    ),
  };
}

/** As the Python program writes a cell. */
function exactly(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "null";
  if (typeof cell === "bigint") return `integer ${cell}`;
  if (typeof cell === "string") return `text ${cell}`;
  if (typeof cell === "boolean") return `boolean ${cell}`;
  if (typeof cell !== "number") return `binary ${Buffer.from(cell).toString("hex")}`;
  if (Number.isNaN(cell)) return "double NaN";
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(cell);
  return `double ${bits.toString("hex")}`;
}

const exactColumns = ({ columns, rows }: SampleTable) =>
  columns.map((_, column) => rows.map((row) => exactly(row[column])));

type Answer = { readonly columns: string[][]; readonly rowGroups: number };
type Filter = readonly [column: string, operator: ">=" | "=", bound: number];

await describeProgram(recipe, "Apache Arrow (pyarrow)", (program) => {
  let directory: string;
  let reader: ReturnType<typeof startReader>;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "culvert-pyarrow-"));
    reader = startReader(program);
  });
  afterAll(async () => {
    await reader.close();
    await rm(directory, { recursive: true });
  });
  let files = 0;
  const read = async (bytes: Uint8Array, filter: Filter | null = null): Promise<Answer> => {
    const file = path.join(directory, `${files++}.parquet`);
    await writeFile(file, bytes);
    return reader.ask({ file, filter });
  };

  it.each(compressions)(
    "reads every type, encoding, edge value and null as it was written, %s",
    async (compression) => {
      for (const rows of [0, 1, 2_000]) {
        const table = edgeTable(rows);
        const bytes = await writeTable(table, { compression, rowGroupRowsMax: 900 });
        expect((await read(bytes)).columns).toEqual(exactColumns(table));
      }
    },
  );

  it("reads what random schemas and data gave", async () => {
    const settings = fc.record({
      types: fc.array(fc.constantFrom(...columns), { minLength: 1, maxLength: 12 }),
      rows: fc.nat(300),
      seed: fc.nat(),
      rowGroupRowsMax: fc.integer({ min: 1, max: 200 }),
      compression: fc.constantFrom<Compression>(...compressions),
    });
    const property = fc.asyncProperty(settings, async (given) => {
      const chosen = given.types.map((column, at) => ({ ...column, name: `c${at}` }));
      const table: SampleTable = {
        columns: chosen,
        rows: Array.from({ length: given.rows }, (_, row) =>
          chosen.map(({ type }, column): Cell => {
            const at = Math.imul(given.seed + row * 31 + column, 0x9e3779b1) >>> 7;
            return at % 5 === 0 ? null : (edgeCells[type][at % edgeCells[type].length] ?? null);
          }),
        ),
      };
      const { compression, rowGroupRowsMax } = given;
      const bytes = await writeTable(table, { compression, rowGroupRowsMax });
      expect((await read(bytes)).columns).toEqual(exactColumns(table));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("leaves out row groups by their statistics and loses no row by it", async () => {
    const table: SampleTable = {
      columns: [
        { name: "id", type: "INT64", encoding: "PLAIN" },
        { name: "text", type: "UTF8", encoding: "PLAIN" },
      ],
      rows: Array.from({ length: 1_000 }, (_, row) => [BigInt(row), `row ${row}`]),
    };
    const bytes = await writeTable(table, { rowGroupRowsMax: 100 });
    const found = await read(bytes, ["id", ">=", 950]);
    expect(found.rowGroups).toBe(1);
    expect(found.columns).toEqual(exactColumns({ ...table, rows: table.rows.slice(950) }));
    expect((await read(bytes, ["id", "=", 5_000])).rowGroups).toBe(0);
  });
});

function startReader({ command, args }: Program) {
  const child = spawn(command, [...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request: { file: string; filter: Filter | null }): Promise<Answer> {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("The Python program ended");
      return JSON.parse(value) as Answer;
    },
    async close() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
