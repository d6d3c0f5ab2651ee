import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { downloadSessionViewSchema } from "@/lib/contracts/download-session-body";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { callRoute } from "./testing/call-route";
import { withFinisher } from "./testing/finisher";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
withFinisher(() => installation().services);

const call = (method: string, where: string, body?: unknown) =>
  callRoute(method, `/api/v1${where}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

let duckdb: DuckDBConnection;
let scratch: string;
beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  scratch = mkdtempSync(path.join(os.tmpdir(), "culvert-downloads-"));
});
afterAll(() => {
  duckdb.closeSync();
  rmSync(scratch, { recursive: true, force: true });
});

const columns = [
  { name: "id", type: "INT64" },
  { name: "price", type: "DOUBLE" },
  { name: "note", type: "UTF8" },
  { name: "seen", type: "BOOLEAN" },
  { name: "raw", type: "BINARY" },
];
let datasets = 0;
async function makeDataset(partitionColumns: string[] = []): Promise<string> {
  datasets += 1;
  const name = `downloads-${datasets}`;
  const body = {
    name,
    destinationId: "embedded",
    folder: `down/${name}`,
    columns,
    partitionColumns,
  };
  expect((await call("POST", "/datasets", body)).status).toBe(201);
  return name;
}

async function upload(
  dataset: string,
  rows: string,
  options: { partition?: string; overwrite?: boolean; type?: string } = {},
): Promise<void> {
  const { type = "application/x-ndjson", ...body } = options;
  const { id } = (await call("POST", `/datasets/${dataset}/upload-sessions`, body)).body;
  const block = await callRoute(
    "PUT",
    `/api/v1/datasets/${dataset}/upload-sessions/${id}/blocks/0`,
    {
      headers: {
        authorization: `Bearer ${installation().credentials.console.apiKey}`,
        "content-type": type,
      },
      body: rows,
    },
  );
  expect([block.status, block.text]).toEqual([200, block.text]);
  const done = await call("POST", `/datasets/${dataset}/upload-sessions/${id}/commit`, {
    blocks: [0],
  });
  expect(done.body.status).toBe("committed");
}

async function begin(dataset: string, body: object = {}): Promise<{ id: string; rows: number }> {
  const made = await call("POST", `/datasets/${dataset}/download-sessions`, body);
  expect(made.status).toBe(201);
  return downloadSessionViewSchema.parse(made.body);
}

/** The handler's own bytes: text would spoil Parquet. */
async function read(dataset: string, id: string, query: string): Promise<Uint8Array> {
  const route = await import("./v1/datasets/[name]/download-sessions/[id]/rows/route");
  const url = `http://127.0.0.1:3000/api/v1/datasets/${dataset}/download-sessions/${id}/rows?${query}`;
  const headers = { authorization: `Bearer ${installation().credentials.console.apiKey}` };
  const params = Promise.resolve({ name: dataset, id });
  const response = await route.GET(new Request(url, { headers }), { params });
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}
const text = async (dataset: string, id: string, query: string) =>
  Buffer.from(await read(dataset, id, query)).toString();

const lines = (from: number, count: number) =>
  Array.from(
    { length: count },
    (_, at) =>
      `{"id":${from + at},"price":${(from + at) / 8},"note":"note ${from + at}","seen":${at % 2 === 0}}\n`,
  ).join("");

describe("a download session", () => {
  it("gives every value back as it was uploaded, in each format", async () => {
    const dataset = await makeDataset(["ds"]);
    const odd = [
      '{"id":-9223372036854775808,"price":"NaN","note":"a \\"b\\",\\n","seen":true,"raw":"AAH/"}',
      '{"id":9007199254740993,"price":"-Infinity","note":"","seen":false,"raw":""}',
      '{"id":7,"price":-0.0,"note":" 漢 "}',
      "{}",
    ].join("\n");
    await upload(dataset, odd, { partition: "ds=a" });
    const { id, rows } = await begin(dataset);
    expect(rows).toBe(4);
    const again = await makeDataset(["ds"]);
    for (const [format, type] of [
      ["ndjson", "application/x-ndjson"],
      ["csv", "text/csv"],
    ] as const) {
      const out = await text(dataset, id, `format=${format}`);
      await upload(again, out, { partition: `ds=${format}`, type });
    }
    const copy = await begin(again);
    expect(copy.rows).toBe(8);
    const file = (name: string) => path.join(scratch, name);
    writeFileSync(file("one.parquet"), await read(dataset, id, "format=parquet"));
    writeFileSync(
      file("two.parquet"),
      await read(again, copy.id, "format=parquet&columns=id,price,note,seen,raw,ds"),
    );
    const same = await duckdb.runAndReadAll(
      `SELECT ds, count(*) FROM '${file("two.parquet")}' two
       JOIN '${file("one.parquet")}' one
         ON two.id IS NOT DISTINCT FROM one.id AND two.note IS NOT DISTINCT FROM one.note
        AND two.price::VARCHAR IS NOT DISTINCT FROM one.price::VARCHAR
        AND two.seen IS NOT DISTINCT FROM one.seen AND two.raw IS NOT DISTINCT FROM one.raw
       GROUP BY ds ORDER BY ds`,
    );
    expect(same.getRows()).toEqual([
      ["csv", 4n],
      ["ndjson", 4n],
    ]);
  });

  it("is read in pieces, at the same time, and taken up where it broke off", async () => {
    const dataset = await makeDataset();
    for (let from = 0; from < 5_000; from += 1_250) await upload(dataset, lines(from, 1_250));
    const { id, rows } = await begin(dataset);
    expect(rows).toBe(5_000);
    const whole = await text(dataset, id, "columns=id,note");
    const cuts = [0, 1, 1_249, 1_250, 3_333, 4_999, 5_000];
    const pieces = await Promise.all(
      cuts.slice(1).map((to, index) => {
        const from = cuts[index] ?? 0;
        return text(dataset, id, `from=${from}&count=${to - from}&columns=id,note`);
      }),
    );
    expect(pieces.join("")).toBe(whole);
    const ids = whole
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id);
    expect(new Set(ids).size).toBe(5_000);
    expect(await text(dataset, id, "from=5000")).toBe("");
  });

  it("stays as it was while others write, and says when an overwrite took its rows away", async () => {
    const dataset = await makeDataset(["ds"]);
    await upload(dataset, lines(0, 3), { partition: "ds=a" });
    await upload(dataset, lines(10, 3), { partition: "ds=b" });
    const { id, rows } = await begin(dataset);
    const before = await text(dataset, id, "columns=id,ds");
    await upload(dataset, lines(20, 3), { partition: "ds=a" });
    expect([rows, await text(dataset, id, "columns=id,ds")]).toEqual([6, before]);
    const one = await begin(dataset, { partition: "ds=a" });
    expect(one.rows).toBe(6);
    await upload(dataset, lines(30, 1), { partition: "ds=b", overwrite: true });
    const gone = await call("GET", `/datasets/${dataset}/download-sessions/${id}/rows`);
    expect([gone.status, gone.body.documentedName]).toEqual([409, "TableModified"]);
    // What the overwrite did not touch is still there.
    expect((await text(dataset, id, "count=3")).split("\n")).toHaveLength(4);
    expect((await text(dataset, one.id, "")).split("\n")).toHaveLength(7);
  });

  it("reads what a task delivered, null where an older object lacks a column", async () => {
    const dataset = await makeDataset();
    await upload(dataset, lines(0, 5));
    await installation().tables("createTable", {
      tableMeta: { tableName: "orders", primaryKey: [{ name: "id", type: "INTEGER" }] },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
    });
    const columnOf = (name: string, type: string) => ({ source: name, name, type });
    const task = {
      ...{ name: "orders", sourceId: "embedded", table: "orders", destinationId: "embedded" },
      ...{ prefix: "elsewhere", mode: "incremental" },
      schema: { kind: "manual", columns: [columnOf("id", "INT64"), columnOf("later", "UTF8")] },
    };
    expect((await call("POST", "/tasks", task)).status).toBe(201);
    // The ledger's word is enough to read an object: whose it is does not matter to its bytes.
    await installation().services.database.prisma.$executeRaw`
      UPDATE delivered_object o SET task_id = t.id, task_name = t.name, channel_key = 1, batch_number = 1,
        dataset_id = NULL, commit_id = NULL
      FROM task t WHERE t.name = 'orders' AND o.partition = ${`down/${dataset}`}`;
    const { id, rows } = await begin("orders");
    expect(rows).toBe(5);
    expect(await text("orders", id, "count=2")).toBe('{"id":0}\n{"id":1}\n');
    expect(await text("orders", id, "count=2&format=csv")).toBe("id,later\n0,\n1,\n");
  });
});

describe("a download is refused", () => {
  it("by its documented names", async () => {
    const dataset = await makeDataset();
    await upload(dataset, lines(0, 3));
    const { id } = await begin(dataset);
    const ask = async (query: string, session = id) => {
      const rows = `/datasets/${dataset}/download-sessions/${session}/rows?${query}`;
      const { status, body } = await call("GET", rows);
      return [status, body.documentedName];
    };
    expect(await ask("count=0")).toEqual([400, "InvalidRowRange"]);
    expect(await ask("from=2&count=2")).toEqual([400, "InvalidRowRange"]);
    expect(await ask("columns=id,colour")).toEqual([400, "InvalidColumnSpec"]);
    expect(await ask("columns=id,id")).toEqual([400, "InvalidColumnSpec"]);
    expect(await ask("columns=id&format=csv")).toEqual([400, "InvalidColumnSpec"]);
    expect(await ask("", "nonsense")).toEqual([404, "NoSuchDownload"]);
    const { prisma } = installation().services.database;
    await prisma.downloadSession.update({ where: { id }, data: { expiresAt: new Date(0) } });
    expect(await ask("")).toEqual([409, "StatusConflict"]);
  });

  it("half-way where an object is missing, so that nobody takes the answer for whole", async () => {
    const dataset = await makeDataset();
    await upload(dataset, lines(0, 3));
    const { id } = await begin(dataset);
    const store = createS3ObjectStore({
      ...installation().credentials.objectStore,
      bucket: "culvert-demo",
      forcePathStyle: true,
    });
    const { objects } = await store.list({ prefix: `down/${dataset}/` });
    for (const { key } of objects) await store.remove(key);
    store.close();
    await expect(read(dataset, id, "")).rejects.toThrow();
  });

  it("to everybody but downloaders and administrators", async () => {
    const dataset = await makeDataset();
    const { prisma } = installation().services.database;
    const statusAs = async (role: string, method: string, where: string) => {
      await prisma.user.updateMany({ data: { role } });
      return (
        await call(method, `/datasets/${dataset}${where}`, method === "POST" ? {} : undefined)
      ).status;
    };
    try {
      for (const [role, look, download, write] of [
        ["viewer", 200, 403, 403],
        ["downloader", 200, 201, 403],
        ["operator", 200, 403, 201],
        ["administrator", 200, 201, 201],
      ] as const) {
        const statuses = [
          await statusAs(role, "GET", ""),
          await statusAs(role, "POST", "/download-sessions"),
          await statusAs(role, "POST", "/upload-sessions"),
        ];
        expect([role, ...statuses]).toEqual([role, look, download, write]);
      }
    } finally {
      await prisma.user.updateMany({ data: { role: "administrator" } });
    }
  });
});
