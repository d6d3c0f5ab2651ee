import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  datasetMergeSchema,
  mergePageSchema,
  mergePreviewSchema,
} from "@/lib/contracts/merge-body";
import { objectIdMetadata } from "@/lib/core/object-key";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import type { MergeEngine } from "@/workers/delivery/merge/merge-engine";
import type { Merger } from "@/workers/delivery/merge/merger";
import { type Answer, callRoute } from "./testing/call-route";
import { createFinisher, withFinisher } from "./testing/finisher";
import { withInstallation } from "./testing/installation";
import { createMerger, idle } from "./testing/merger";
import { type Upload, uploadRows } from "./testing/upload-services";

const installation = withInstallation();
withFinisher(() => installation().services);

const call = (method: string, where: string, body?: unknown): Promise<Answer> =>
  callRoute(method, `/api/v1${where}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

let duckdb: DuckDBConnection;
let store: ObjectStore;
let scratch: string;
let adapters: ReturnType<typeof createFinisher>["adapters"];
const never = new AbortController().signal;

beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  scratch = mkdtempSync(path.join(os.tmpdir(), "culvert-merges-"));
  adapters = createFinisher(installation().services).adapters;
  store = createS3ObjectStore({
    ...installation().credentials.objectStore,
    bucket: "culvert-demo",
    forcePathStyle: true,
  });
});
afterAll(async () => {
  duckdb.closeSync();
  store.close();
  await adapters.close();
  rmSync(scratch, { recursive: true, force: true });
});

const merger = (bend: Parameters<typeof createMerger>[2] = {}) =>
  createMerger(installation().services, adapters, bend);
const prisma = () => installation().services.database.prisma;
const upload = (dataset: string, what: Upload) =>
  uploadRows(installation().services, dataset, what);

const columns = [
  { name: "id", type: "INT64" },
  { name: "price", type: "DOUBLE" },
  { name: "note", type: "UTF8" },
];
let datasets = 0;
async function makeDataset(settings: object | null = {}, more: object = {}): Promise<string> {
  datasets += 1;
  const name = `merges-${datasets}`;
  const body = { name, destinationId: "embedded", folder: `mg/${name}`, columns, ...more };
  expect((await call("POST", "/datasets", body)).status).toBe(201);
  if (settings !== null) {
    const answer = await call("PUT", `/datasets/${name}/merge-settings`, settings);
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
  }
  return name;
}

const rowsFrom = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    id: from + at,
    price: (from + at) / 4,
    note: at % 3 === 0 ? null : `n${at}`,
  }));
/** So many objects of ten rows, numbered from 0. */
const small = (objects: number, from = 0) =>
  Array.from({ length: objects }, (_, block) => rowsFrom(from + block * 10, 10));

async function keysUnder(folder: string): Promise<string[]> {
  return (await store.list({ prefix: `${folder}/` })).objects.map(({ key }) => key);
}

/** All rows of the folder as a reader who lists the bucket sees them; by default their ids. */
async function read(folder: string, select = "id", order = "ORDER BY id"): Promise<unknown[][]> {
  const keys = await keysUnder(folder);
  if (keys.length === 0) return [];
  const directory = mkdtempSync(path.join(scratch, "read-"));
  for (const key of keys) {
    mkdirSync(path.dirname(path.join(directory, key)), { recursive: true });
    writeFileSync(path.join(directory, key), (await store.read(key)) ?? "");
  }
  const files = `read_parquet('${directory}/${folder}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false, union_by_name = true)`;
  const result = await duckdb.runAndReadAll(`SELECT ${select} FROM ${files} ${order}`);
  return result.getRowsJS() as unknown[][];
}
const idsUnder = async (folder: string) => (await read(folder)).map(([id]) => Number(id));
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at);

/** Merges, then waits until whoever finishes commits has nothing left to do. */
async function mergeAll(by: Merger = merger()): Promise<number> {
  let merges = 0;
  while (await by.lookOnce(never)) merges += 1;
  await untilFinished();
  return merges;
}
async function untilFinished(): Promise<void> {
  for (let left = 1; left > 0; ) {
    left = await prisma().datasetCommit.count({ where: { finishedAt: null, errorCode: null } });
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
/** As if that much time had passed since everything of the dataset was published. */
async function letPass(dataset: string, seconds: number): Promise<void> {
  await prisma().$executeRaw`
    UPDATE dataset_commit c SET published_at = c.published_at - ${seconds} * interval '1 second'
    FROM dataset d WHERE d.id = c.dataset_id AND d.name = ${dataset}`;
}

async function describeDataset(name: string) {
  const { body } = await call("GET", `/datasets/${name}`);
  return { ...body, merge: datasetMergeSchema.parse(body.merge) };
}
async function merges(name: string) {
  return mergePageSchema.parse((await call("GET", `/datasets/${name}/merges`)).body).items;
}

describe("a merge", () => {
  it("makes one sorted object of small ones, in a folder of its own, and counts no row twice", async () => {
    const order = { kind: "sorted", columns: ["price"] };
    const name = await makeDataset({ objectsMin: 4, order }, { partitionColumns: ["ds"] });
    await upload(name, { partition: "ds=1", blocks: small(4).reverse() });
    await upload(name, { partition: "ds=2", blocks: small(3, 500) });
    expect(await mergeAll()).toBe(1);
    expect(await read(`mg/${name}_merged`, "id, ds", "")).toEqual(
      numbers(40).map((id) => [BigInt(id), "1"]),
    );
    expect(await keysUnder(`mg/${name}_merged`)).toHaveLength(1);
    expect(await idsUnder(`mg/${name}`)).toEqual([...numbers(40), ...numbers(30, 500)]);
    const dataset = await describeDataset(name);
    expect([dataset.objects, dataset.rows]).toEqual([7, 70]);
    expect(dataset.merge.merged).toMatchObject({ objects: 1, rows: 40 });
    const [merge] = await merges(name);
    expect(merge).toMatchObject({
      ...{ spec: "ds=1", state: "published", isAsked: false, error: null, order },
      inputs: { objects: 4, rows: 40, bytes: dataset.merge.doubledBytes },
      outputs: { objects: 1, rows: 40, bytes: dataset.merge.merged.bytes },
      ...{ removeAfter: null, originalsRemovedAt: null },
    });
    const ddl = await call("GET", `/datasets/${name}/ddl?dialect=duckdb&copy=merged`);
    expect(ddl.body.statement).toContain(`mg/${name}_merged/`);
    const objects = await call("GET", `/datasets/${name}/objects`);
    expect(objects.body.total).toBe(7);
  });

  it("waits for enough of them, takes a large one at once, and takes all when it is asked", async () => {
    const name = await makeDataset({ objectsMin: 5, smallBytes: 4_000, targetBytes: 1_000_000 });
    await upload(name, { blocks: small(4) });
    expect(await mergeAll()).toBe(0);
    expect((await call("POST", `/datasets/${name}/merges`, {})).body).toMatchObject({
      merges: [{ state: "waiting", isAsked: true, spec: "" }],
      left: 0,
    });
    expect(await mergeAll()).toBe(1);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(40));
    await upload(name, { blocks: [...small(1, 40), rowsFrom(50, 1_000)] });
    expect(await mergeAll()).toBe(1);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(1_050));
    expect(await keysUnder(`mg/${name}_merged`)).toHaveLength(2);
    expect((await call("POST", `/datasets/${name}/merges`, {})).body).toEqual({
      merges: [],
      left: 0,
    });
  });

  it("asked for once, goes on until all that was there then is merged, a target's worth at a time", async () => {
    const name = await makeDataset({ objectsMin: 100, smallBytes: 1_024, targetBytes: 1_500 });
    await upload(name, { blocks: small(5) });
    await call("POST", `/datasets/${name}/merges`, {});
    expect(await mergeAll()).toBeGreaterThan(1);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(50));
    expect((await describeDataset(name)).merge.merged.rows).toBe(50);
  });

  it("keeps -0, NaN and nulls, and fills columns that came later with nulls", async () => {
    for (const kind of ["none", "sorted", "zordered"] as const) {
      const order = {
        kind,
        columns: { none: [], sorted: ["price"], zordered: ["price", "id"] }[kind],
      };
      const name = await makeDataset({ objectsMin: 2, order });
      const odd = [
        '{"id":1,"price":-0.0}',
        '{"id":2,"price":0.0}',
        '{"id":3,"price":"NaN"}',
        '{"id":4}',
      ];
      await upload(name, { blocks: [odd] });
      const later = [...columns, { name: "more", type: "UTF8" }];
      expect((await call("PATCH", `/datasets/${name}`, { columns: later })).status).toBe(200);
      await upload(name, { blocks: [[{ id: 5, price: 1, more: "new" }]] });
      expect(await mergeAll()).toBe(1);
      const select = "id::INTEGER, signbit(price), price::VARCHAR, more";
      expect(await read(`mg/${name}_merged`, select)).toEqual([
        [1, true, "-0.0", null],
        [2, false, "0.0", null],
        [3, false, "nan", null],
        [4, null, null, null],
        [5, false, "1.0", "new"],
      ]);
    }
  });

  it("happens once, whoever looks: of two workers one merges, and one that lost it decides nothing", async () => {
    const name = await makeDataset({ objectsMin: 2 });
    await upload(name, { blocks: small(3) });
    const done = await Promise.all([merger().lookOnce(never), merger().lookOnce(never)]);
    expect(done.filter(Boolean)).toHaveLength(1);
    await untilFinished();
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(30));

    await upload(name, { blocks: small(2, 100) });
    const fenced: string[] = [];
    const zombie = merger({
      // While it works, its hold runs out and somebody else takes the merge up and finishes it.
      engine: whileMerging(async () => {
        do await prisma().datasetMerge.updateMany({ data: { holdUntil: new Date(0) } });
        while (!(await merger().lookOnce(never)));
      }),
      events: { mergeFenced: ({ dataset }) => fenced.push(dataset) },
    });
    expect(await zombie.lookOnce(never)).toBe(true);
    await untilFinished();
    expect(fenced).toEqual([name]);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual([...numbers(30), ...numbers(20, 100)]);
  });

  it("waits while the machine is busy, and goes on afterwards", async () => {
    const name = await makeDataset({ objectsMin: 2 });
    await upload(name, { blocks: small(2) });
    let loadPerCore = 9;
    const paused = merger({ load: () => ({ ...idle, loadPerCore }) });
    expect(await paused.lookOnce(never)).toBe(false);
    expect(await merges(name)).toEqual([]);
    loadPerCore = 0;
    expect(await paused.lookOnce(never)).toBe(true);
    await untilFinished();
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(20));
  });
});

/** An engine that lets something happen first. */
function whileMerging(happen: () => Promise<void>) {
  return (engine: MergeEngine): MergeEngine => ({
    merge: async (work, signal) => {
      await happen();
      return engine.merge(work, signal);
    },
  });
}

describe("D8: originals", () => {
  it("go when their copy has been visible for the grace time, and only ours do", async () => {
    const settings = { objectsMin: 3, originals: "remove", graceSeconds: 3_600 };
    const name = await makeDataset(settings);
    await upload(name, { blocks: small(3) });
    expect(await mergeAll()).toBe(1);
    const originals = await keysUnder(`mg/${name}`);
    const [foreign = ""] = originals;
    await putForeign(foreign);
    await letPass(name, 3_590);
    await mergeAll();
    expect(await keysUnder(`mg/${name}`)).toEqual(originals);
    expect((await merges(name))[0]?.removeAfter).not.toBeNull();
    await letPass(name, 11);
    await mergeAll();
    expect(await keysUnder(`mg/${name}`)).toEqual([foreign]);
    const dataset = await describeDataset(name);
    expect([dataset.objects, dataset.rows, dataset.merge.doubledBytes]).toEqual([1, 30, 0]);
    expect(dataset.bytes).toBe(dataset.merge.merged.bytes);
    expect((await merges(name))[0]?.originalsRemovedAt).not.toBeNull();
    // What is merged is not merged again, and what comes later is.
    await upload(name, { blocks: small(3, 30) });
    expect(await mergeAll()).toBe(1);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(60));
    expect((await describeDataset(name)).rows).toBe(60);
  });

  it("stay as long as a download has them, which reads each row once, as one made afterwards does", async () => {
    const settings = { objectsMin: 3, originals: "remove", graceSeconds: 0 };
    const order = { kind: "sorted", columns: ["note"] };
    const name = await makeDataset({ ...settings, order });
    await upload(name, { blocks: small(3).reverse() });
    const before = await download(name);
    const expected = await before.read();
    expect(expected.toSorted(byNumber)).toEqual(numbers(30));
    expect(await mergeAll()).toBe(1);
    await upload(name, { blocks: small(1, 30) });
    await mergeAll();
    expect(await keysUnder(`mg/${name}`)).toHaveLength(4);
    expect(await before.read()).toEqual(expected);
    await prisma().downloadSession.update({
      where: { id: before.id },
      data: { expiresAt: new Date(0) },
    });
    await mergeAll();
    expect(await keysUnder(`mg/${name}`)).toHaveLength(1);
    expect((await (await download(name)).read()).toSorted(byNumber)).toEqual(numbers(40));
  });

  it("stay when their copy is not there any more, and that is told", async () => {
    const name = await makeDataset({ objectsMin: 2, originals: "remove", graceSeconds: 0 });
    await upload(name, { blocks: small(2) });
    // Nobody releases before the copy is gone.
    await call("PUT", `/datasets/${name}/merge-settings`, { objectsMin: 2 });
    expect(await mergeAll()).toBe(1);
    for (const key of await keysUnder(`mg/${name}_merged`)) await store.remove(key);
    const settings = { objectsMin: 2, originals: "remove", graceSeconds: 0 };
    await call("PUT", `/datasets/${name}/merge-settings`, settings);
    await mergeAll();
    expect(await idsUnder(`mg/${name}`)).toEqual(numbers(20));
    expect((await merges(name))[0]).toMatchObject({
      ...{ state: "published", originalsRemovedAt: null, error: { code: "merge.copy_gone" } },
    });
  });

  it("that are broken are neither merged nor removed, and the merge names them until they are mended", async () => {
    const name = await makeDataset({ objectsMin: 3, originals: "remove", graceSeconds: 0 });
    await upload(name, { blocks: small(3) });
    const [key = ""] = await keysUnder(`mg/${name}`);
    const whole = (await store.read(key)) ?? new Uint8Array();
    const metadata = (await store.head(key))?.metadata ?? {};
    const altered = Uint8Array.from(whole);
    altered[6] = (altered[6] ?? 0) ^ 0xff;
    for (const [bytes, code] of [
      [altered, "merge.input_broken"],
      [whole.subarray(0, whole.byteLength - 1), "merge.input_broken"],
      [null, "merge.input_gone"],
    ] as const) {
      await store.remove(key);
      if (bytes) await put(key, bytes, metadata);
      await prisma().datasetMerge.updateMany({ data: { nextTryAt: null } });
      expect(await merger().lookOnce(never)).toBe(true);
      expect((await merges(name))[0]).toMatchObject({
        ...{ state: "waiting", outputs: null, error: { code } },
      });
      expect(await keysUnder(`mg/${name}_merged`)).toEqual([]);
      expect(await keysUnder(`mg/${name}`)).toHaveLength(bytes ? 3 : 2);
    }
    await put(key, whole, metadata);
    await prisma().datasetMerge.updateMany({ data: { nextTryAt: null } });
    expect(await mergeAll()).toBe(1);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(30));
  });

  it("and a copy that is not what they are is thrown away", async () => {
    const name = await makeDataset({ objectsMin: 2 });
    await upload(name, { blocks: small(2) });
    const lying = merger({
      engine: (engine) => ({
        merge: async (work, signal) => {
          const { verdict, ...rest } = await engine.merge(work, signal);
          expect(verdict).toEqual({ kind: "merged", rows: 20 });
          return { ...rest, verdict: { kind: "copy_differs", what: "sum" } };
        },
      }),
    });
    expect(await lying.lookOnce(never)).toBe(true);
    expect((await merges(name))[0]).toMatchObject({
      ...{ state: "waiting", error: { code: "merge.copy_differs" } },
    });
    expect(await keysUnder(`mg/${name}_merged`)).toEqual([]);
    await prisma().datasetMerge.updateMany({ data: { nextTryAt: null } });
    expect(await mergeAll()).toBe(1);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(20));
  });
});

const byNumber = (one: number, other: number) => one - other;

async function put(
  key: string,
  body: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const contentType = "application/vnd.apache.parquet";
  const uploadId = await store.createUpload({ key, metadata, contentType });
  const parts = [await store.uploadPart({ key, uploadId, partNumber: 1, body })];
  await store.completeUpload({ key, uploadId, parts });
}

/** Somebody else's object at a key of ours. */
async function putForeign(key: string): Promise<void> {
  await store.remove(key);
  await put(key, Buffer.from("foreign"), { [objectIdMetadata]: "somebody-else" });
}

async function download(name: string) {
  const made = await call("POST", `/datasets/${name}/download-sessions`, {});
  expect(made.status).toBe(201);
  const { id } = made.body as { id: string };
  return {
    id,
    read: async () => {
      const rows = await call("GET", `/datasets/${name}/download-sessions/${id}/rows?columns=id`);
      expect(rows.status).toBe(200);
      const lines = rows.text.trim().split("\n");
      return lines.map((line) => Number((JSON.parse(line) as { id: number }).id));
    },
  };
}

describe("an overwrite", () => {
  const settings = { objectsMin: 2, originals: "remove", graceSeconds: 0 };

  it("of what is being merged makes the merge outdated: nothing of it becomes visible", async () => {
    const name = await makeDataset(settings);
    await upload(name, { blocks: small(2) });
    const slow = merger({
      engine: whileMerging(async () => {
        await upload(name, { overwrite: true, blocks: small(1, 100) });
      }),
    });
    expect(await slow.lookOnce(never)).toBe(true);
    await untilFinished();
    expect(await keysUnder(`mg/${name}_merged`)).toEqual([]);
    expect((await merges(name))[0]).toMatchObject({
      state: "outdated",
      outputs: null,
      error: null,
    });
    expect(await prisma().upload.count({ where: { key: { contains: `${name}_merged` } } })).toBe(0);
    expect(await idsUnder(`mg/${name}`)).toEqual(numbers(10, 100));
  });

  it("takes the merged copies of what it replaces away too, be they published or not", async () => {
    const name = await makeDataset({ ...settings, originals: "keep" });
    await upload(name, { blocks: small(2) });
    expect(await merger().lookOnce(never)).toBe(true);
    // Its copy may be visible by now or not: the overwrite waits for it either way.
    await upload(name, { overwrite: true, blocks: small(1, 100) });
    await untilFinished();
    expect(await keysUnder(`mg/${name}_merged`)).toEqual([]);
    expect((await merges(name))[0]?.state).toBe("overwritten");
    const dataset = await describeDataset(name);
    expect([dataset.objects, dataset.rows, dataset.merge.doubledBytes]).toEqual([1, 10, 0]);
    expect(dataset.merge.merged).toEqual({ objects: 0, rows: 0, bytes: 0 });
  });

  it("of what only merged copies still hold leaves nothing of it", async () => {
    const name = await makeDataset(settings);
    await upload(name, { blocks: small(2) });
    expect(await mergeAll()).toBe(1);
    await mergeAll();
    expect(await keysUnder(`mg/${name}`)).toEqual([]);
    await upload(name, { overwrite: true, blocks: small(2, 100) });
    expect(await mergeAll()).toBe(1);
    expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(20, 100));
    expect((await describeDataset(name)).rows).toBe(20);
  });
});

it("a merge whose upload the store lost after it was decided is undone, and made anew", async () => {
  const name = await makeDataset({ objectsMin: 2 });
  await upload(name, { blocks: small(2) });
  // Before the finisher can see it: the upload goes in the moment of the decision.
  const losing = merger({
    ledger: (real) => ({
      ...real,
      decideMerge: async (request) => {
        await store.abortUpload({ key: request.copy.key, uploadId: request.copy.uploadId });
        return real.decideMerge(request);
      },
    }),
  });
  expect(await losing.lookOnce(never)).toBe(true);
  for (let lost = 0; lost === 0; ) {
    const errorCode = "destination.upload_gone";
    lost = await prisma().datasetCommit.count({ where: { errorCode } });
  }
  expect(await mergeAll()).toBe(1);
  expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(20));
  expect((await merges(name)).map(({ state, error }) => [state, error?.code])).toEqual([
    ["published", undefined],
    ["outdated", "destination.upload_gone"],
  ]);
});

it("a worker that stops in the middle gives the merge back whole", async () => {
  const name = await makeDataset({ objectsMin: 2 });
  await upload(name, { blocks: small(2) });
  const ended = new AbortController();
  const stopping = merger({ engine: whileMerging(async () => ended.abort()) });
  expect(await stopping.lookOnce(ended.signal)).toBe(true);
  expect((await merges(name))[0]).toMatchObject({ state: "waiting", error: null });
  expect(await mergeAll()).toBe(1);
  expect(await idsUnder(`mg/${name}_merged`)).toEqual(numbers(20));
});

it("a worker that sees a merge decided and loses the answer does not decide it twice", async () => {
  const name = await makeDataset({ objectsMin: 2 });
  await upload(name, { blocks: small(2) });
  const outcomes: string[] = [];
  const deaf = merger({
    ledger: (real) => ({
      ...real,
      decideMerge: async (request) => {
        outcomes.push(await real.decideMerge(request), await real.decideMerge(request));
        return "decided";
      },
    }),
  });
  expect(await deaf.lookOnce(never)).toBe(true);
  await untilFinished();
  expect(outcomes).toEqual(["decided", "decided"]);
  expect(await keysUnder(`mg/${name}_merged`)).toHaveLength(1);
});

describe("readers who look for 1 % of the rows", () => {
  const rowGroupsTouched = async (name: string, column: string, low: number, high: number) => {
    const [key = ""] = await keysUnder(`mg/${name}_merged`);
    const file = path.join(scratch, `${name}.parquet`);
    writeFileSync(file, (await store.read(key)) ?? "");
    const result = await duckdb.runAndReadAll(
      `SELECT count(*) FILTER (WHERE stats_max_value::DOUBLE >= ${low} AND stats_min_value::DOUBLE <= ${high}), count(*)
       FROM parquet_metadata('${file}') WHERE path_in_schema = '${column}'`,
    );
    return (result.getRowsJS()[0] ?? []).map(Number);
  };
  /** Two columns that have nothing to do with each other, in no order. */
  const scattered = Array.from({ length: 10 }, (_, block) =>
    Array.from({ length: 4_096 }, (_, at) => {
      const index = block * 4_096 + at;
      return { id: (index * 7_919) % 40_960, price: (index * 104_729) % 40_960 };
    }),
  );
  const rowGroupRows = 2_048;

  it("read all row groups of a copy without an order, one or two of a sorted one, few by either column of a z-ordered one", async () => {
    const touched: Record<string, number[]> = {};
    for (const [kind, by] of [
      ["none", []],
      ["sorted", ["id"]],
      ["zordered", ["id", "price"]],
    ] as const) {
      const name = await makeDataset({ objectsMin: 2, rowGroupRows, order: { kind, columns: by } });
      await upload(name, { blocks: scattered });
      expect(await mergeAll()).toBe(1);
      const [ofId = 0, groups] = await rowGroupsTouched(name, "id", 20_000, 20_409);
      const [ofPrice = 0] = await rowGroupsTouched(name, "price", 20_000, 20_409);
      expect(groups).toBe(20);
      touched[kind] = [ofId, ofPrice];
    }
    expect(touched.none).toEqual([20, 20]);
    expect(touched.sorted?.[0]).toBeLessThanOrEqual(2);
    expect(touched.sorted?.[1]).toBe(20);
    expect(touched.zordered?.[0]).toBeLessThanOrEqual(10);
    expect(touched.zordered?.[1]).toBeLessThanOrEqual(10);
  });
});

describe("merge settings", () => {
  it("are checked whole: order, sizes, and a folder that is nobody else's", async () => {
    const name = await makeDataset(null);
    expect((await call("GET", `/datasets/${name}`)).body.merge).toBeNull();
    const put = (body: object) => call("PUT", `/datasets/${name}/merge-settings`, body);
    const refused = await put({
      ...{ folder: `mg/${name}/within`, objectsMin: 1, smallBytes: 5_000, targetBytes: 4_000 },
      order: { kind: "zordered", columns: ["id", "gone"] },
    });
    expect(refused.status).toBe(422);
    expect(refused.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      "objectsMin",
      "order.columns[1]",
      "smallBytes",
    ]);
    expect((await put({ folder: `mg/${name}/within` })).body.errors).toMatchObject([
      { field: "folder" },
    ]);
    const other = await makeDataset();
    expect((await put({ folder: `mg/${other}_merged` })).body.errors).toMatchObject([
      { field: "folder" },
    ]);
    await putForeign(`mg/elsewhere/${name}.parquet`);
    expect((await put({ folder: "mg/elsewhere" })).body).toMatchObject({
      ...{ code: "dataset.folder_foreign", errors: [{ field: "folder" }] },
    });
    const within = { name: "within-merged", destinationId: "embedded", columns };
    const made = await call("POST", "/datasets", { ...within, folder: `mg/${other}_merged/deep` });
    expect([made.status, made.body.errors?.[0]?.field]).toEqual([422, "folder"]);
    expect((await put({})).body.merge).toMatchObject({
      folder: `mg/${name}_merged`,
      isEnabled: true,
    });
  });

  it("keep their folder once a copy stands in it, and switched off merge only what is asked for", async () => {
    const name = await makeDataset({ objectsMin: 2, isEnabled: false });
    await upload(name, { blocks: small(2) });
    expect(await mergeAll()).toBe(0);
    await call("POST", `/datasets/${name}/merges`, { partition: "" });
    expect(await mergeAll()).toBe(1);
    const moved = await call("PUT", `/datasets/${name}/merge-settings`, { folder: "mg/moved" });
    expect([moved.status, moved.body.errors?.[0]?.field]).toEqual([422, "folder"]);
    const { status } = await call("PUT", `/datasets/${name}/merge-settings`, { objectsMin: 9 });
    expect(status).toBe(200);
  });

  it("say beforehand what they would do", async () => {
    const name = await makeDataset(null, { partitionColumns: ["ds"] });
    await upload(name, { partition: "ds=1", blocks: small(6) });
    await upload(name, { partition: "ds=2", blocks: small(2, 100) });
    const body = { objectsMin: 5, originals: "remove", graceSeconds: 60 };
    const answer = await call("POST", `/datasets/${name}/merges/preview`, body);
    const preview = mergePreviewSchema.parse(answer.body);
    expect(preview).toMatchObject({
      total: { objects: 6, rows: 60, outputObjects: 1 },
      partitions: [{ spec: "ds=1", folder: `mg/${name}/ds=1`, objects: 6 }],
      ...{ partitionCount: 1, waiting: { objects: 2, partitions: 1 }, extraSeconds: 60 },
    });
    expect(preview.extraBytes).toBe(preview.total.bytes);
    expect((await call("GET", `/datasets/${name}`)).body.merge).toBeNull();
    expect((await call("POST", `/datasets/${name}/merges`, {})).body.code).toBe(
      "merge.not_configured",
    );
  });
});

it("a dataset made again where one was merged takes its own objects over, and none of the copies", async () => {
  const name = await makeDataset({ objectsMin: 2 });
  await upload(name, { blocks: small(2) });
  expect(await mergeAll()).toBe(1);
  expect((await call("DELETE", `/datasets/${name}`)).status).toBe(204);
  const body = { name, destinationId: "embedded", folder: `mg/${name}`, columns };
  const again = await call("POST", "/datasets", body);
  expect(again.body).toMatchObject({ objects: 2, rows: 20, merge: null });
  const put = (settings: object) => call("PUT", `/datasets/${name}/merge-settings`, settings);
  expect((await put({ objectsMin: 2 })).body.code).toBe("dataset.folder_foreign");
  expect((await put({ objectsMin: 2, folder: `mg/${name}_again` })).status).toBe(200);
  expect(await mergeAll()).toBe(1);
  expect(await idsUnder(`mg/${name}_again`)).toEqual(numbers(20));
});
