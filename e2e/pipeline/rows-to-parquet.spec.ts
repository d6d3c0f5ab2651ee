import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { test as base } from "../support/fixtures";
import { download, listKeys } from "../support/objects";
import { type Columns, createTestTable, int64 } from "../support/tables";
import { createTask, waitForRecords } from "../support/tasks";
import { unique } from "../support/unique";

/** A folder of the test's own that is gone afterwards. */
const test = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern
  folder: async ({}, use) => {
    const folder = mkdtempSync(path.join(tmpdir(), "culvert-rows-"));
    await use(folder);
    await rm(folder, { recursive: true });
  },
});

type Row = Readonly<Record<string, unknown>>;

async function query(sql: string, ...before: string[]): Promise<Row[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    for (const statement of before) await connection.run(statement);
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJS() as Row[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const byId = (one: Row, other: Row) => String(one.id).localeCompare(String(other.id));

/** What was written, by id, as a reader should find it; integers are read as bigint. */
const extremes: Readonly<Record<string, { written: Columns; read: Row }>> = {
  "1-plain": {
    written: { text: "a plain one", whole: int64(42), real: 0.1, yes: true },
    read: { text: "a plain one", whole: 42n, real: 0.1, yes: true },
  },
  "2-largest": {
    written: { whole: int64(9223372036854775807n), real: Number.MAX_VALUE, yes: false },
    read: { text: null, whole: 9223372036854775807n, real: Number.MAX_VALUE, yes: false },
  },
  "3-smallest": {
    written: { whole: int64(-9223372036854775808n), real: -5e-324, text: "" },
    read: { text: "", whole: -9223372036854775808n, real: -5e-324, yes: null },
  },
  "4-not-a-double": {
    written: { whole: int64(9007199254740993n), text: "2^53 + 1" },
    read: { text: "2^53 + 1", whole: 9007199254740993n, real: null, yes: null },
  },
  "5-emoji 👩‍🚀": {
    written: { text: 'naïve 水路 👩‍🚀 \u0000 "quoted"\n' },
    read: { text: 'naïve 水路 👩‍🚀 \u0000 "quoted"\n', whole: null, real: null, yes: null },
  },
};

test("every type arrives in DuckDB exactly as the official SDK wrote it, int64 and emoji too", async ({
  api,
  s3,
  tablestore,
  folder,
}) => {
  const name = unique("types");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  for (const [id, { written }] of Object.entries(extremes)) await table.put(id, written);
  await createTask(api, { name, table: table.name, prefix: `e2e/${name}`, mode: "full" });
  const { status } = await waitForRecords(api, name, Object.keys(extremes).length);
  expect(["full", "completed"]).toContain(status.kind);

  const keys = await listKeys(s3, bucketName, `e2e/${name}/`);
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys)
    expect(key).toMatch(new RegExp(`^e2e/${name}/${name}_\\d+_e2e_${name}__\\d+$`));
  await download(s3, bucketName, keys, folder);
  const rows = await query(`SELECT * FROM read_parquet('${folder}/e2e/**', union_by_name = true)`);
  expect(rows.sort(byId)).toEqual(
    Object.entries(extremes)
      .map(([id, { read }]): Row => ({ id, ...read }))
      .sort(byId),
  );
});

test("puts, updates and deletes after a full phase arrive once each, in order, and the account balances", async ({
  api,
  s3,
  tablestore,
  folder,
}) => {
  const name = unique("change");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  const before = Array.from({ length: 500 }, (_, index) => ({
    id: `row-${String(index).padStart(4, "0")}`,
    columns: { n: int64(index), state: "before" },
  }));
  await table.putAll(before);
  await createTask(api, {
    name,
    table: table.name,
    prefix: `e2e/${name}/year=$yyyy/month=$MM/day=$dd`,
    metadataColumns: ["_action", "_sequence"],
  });
  // These race with the full phase on purpose: none may be lost, none may come twice.
  await table.put("row-new", { n: int64(7), state: "new" });
  await table.update("row-0001", { state: "updated" });
  await table.update("row-0002", {}, ["state"]);
  await table.remove("row-0003");
  const { account } = await waitForRecords(api, name, before.length + 4);
  expect(account).toMatchObject({ rows: before.length + 3, deletesIgnored: 1, dirtyValues: 0 });

  const keys = await listKeys(s3, bucketName, `e2e/${name}/`);
  await download(s3, bucketName, keys, folder);
  const from = `read_parquet('${folder}/e2e/**', union_by_name = true, hive_partitioning = false)`;
  const rows = await query(`SELECT id, n, state, _action FROM ${from} ORDER BY id, _sequence`);
  const base = rows.filter(({ state }) => state === "before");
  expect(base.map(({ id, n }) => ({ id, n }))).toEqual(
    before.map(({ id }, index) => ({ id, n: BigInt(index) })),
  );
  const changes = rows.filter(({ state }) => state !== "before");
  expect(changes.map(({ _action, ...row }) => row)).toEqual([
    { id: "row-0001", n: null, state: "updated" },
    { id: "row-0002", n: null, state: null },
    { id: "row-new", n: 7n, state: "new" },
  ]);
});

test("the DuckDB statement of the API reads the delivered folders as one table with its partitions", async ({
  api,
  s3,
  tablestore,
  folder,
}) => {
  const name = unique("ddl");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.putAll([
    { id: "a", columns: { at: "2024-02-29T23:30:00Z", amount: 1.5 } },
    { id: "b", columns: { at: "2024-03-01T00:30:00Z", amount: 2.5 } },
  ]);
  await createTask(api, {
    name,
    table: table.name,
    prefix: `e2e/${name}/year=$yyyy/month=$MM/day=$dd`,
    eventTime: { column: "at", format: "RFC3339" },
    timeZone: "UTC",
    mode: "full",
    objectSuffix: ".parquet",
  });
  await waitForRecords(api, name, 2);
  await download(s3, bucketName, await listKeys(s3, bucketName, `e2e/${name}/`), folder);
  const answer = await api.get(`/api/v1/tasks/${name}/ddl?dialect=duckdb`);
  const { statement } = (await answer.json()) as { statement: string };
  expect(statement).toContain(`s3://${bucketName}/`);
  const here = statement.replaceAll(`s3://${bucketName}`, folder);
  const view = /VIEW ("[^"]+")/.exec(here)?.[1];
  const rows = await query(
    `SELECT id, amount, year, month, day FROM ${view} WHERE month = 2 OR day = 1 ORDER BY id`,
    here,
  );
  expect(rows).toEqual([
    { id: "a", amount: 1.5, year: 2024, month: 2, day: 29 },
    { id: "b", amount: 2.5, year: 2024, month: 3, day: 1 },
  ]);
});

test("values of another type are dirty: dropped from their row, counted, and kept as NDJSON", async ({
  api,
  s3,
  tablestore,
  folder,
}) => {
  const name = unique("dirty");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.put("good", { amount: int64(5), note: "fits" });
  await table.put("bad", { amount: "five", note: "does not" });
  await createTask(api, {
    name,
    table: table.name,
    prefix: `e2e/${name}`,
    mode: "full",
    schema: {
      kind: "manual",
      columns: [
        { source: "amount", name: "quantity", type: "INT64" },
        { source: "id", name: "key", type: "UTF8" },
      ],
    },
  });
  const { account } = await waitForRecords(api, name, 2);
  expect(account).toMatchObject({ rows: 2, dirtyValues: 1, unmappedValues: 2 });
  await download(s3, bucketName, await listKeys(s3, bucketName, `e2e/${name}/`), folder);
  expect(await query(`SELECT * FROM read_parquet('${folder}/e2e/**') ORDER BY key`)).toEqual([
    { quantity: null, key: "bad" },
    { quantity: 5n, key: "good" },
  ]);
  const dirtyKeys = await listKeys(s3, bucketName, `_dirty/${name}/`);
  expect(dirtyKeys).toHaveLength(1);
  await download(s3, bucketName, dirtyKeys, folder);
  const dirty = await query(`SELECT * FROM read_json('${folder}/_dirty/**', format = 'nd')`);
  expect(dirty).toHaveLength(1);
  expect(JSON.stringify(dirty[0])).toContain("five");
});
