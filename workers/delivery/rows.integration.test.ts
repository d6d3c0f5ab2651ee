import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withDatabase } from "@/lib/db/testing/test-database";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainValue } from "@/lib/tablestore/plain-row";
import { int64 } from "@/workers/tablestore/testing/official-sdk";
import { type Rig, startRig } from "./testing/delivery-rig";
import { queryDataset } from "./testing/read-dataset";
import { createTable, ids, viewTask, waitForRecords, write } from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

const given = withDatabase();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
  rig.startWorker();
});
afterAll(() => rig.close());

const sequence = /^[0-9a-f]{8}:[0-9a-f]{16}:[0-9a-f]{8}$/;

/** A cell as no SDK would send it: the bytes of a string need not be UTF-8. */
async function putRaw(table: string, id: string, column: string, value: PlainValue): Promise<void> {
  const cell = { operation: null, timestampMs: null };
  const row = encodePlainRow({
    primaryKey: [{ name: "id", value: { type: "string", value: id }, ...cell }],
    attributes: [{ name: column, value, ...cell }],
    deleteMarker: false,
    extension: null,
  });
  await rig.client.call("PutRow", {
    ...{ tableName: table, row, condition: { rowExistence: "IGNORE" } },
  });
}

async function readDirty(task: string): Promise<Record<string, unknown>[]> {
  const keys = await rig.listKeys(`_dirty/${task}/`);
  const bodies = await Promise.all(keys.map((key) => rig.store.read(key)));
  const lines = bodies.flatMap((body) =>
    Buffer.from(body ?? [])
      .toString()
      .trim()
      .split("\n"),
  );
  return lines
    .map((line) => JSON.parse(line))
    .sort((a, b) => `${a.key}${a.column}`.localeCompare(`${b.key}${b.column}`));
}

describe.concurrent("dirty values", () => {
  it("are left out of their rows, counted exactly, and kept whole with key and position (D2)", async () => {
    await createTable(rig, "dirty", {
      definedColumns: [
        { name: "n", type: "DCT_INTEGER" },
        { name: "s", type: "DCT_STRING" },
      ],
    });
    const task = await rig.createTask({ name: "dirty", table: "dirty", mode: "incremental" });
    await write(rig, "dirty", [
      { id: "a", values: { n: int64(1), s: "fine" } },
      { id: "b", values: { n: "not a number", s: "fine" } },
      { id: "c", values: { n: 1.5, s: true } },
      { id: "d", type: "DELETE" },
    ]);
    await putRaw("dirty", "e", "s", {
      type: "malformed-string",
      value: Buffer.from([0x61, 0xff, 0x62]),
    });
    const account = await waitForRecords(rig, task, 5);
    expect(account).toMatchObject({
      ...{ records: 5, rows: 4, deletesIgnored: 1, dirtyRecords: 0, dirtyValues: 4 },
    });
    const rows = await rig.readRows("dirty", "id, n, s");
    expect(rows.sort((x, y) => (String(x.id) < String(y.id) ? -1 : 1))).toEqual([
      { id: "a", n: 1n, s: "fine" },
      { id: "b", n: null, s: "fine" },
      { id: "c", n: null, s: null },
      { id: "e", n: null, s: null },
    ]);
    const position = expect.stringMatching(sequence);
    const mismatch = { reason: "type_mismatch", position };
    expect(await readDirty("dirty")).toEqual([
      expect.objectContaining({ ...mismatch, key: '{"id":"b"}', column: "n", actual: "string" }),
      expect.objectContaining({ ...mismatch, key: '{"id":"c"}', column: "n", actual: "double" }),
      expect.objectContaining({ ...mismatch, key: '{"id":"c"}', column: "s", actual: "boolean" }),
      expect.objectContaining({
        ...{ key: '{"id":"e"}', column: "s", reason: "invalid_utf8", position },
        value: Buffer.from([0x61, 0xff, 0x62]).toString("base64"),
      }),
    ]);
    expect(await rig.database.prisma.dirtySample.count({ where: { taskId: task.id } })).toBe(4);
  });

  it("are only counted when the task keeps no dirty objects", async () => {
    await createTable(rig, "unkept", { definedColumns: [{ name: "n", type: "DCT_INTEGER" }] });
    const task = await rig.createTask({
      ...{ name: "unkept", table: "unkept", mode: "incremental", dirtyPrefix: null },
    });
    await write(
      rig,
      "unkept",
      ids("r", 50).map((id) => ({ id, values: { n: "text" } })),
    );
    const account = await waitForRecords(rig, task, 50);
    expect(account).toMatchObject({ rows: 50, dirtyValues: 50 });
    expect(await rig.listKeys("_dirty/unkept")).toEqual([]);
  });
});

describe.concurrent("changes", () => {
  it("updates bring the changed columns, deletes none; metadata lets readers rebuild the state", async () => {
    await createTable(rig, "changes");
    await write(rig, "changes", [{ id: "a", values: { x: int64(1), y: "one" } }]);
    const task = await rig.createTask({
      ...{ name: "changes", table: "changes", mode: "differential" },
      metadataColumns: ["_action", "_written_at", "_sequence"],
    });
    const beforeMs = Date.now();
    await write(rig, "changes", [{ id: "a", type: "UPDATE", values: { x: int64(2) } }]);
    await write(rig, "changes", [{ id: "b", values: { x: int64(7), y: "two" } }]);
    await write(rig, "changes", [{ id: "a", type: "DELETE" }]);
    const account = await waitForRecords(rig, task, 4);
    expect(account).toMatchObject({ records: 4, rows: 3, deletesIgnored: 1 });
    const rows = await rig.readRows("changes", "*");
    const of = (id: string, action: string) =>
      rows.filter((row) => row.id === id && row._action === action);
    const sequenced = { _sequence: expect.stringMatching(sequence) };
    expect(of("a", "put")).toEqual([expect.objectContaining({ x: 1n, y: "one" })]);
    expect(of("a", "update")).toEqual([expect.objectContaining({ x: 2n, y: null, ...sequenced })]);
    expect(of("b", "put")).toEqual([expect.objectContaining({ x: 7n, y: "two", ...sequenced })]);
    const writtenAtMs = Number(of("b", "put")[0]?._written_at) / 1_000;
    expect(writtenAtMs).toBeGreaterThanOrEqual(beforeMs - 1);
    expect(writtenAtMs).toBeLessThanOrEqual(Date.now());
  });
});

describe.concurrent("schemas", () => {
  it("auto: a column seen for the first time starts a version at a batch border; old and new read together", async () => {
    await createTable(rig, "grows");
    await write(
      rig,
      "grows",
      ids("old-", 10).map((id) => ({ id, values: { x: int64(1) } })),
    );
    const task = await rig.createTask({ name: "grows", table: "grows", mode: "differential" });
    await write(
      rig,
      "grows",
      ids("plain-", 20).map((id) => ({ id, values: { x: int64(1) } })),
    );
    await write(
      rig,
      "grows",
      ids("more-", 20).map((id) => ({ id, values: { extra: "new" } })),
    );
    await waitForRecords(rig, task, 50);
    expect(
      await rig.readRows("grows", "count(*) AS n, count(x) AS x, count(extra) AS extra"),
    ).toEqual([{ n: 50n, x: 30n, extra: 20n }]);
    const { currentSchema } = await viewTask(rig, "grows");
    expect(currentSchema.version).toBeGreaterThan(1);
    expect(currentSchema.columns.map(({ name }) => name)).toEqual(["id", "x", "extra"]);
  });

  it("manual: columns are renamed, ordered and typed as asked; others are counted as unmapped", async () => {
    await createTable(rig, "manual");
    const column = (
      source: string,
      name: string,
      type: "INT64" | "UTF8" | "DOUBLE" | "BINARY",
    ) => ({
      ...{ source, name, type },
    });
    const task = await rig.createTask({
      ...{ name: "manual", table: "manual", mode: "incremental" },
      schema: {
        kind: "manual",
        columns: [
          column("price", "cost", "DOUBLE"),
          column("id", "order", "UTF8"),
          column("raw", "raw", "BINARY"),
        ],
      },
    });
    await write(rig, "manual", [
      { id: "a", values: { price: 2.5, note: "left out", raw: Buffer.from([1, 2]) } },
      { id: "b", values: { price: int64(3), note: "left out", other: true } },
    ]);
    const account = await waitForRecords(rig, task, 2);
    expect(account).toMatchObject({ rows: 2, unmappedValues: 3, dirtyValues: 1 });
    const rows = await rig.readRows("manual", "*");
    expect(rows.map((row) => Object.keys(row))).toEqual([
      ["cost", "order", "raw"],
      ["cost", "order", "raw"],
    ]);
    expect(rows.find((row) => row.order === "a")?.cost).toBe(2.5);
    expect(rows.find((row) => row.order === "b")?.cost).toBeNull();
  });
});

describe.concurrent("objects", () => {
  it.each([
    { compression: "uncompressed", suffix: "", codec: "UNCOMPRESSED" },
    { compression: "snappy", suffix: ".parquet", codec: "SNAPPY" },
    { compression: "zstd", suffix: ".parquet", codec: "ZSTD" },
  ] as const)(
    "are compressed with $compression, end in '$suffix' and say in their footer whose they are",
    async ({ compression, suffix, codec }) => {
      const name = `c-${compression}`;
      const table = name.replace("-", "_");
      await createTable(rig, table);
      await write(
        rig,
        table,
        ids("r", 300).map((id) => ({ id, values: { s: "abc".repeat(50) } })),
      );
      const task = await rig.createTask({
        ...{ name, table, mode: "full", compression, objectSuffix: suffix },
      });
      await waitForRecords(rig, task, 300);
      const keys = await waitUntil("objects", async () => {
        const listed = await rig.listKeys(`${name}/`);
        return listed.length > 0 && listed;
      });
      expect(keys.filter((key) => !key.endsWith(`__1${suffix}`))).toEqual([]);
      const query = (statement: string) => queryDataset(rig.store, `${name}/`, statement);
      expect(await query("SELECT DISTINCT compression FROM parquet_metadata({files})")).toEqual([
        { compression: codec },
      ]);
      expect(await query("SELECT count(*) AS n FROM read_parquet({files})")).toEqual([{ n: 300n }]);
      const [footer] = await query(
        "SELECT decode(value) AS value FROM parquet_kv_metadata({files}) WHERE decode(key) = 'culvert.task'",
      );
      expect(footer).toEqual({ value: name });
    },
  );
});

describe.concurrent("objects", () => {
  type Facts = {
    readonly key: string;
    readonly channel_id: string;
    readonly lane: number;
    readonly number: bigint;
    readonly start_checkpoint: string;
    readonly end_checkpoint: string;
    readonly schema_version: number;
  };
  const factsOf = (taskId: string) =>
    rig.database.prisma.$queryRaw<Facts[]>`
      SELECT o.key, c.channel_id, c.lane, b.number, b.start_checkpoint, b.end_checkpoint,
             b.schema_version
      FROM delivered_object o
      JOIN channel c ON c.id = o.channel_key
      JOIN batch b ON b.channel_key = o.channel_key AND b.number = o.batch_number
      WHERE o.task_id = ${taskId}::uuid AND o.kind = 'rows'`;

  it("explain themselves: each footer names task, table, channel, batch, range and schema version as the ledger has them", async () => {
    await createTable(rig, "explained");
    const rowsWith = (prefix: string, column: string) =>
      ids(prefix, 20).map((id) => ({ id, values: { [column]: "text" } }));
    await write(rig, "explained", rowsWith("old-", "x"));
    const task = await rig.createTask({
      ...{ name: "explained", table: "explained", mode: "differential" },
    });
    await waitForRecords(rig, task, 20);
    await write(rig, "explained", rowsWith("new-", "y"));
    await waitForRecords(rig, task, 40);
    const objects = await factsOf(task.id);
    expect(new Set(objects.map((facts) => facts.schema_version)).size).toBeGreaterThan(1);
    for (const facts of objects) {
      const pairs = await queryDataset(
        rig.store,
        facts.key,
        "SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata({files})",
      );
      expect(Object.fromEntries(pairs.map(({ key, value }) => [key, value]))).toEqual({
        "culvert.task": "explained",
        "culvert.table": "explained",
        "culvert.channel": facts.channel_id,
        "culvert.lane": String(facts.lane),
        "culvert.schema_version": String(facts.schema_version),
        "culvert.batch": String(facts.number),
        "culvert.start": facts.start_checkpoint,
        "culvert.end": facts.end_checkpoint,
      });
      const [file] = await queryDataset(
        rig.store,
        facts.key,
        "SELECT created_by FROM parquet_file_metadata({files})",
      );
      expect(file?.created_by).toMatch(/^culvert version \d+\.\d+\.\d+$/);
    }
  });
});
