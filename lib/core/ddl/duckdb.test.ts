import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  dirtyObjectKey,
  dirtyObjectStem,
  rowObjectKey,
  rowObjectStem,
} from "@/lib/core/object-key";
import {
  type PrefixTemplate,
  readPrefixTemplate,
  renderPartition,
} from "@/lib/core/prefix-template";
import type { DdlInput } from "./ddl-input";
import { renderDdl } from "./dialect";
import { quoteWithDoubleQuotes, standardLiteral } from "./sql-quoting";

let duckdb: DuckDBConnection;
let bucket: string;
let datasets = 0;

beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => duckdb.closeSync());

/** A bucket of one test, as a folder on disk. */
async function inBucket(test: () => Promise<void>): Promise<void> {
  bucket = mkdtempSync(path.join(tmpdir(), "ddl-[x]*-"));
  try {
    await test();
  } finally {
    rmSync(bucket, { recursive: true });
  }
}

type TaskInput = DdlInput & { readonly template: PrefixTemplate };

function inputOf(prefix: string): TaskInput {
  datasets += 1;
  const template = readPrefixTemplate(prefix);
  if (template === null) throw new Error(`not a prefix: ${prefix}`);
  return {
    tableName: `dataset ${datasets} "quoted"`,
    bucket: "unused",
    endpoint: null,
    region: "us-east-1",
    pathStyle: true,
    bucketUrl: bucket,
    template,
    columns: [{ name: "id", type: "INT64" }],
    knownPartitions: [],
  };
}

/** Writes one object, named as Culvert names it, with these columns. */
async function deliver({ template }: TaskInput, month: number, select: string): Promise<void> {
  const minute = { year: 2020, month, day: 31, hour: 16, minute: 3 };
  const partition = renderPartition(template, minute);
  const key = rowObjectKey(rowObjectStem("orders", 0, partition), month, "");
  const file = path.join(bucket, key);
  mkdirSync(path.dirname(file), { recursive: true });
  await duckdb.run(`COPY (SELECT ${select}) TO ${standardLiteral(file)} (FORMAT parquet)`);
}

async function read(input: DdlInput, columns = "*") {
  await duckdb.run(renderDdl("duckdb", input).statement);
  const table = quoteWithDoubleQuotes(input.tableName);
  const result = await duckdb.runAndReadAll(`SELECT ${columns} FROM ${table} ORDER BY ALL`);
  return {
    names: result.columnNames(),
    types: result.columnTypes().map(String),
    rows: result.getRowsJson(),
  };
}

describe("the DuckDB statement, run", () => {
  it("reads Hive-style folders with a number per lone variable", () =>
    inBucket(async () => {
      const input = inputOf("lake/orders/year=$yyyy/month=$MM");
      await deliver(input, 8, "1::BIGINT AS id");
      await deliver(input, 9, "2::BIGINT AS id");
      expect(await read(input)).toEqual({
        // DuckDB gives folder columns by name and not in folder order.
        names: ["id", "month", "year"],
        types: ["BIGINT", "INTEGER", "INTEGER"],
        rows: [
          ["1", 8, 2020],
          ["2", 9, 2020],
        ],
      });
    }));

  it("keeps a compound folder text, at the root of the bucket, beside dirty objects", () =>
    inBucket(async () => {
      const input = inputOf("ds=$yyyy$MM$dd");
      await deliver(input, 8, "1::BIGINT AS id");
      const dirty = path.join(
        bucket,
        dirtyObjectKey(dirtyObjectStem("orders", 0, "_dirty/orders/"), 1),
      );
      mkdirSync(path.dirname(dirty), { recursive: true });
      writeFileSync(dirty, '{"not":"parquet"}\n');
      expect(await read(input)).toEqual({
        names: ["id", "ds"],
        types: ["BIGINT", "VARCHAR"],
        rows: [["1", "20200831"]],
      });
    }));

  it("reads plain time folders, and nothing that lies beside them", () =>
    inBucket(async () => {
      const input = inputOf("$yyyy/$MM/$dd");
      await deliver(input, 8, "1::BIGINT AS id");
      await deliver(input, 9, "2::BIGINT AS id");
      for (const folder of ["_dirty/orders/x", "abcd/ef/gh"]) {
        mkdirSync(path.join(bucket, folder), { recursive: true });
        writeFileSync(path.join(bucket, folder, "note"), "not parquet");
      }
      expect(await read(input)).toMatchObject({ names: ["id"], rows: [["1"], ["2"]] });
    }));

  it("reads one fixed folder, and no column from a constant name=value folder", () =>
    inBucket(async () => {
      const input = inputOf("lake/region=eu");
      await deliver(input, 1, "1::BIGINT AS id");
      expect(await read(input)).toMatchObject({ names: ["id"], rows: [["1"]] });
    }));

  it("reads folders whose names hold quotes, wildcards and blanks", () =>
    inBucket(async () => {
      const input = inputOf("o'clock/[a] *?ü/my col=$yyyy/m'=$MM");
      await deliver(input, 8, "1::BIGINT AS id");
      expect(await read(input)).toMatchObject({
        names: ["id", "m'", "my col"],
        rows: [["1", 8, 2020]],
      });
    }));

  it("gives null for a column that an earlier schema version had not", () =>
    inBucket(async () => {
      const input = inputOf("orders/year=$yyyy/month=$MM");
      await deliver(input, 8, "1::BIGINT AS id");
      await deliver(input, 9, "2::BIGINT AS id, 'x' AS note");
      expect((await read(input, "id, note")).rows).toEqual([
        ["1", null],
        ["2", "x"],
      ]);
    }));

  it("finds folders that are delivered after the view was made", () =>
    inBucket(async () => {
      const input = inputOf("orders/month=$MM");
      await deliver(input, 8, "1::BIGINT AS id");
      await read(input);
      await deliver(input, 9, "2::BIGINT AS id");
      const table = quoteWithDoubleQuotes(input.tableName);
      const later = await duckdb.runAndReadAll(`SELECT count(*) FROM ${table}`);
      expect(later.getRowsJson()).toEqual([["2"]]);
    }));

  it("shows a secret that DuckDB accepts", async () => {
    const { statement } = renderDdl("duckdb", {
      ...inputOf("orders"),
      bucketUrl: null,
      endpoint: "http://127.0.0.1:9000/",
    });
    const hint = /-- {3}(CREATE SECRET .*;)/.exec(statement)?.[1] ?? "";
    expect(hint).toContain("ENDPOINT '127.0.0.1:9000', USE_SSL false, URL_STYLE 'path'");
    // Whether the extension behind it is there is a matter of the machine; the grammar is not.
    await duckdb.run("SET autoinstall_known_extensions = false");
    const failure = await duckdb.run(hint).then(
      () => "",
      (error) => String(error),
    );
    expect(failure).not.toMatch(/Parser Error/);
  });
});
