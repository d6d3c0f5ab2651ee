import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { problemDocumentSchema } from "@/lib/contracts/problem-document";
import {
  streamFlushViewSchema,
  streamSessionViewSchema,
} from "@/lib/contracts/stream-session-body";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { createDatasetLedger } from "@/lib/db/dataset-ledger";
import { systemClock } from "@/lib/platform/clock";
import { createStreams } from "@/lib/services/streams/streams";
import { writeStreamFlush } from "@/lib/services/write-flush";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { type Answer, callRoute } from "./testing/call-route";
import { withFinisher } from "./testing/finisher";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
withFinisher(() => installation().services);

const authorization = () => `Bearer ${installation().credentials.console.apiKey}`;
const call = (method: string, where: string, body?: unknown): Promise<Answer> =>
  callRoute(method, `/api/v1${where}`, {
    headers: { authorization: authorization() },
    ...(body === undefined ? {} : { body }),
  });

let duckdb: DuckDBConnection;
let store: ObjectStore;
let scratch: string;
beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  scratch = mkdtempSync(path.join(os.tmpdir(), "culvert-streams-"));
  store = createS3ObjectStore({
    ...installation().credentials.objectStore,
    bucket: "culvert-demo",
    forcePathStyle: true,
  });
});
afterAll(() => {
  duckdb.closeSync();
  store.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Slots are the installation's: what one test leaves open the next ones miss. */
afterEach(async () => {
  const { prisma } = installation().services.database;
  await prisma.streamSession.updateMany({
    where: { endedAt: null },
    data: { endedAt: new Date() },
  });
});

const columns = [
  { name: "id", type: "INT64" },
  { name: "note", type: "UTF8" },
  { name: "price", type: "DOUBLE" },
  { name: "seen", type: "BOOLEAN" },
  { name: "raw", type: "BINARY" },
];
let datasets = 0;
async function makeDataset(partitionColumns: string[] = []): Promise<string> {
  datasets += 1;
  const name = `streams-${datasets}`;
  const place = { name, destinationId: "embedded", folder: `st/${name}` };
  const made = await call("POST", "/datasets", { ...place, columns, partitionColumns });
  expect(made.status).toBe(201);
  return name;
}

const quick = { flush: { milliseconds: 20 } };
async function begin(dataset: string, body: object = quick): Promise<string> {
  const made = await call("POST", `/datasets/${dataset}/stream-sessions`, body);
  expect([made.status, made.body.status]).toEqual([201, "normal"]);
  return made.body.id;
}

type FlushRequest = {
  readonly partition?: string;
  readonly type?: string;
  readonly length?: number;
};
async function flush(
  dataset: string,
  session: string,
  flushId: string,
  rows: string | Uint8Array | ReadableStream<Uint8Array>,
  { partition = "", type = "application/x-ndjson", length }: FlushRequest = {},
): Promise<Answer> {
  const route = await import("./v1/datasets/[name]/stream-sessions/[id]/flushes/[flushId]/route");
  const query = partition === "" ? "" : `?partition=${encodeURIComponent(partition)}`;
  const url = `http://127.0.0.1:3000/api/v1/datasets/${dataset}/stream-sessions/${session}/flushes/x${query}`;
  const request = new Request(url, {
    method: "PUT",
    headers: {
      authorization: authorization(),
      "content-type": type,
      ...(length === undefined ? {} : { "content-length": String(length) }),
    },
    body: (typeof rows === "string" ? Buffer.from(rows) : rows) as BodyInit,
    ...({ duplex: "half" } as object),
  });
  const params = Promise.resolve({ name: dataset, id: session, flushId });
  const response = await route.PUT(request, { params });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

/** A body of which one line comes, and its end when it is told. */
function slowly(line: string): { body: ReadableStream<Uint8Array>; finish: () => void } {
  let finish: () => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from(`${line}\n`));
      finish = () => controller.close();
    },
  });
  return { body, finish: () => finish() };
}
const receiving = () => installation().services.streams.gate.receiving;

const refusal = ({ status, body }: Answer) => [status, body.code, body.documentedName];

async function keysOf(dataset: string): Promise<string[]> {
  const { objects } = await store.list({ prefix: `st/${dataset}/` });
  return objects.map(({ key }) => key);
}

/** What a reader who lists the bucket sees. */
async function readBucket(dataset: string, select = "id"): Promise<unknown[][]> {
  const folder = mkdtempSync(path.join(scratch, "read-"));
  const keys = await keysOf(dataset);
  if (keys.length === 0) return [];
  for (const key of keys) {
    mkdirSync(path.dirname(path.join(folder, key)), { recursive: true });
    writeFileSync(path.join(folder, key), (await store.read(key)) ?? "");
  }
  const result = await duckdb.runAndReadAll(
    `SELECT ${select} FROM read_parquet('${folder}/st/${dataset}/**/*.parquet', hive_partitioning = true,
       hive_types_autocast = false, union_by_name = true) ORDER BY id`,
  );
  return result.getRowsJS() as unknown[][];
}

/** The ledger and the bucket have the same objects, each with the bytes that were decided. */
async function expectLedgerIsBucket(dataset: string): Promise<void> {
  const { items } = (await call("GET", `/datasets/${dataset}/objects`)).body;
  const { objects } = await store.list({ prefix: `st/${dataset}/` });
  expect(
    items.map(({ key, bytes }: { key: string; bytes: number }) => [key, bytes]).sort(),
  ).toEqual(objects.map(({ key, sizeBytes }) => [key, sizeBytes]).sort());
  for (const { writer, publishedAt } of items) {
    expect([writer, publishedAt]).toEqual(["stream", expect.any(String)]);
  }
}

describe("a flush", () => {
  it("T1: is answered once a reader of the bucket sees its rows, in a partition that it made", async () => {
    const dataset = await makeDataset(["dt"]);
    const id = await begin(dataset);
    const rows = [
      '{"id":9223372036854775807,"note":"漢 \\"x\\"","price":0.5,"seen":true,"raw":"AAH/"}',
      "",
      '{"id":-1}',
      '{"note":"","price":"NaN","id":"12","seen":false}',
    ].join("\n");
    const done = await flush(dataset, id, "first", rows, { partition: "dt=2026-11-20" });
    expect(await readBucket(dataset, "id, note, price, seen, hex(raw), dt")).toEqual([
      [-1n, null, null, null, null, "2026-11-20"],
      [12n, "", Number.NaN, false, null, "2026-11-20"],
      [9223372036854775807n, '漢 "x"', 0.5, true, "0001FF", "2026-11-20"],
    ]);
    const view = streamFlushViewSchema.parse(done.body);
    expect([done.status, view.rows, view.bytes]).toEqual([200, 3, Buffer.byteLength(rows)]);
    expect([view.key]).toEqual(await keysOf(dataset));
    expect(view.partition).toBe("dt=2026-11-20");
    const session = await call("GET", `/datasets/${dataset}/stream-sessions/${id}`);
    expect(streamSessionViewSchema.parse(session.body)).toMatchObject({
      ...{ flushes: 1, rows: 3, bytes: view.bytes, partitions: 1, slots: 8 },
    });
    expect((await call("GET", `/datasets/${dataset}`)).body).toMatchObject({ rows: 3, objects: 1 });
    await expectLedgerIsBucket(dataset);
  });

  it("T2: is the same when its pack comes again, whether the first is done, lost or under way", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset, { flush: { milliseconds: 300 } });
    const atOnce = await Promise.all(
      [1, 2, 3, 4, 5].map(() => flush(dataset, id, "one", '{"id":1}\n')),
    );
    const again = await flush(dataset, id, "one", '{"id":1}\n');
    const read = await call("GET", `/datasets/${dataset}/stream-sessions/${id}/flushes/one`);
    for (const answer of [...atOnce, again, read]) {
      expect([answer.status, answer.body]).toEqual([200, again.body]);
    }
    expect(await readBucket(dataset)).toEqual([[1n]]);
    const other = await flush(dataset, id, "one", '{"id":2}\n');
    expect(refusal(other)).toEqual([409, "stream.flush_differs", "StatusConflict"]);
    const unknown = await call("GET", `/datasets/${dataset}/stream-sessions/${id}/flushes/two`);
    expect(refusal(unknown)).toEqual([404, "stream.flush_not_found", "NoSuchData"]);
    expect(await readBucket(dataset)).toEqual([[1n]]);
  });

  it("T2, T3: is the same in another console, whose other packs it does not hold up", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset, { flush: { milliseconds: 400 } });
    const { services } = installation();
    const consoles = [1, 2, 3].map(() => ({ ...services, streams: createStreams(services) }));
    const answers = await Promise.all(
      consoles.flatMap((one, index) =>
        ["shared", `own-${index}`].map((flushId) => {
          const text = `{"id":${flushId === "shared" ? 100 : index}}`;
          const body = new Blob([text]).stream() as ReadableStream<Uint8Array>;
          const rows = { body, contentType: "application/x-ndjson", contentLength: null };
          return writeStreamFlush(one, { name: dataset, id, flushId }, "", rows);
        }),
      ),
    );
    const shared = answers.filter(({ flushId }) => flushId === "shared");
    expect(new Set(shared.map((view) => JSON.stringify(view))).size).toBe(1);
    expect(await readBucket(dataset)).toEqual([[0n], [1n], [2n], [100n]]);
    await expectLedgerIsBucket(dataset);
  });

  it("is grouped with others: two hundred clients make a few objects, each of whole packs", async () => {
    const dataset = await makeDataset(["dt"]);
    const ids = await Promise.all(
      [1, 2, 3, 4].map(() => begin(dataset, { flush: { milliseconds: 1_500 } })),
    );
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, client) => {
        const session = ids[client % ids.length] ?? "";
        const rows = `{"id":${client * 2}}\n{"id":${client * 2 + 1}}\n`;
        for (;;) {
          const answer = await flush(dataset, session, `c${client}`, rows, { partition: "dt=1" });
          if (answer.status !== 429) return answer;
          await systemClock.sleep(Number(answer.headers.get("retry-after")) * 100);
        }
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await readBucket(dataset)).toEqual(Array.from({ length: 400 }, (_, id) => [BigInt(id)]));
    // A slow machine takes several windows, but never one a client.
    expect((await keysOf(dataset)).length).toBeLessThan(50);
    await expectLedgerIsBucket(dataset);
  });

  it("has no object when it has no rows, and is recorded all the same", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    const empty = await flush(dataset, id, "empty", "\n\n");
    expect([empty.status, empty.body.rows, empty.body.key]).toEqual([200, 0, null]);
    expect((await flush(dataset, id, "empty", "\n\n")).body).toEqual(empty.body);
    expect(await keysOf(dataset)).toEqual([]);
  });
});

describe("a pack that cannot be taken", () => {
  const broken = (bytes: number[]) =>
    Buffer.concat([Buffer.from('{"id":7}\n'), Buffer.from(bytes)]);

  it("T3: is named with its lines and columns, and keeps no other pack of its window back", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset, { slots: 32, flush: { milliseconds: 500 } });
    const cases: [string | Uint8Array, [string, number?][]][] = [
      [
        '{"id":1.5,"seen":"x"}\n{"id":2}\n{"id":"x"}',
        [
          ["id", 1],
          ["seen", 1],
          ["id", 3],
        ],
      ],
      ['{"id":1}\n{"colour":2}', [["colour", 2]]],
      ['{"id":1}\n\nnope', [["rows", 3]]],
      [broken([0xff, 0x0a]), [["rows", 2]]],
      [broken([0xe6, 0xbc]), [["rows", 2]]],
      [`{"id":1}\n{"note":"${"x".repeat(3 * 1024 * 1024)}"}\n`, [["rows", 2]]],
    ];
    const good = flush(dataset, id, "good", '{"id":100}');
    const bad = cases.map(async ([rows, places], index) => {
      const answer = await flush(dataset, id, `bad-${index}`, rows);
      expect(refusal(answer)).toEqual([400, "session.data_malformed", "MalformedDataStream"]);
      const problem = problemDocumentSchema.parse(answer.body);
      expect(problem.errors.map(({ field, line }) => [field, line])).toEqual(places);
    });
    const also = flush(dataset, id, "also-good", '{"id":101}');
    await Promise.all(bad);
    expect((await good).status).toBe(200);
    expect((await also).status).toBe(200);
    expect(await readBucket(dataset)).toEqual([[100n], [101n]]);
    // Nothing was recorded under the id, so the mended pack may have it.
    expect((await flush(dataset, id, "bad-0", '{"id":1}')).status).toBe(200);
  });

  it("is refused when it breaks off, is too large, or is no NDJSON; its id stays free", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset, { slots: 32, ...quick });
    const cut = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('{"id":1}\n'));
        controller.error(new Error("connection reset"));
      },
    });
    expect(refusal(await flush(dataset, id, "a", cut))).toEqual([
      ...[400, "session.body_incomplete", "IncompleteBody"],
    ]);
    const large = `{"note":"${"x".repeat(1024 * 1024)}"}\n`.repeat(17);
    expect(refusal(await flush(dataset, id, "a", large))).toEqual([
      ...[413, "session.block_too_large", "MaxMessageLengthExceeded"],
    ]);
    expect(refusal(await flush(dataset, id, "a", "id\n1\n", { type: "text/csv" }))).toEqual([
      ...[415, "stream.format_unknown", "UnexpectedContent"],
    ]);
    expect(refusal(await flush(dataset, id, "..", '{"id":1}'))).toEqual([
      ...[400, "stream.flush_id_invalid", "InvalidArgument"],
    ]);
    expect(refusal(await flush(dataset, id, "a", "{}", { partition: "dt=1" }))[2]).toBe(
      "InvalidPartitionSpec",
    );
    expect(await keysOf(dataset)).toEqual([]);
    expect((await flush(dataset, id, "a", '{"id":1}')).status).toBe(200);
  });
});

describe("a stream session", () => {
  it("T6: decides nothing once it is ended or expired, and still tells what it had decided", async () => {
    const dataset = await makeDataset();
    const where = `/datasets/${dataset}/stream-sessions`;
    const ended = await begin(dataset);
    const expired = await begin(dataset);
    await flush(dataset, ended, "one", '{"id":1}');
    await flush(dataset, expired, "one", '{"id":2}');
    const busy = await call("DELETE", `/datasets/${dataset}`);
    expect([busy.status, busy.body.code]).toEqual([409, "resource.conflict"]);
    expect((await call("DELETE", `${where}/${ended}`)).status).toBe(204);
    expect((await call("DELETE", `${where}/${ended}`)).status).toBe(204);
    const { prisma } = installation().services.database;
    await prisma.streamSession.update({
      where: { id: expired },
      data: { expiresAt: new Date(Date.now() - 1_000) },
    });
    for (const [id, row, status] of [
      [ended, 1, "ended"],
      [expired, 2, "expired"],
    ] as const) {
      expect((await call("GET", `${where}/${id}`)).body.status).toBe(status);
      const late = await flush(dataset, id, "two", '{"id":3}');
      expect(refusal(late)).toEqual([409, "session.status_conflict", "StatusConflict"]);
      expect((await flush(dataset, id, "one", `{"id":${row}}`)).status).toBe(200);
    }
    expect(await readBucket(dataset)).toEqual([[1n], [2n]]);
    const { items, total } = (await call("GET", `${where}?limit=1`)).body;
    expect([items[0].id, total]).toEqual([expired, 2]);
    expect((await flush(dataset, "nobody", "a", "{}")).body.documentedName).toBe("NoSuchUpload");
    expect((await call("DELETE", `/datasets/${dataset}`)).status).toBe(204);
  });

  it("T6: ended while a pack waits for its window, it decides nothing of it", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset, { flush: { milliseconds: 60_000 } });
    const other = await begin(dataset, { flush: { milliseconds: 60_000 } });
    const waiting = flush(dataset, id, "one", '{"id":1}');
    const beside = flush(dataset, other, "one", '{"id":2}');
    await expect
      .poll(() => installation().services.streams.windows.waiting, { timeout: 60_000 })
      .toBe(2);
    expect((await call("DELETE", `/datasets/${dataset}/stream-sessions/${id}`)).status).toBe(204);
    // Something that waits no longer seals the window.
    const hurried = await begin(dataset, quick);
    const last = await flush(dataset, hurried, "one", '{"id":3}');
    expect(refusal(await waiting)[2]).toBe("StatusConflict");
    expect([(await beside).status, last.status]).toEqual([200, 200]);
    expect(await readBucket(dataset)).toEqual([[2n], [3n]]);
  });

  it("T4: takes rows of the dataset's schema version only, until it takes the new one", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset, { schemaVersion: 1, ...quick });
    const slow = slowly('{"id":1}');
    const underWay = flush(dataset, id, "one", slow.body);
    await expect.poll(receiving, { timeout: 60_000 }).toBe(1);
    const wider = [...columns, { name: "more", type: "INT64" }];
    expect((await call("PATCH", `/datasets/${dataset}`, { columns: wider })).status).toBe(200);
    const stale = await flush(dataset, id, "two", '{"id":2}');
    slow.finish();
    for (const answer of [stale, await underWay]) {
      expect(refusal(answer)).toEqual([412, "stream.schema_modified", "SchemaModified"]);
    }
    const where = `/datasets/${dataset}/stream-sessions`;
    expect((await call("PATCH", `${where}/${id}`, { schemaVersion: 1 })).status).toBe(412);
    expect((await call("POST", where, { schemaVersion: 1 })).status).toBe(412);
    const taken = await call("PATCH", `${where}/${id}`, { schemaVersion: 2 });
    expect([taken.status, taken.body.schemaVersion, taken.body.columns.length]).toEqual([
      200, 2, 6,
    ]);
    expect((await flush(dataset, id, "two", '{"id":2,"more":3}')).status).toBe(200);
    expect((await flush(dataset, id, "one", '{"id":1}')).status).toBe(200);
    expect(await readBucket(dataset, "id, more")).toEqual([
      [1n, null],
      [2n, 3n],
    ]);
  });

  it("T5: keeps overwrites off its partitions, and stays off theirs", async () => {
    const dataset = await makeDataset(["dt"]);
    const uploads = `/datasets/${dataset}/upload-sessions`;
    const id = await begin(dataset);
    const into = (partition: string, flushId: string) =>
      flush(dataset, id, flushId, '{"id":1}', { partition });
    expect((await into("dt=1", "a")).status).toBe(200);
    const refused = await call("POST", uploads, { partition: "dt=1", overwrite: true });
    expect([refused.status, refused.body.cause]).toEqual([
      409,
      `The session ${id} streams into the partition.`,
    ]);
    expect((await call("POST", uploads, { partition: "dt=1" })).status).toBe(201);
    const overwrite = await call("POST", uploads, { partition: "dt=2", overwrite: true });
    expect(overwrite.status).toBe(201);
    expect(refusal(await into("dt=2", "b"))).toEqual([
      ...[409, "stream.overwrite_conflict", "StatusConflict"],
    ]);
    await call("DELETE", `${uploads}/${overwrite.body.id}`);
    expect((await into("dt=2", "b")).status).toBe(200);
    await call("DELETE", `/datasets/${dataset}/stream-sessions/${id}`);
    expect((await call("POST", uploads, { partition: "dt=1", overwrite: true })).status).toBe(201);
  });

  it("writes 64 partitions of a dataset at the same time, and waits for one of them to rest", async () => {
    const dataset = await makeDataset(["dt"]);
    const id = await begin(dataset, { slots: 100, ...quick });
    const { prisma } = installation().services.database;
    const { id: datasetId } = await prisma.dataset.findFirstOrThrow({ where: { name: dataset } });
    await prisma.streamPartition.createMany({
      data: Array.from({ length: 63 }, (_, n) => ({
        ...{ sessionId: id, datasetId, partition: `st/${dataset}/dt=${n}`, writtenAt: new Date() },
      })),
    });
    const into = (partition: string) =>
      flush(dataset, id, partition.replace("=", ":"), '{"id":1}', { partition });
    expect((await into("dt=63")).status).toBe(200);
    const more = await into("dt=64");
    expect([...refusal(more), more.headers.get("retry-after")]).toEqual([
      ...[429, "session.flow_exceeded", "FlowExceeded", "60"],
    ]);
    expect((await into("dt=0")).status).toBe(200);
    await prisma.streamPartition.updateMany({
      where: { partition: `st/${dataset}/dt=1` },
      data: { writtenAt: new Date(Date.now() - 6 * 60_000) },
    });
    expect((await into("dt=64")).status).toBe(200);
  });

  it("is refused where a task writes", async () => {
    const answer = await call("POST", "/datasets/nobodys/stream-sessions", {});
    expect([answer.status, answer.body.documentedName]).toEqual([404, "NoSuchTable"]);
  });
});

it("sessions are forgotten a month after their end, and what they wrote is not", async () => {
  const dataset = await makeDataset();
  const ids = [await begin(dataset), await begin(dataset), await begin(dataset)];
  for (const [row, id] of ids.entries()) await flush(dataset, id, "one", `{"id":${row}}`);
  const upload = await call("POST", `/datasets/${dataset}/upload-sessions`, {});
  const { database } = installation().services;
  // Rows are visible before their commit is finished.
  const open = () => database.prisma.datasetCommit.count({ where: { finishedAt: null } });
  await expect.poll(open, { timeout: 60_000 }).toBe(0);
  const day = 24 * 60 * 60 * 1_000;
  const longAgo = new Date(Date.now() - 31 * day);
  const [old = "", unfinished = "", young = ""] = ids;
  await database.prisma.streamSession.updateMany({
    where: { id: { in: [old, unfinished] } },
    data: { endedAt: longAgo },
  });
  await database.prisma.uploadSession.update({
    where: { id: upload.body.id },
    data: { createdAt: longAgo, expiresAt: longAgo },
  });
  const held = await database.prisma.streamFlush.findFirstOrThrow({
    where: { sessionId: unfinished },
  });
  const commit = { id: held.commitId ?? "" };
  const finishAfter = new Date(Date.now() + day);
  await database.prisma.datasetCommit.update({
    where: commit,
    data: { finishedAt: null, finishAfter },
  });
  const ledger = createDatasetLedger(database);
  await ledger.forgetSessions({ endedBeforeMs: 30 * day, limit: 1_000 });
  const where = {
    datasetId: (
      await database.prisma.streamSession.findFirstOrThrow({
        where: { id: young },
      })
    ).datasetId,
  };
  const left = await database.prisma.streamSession.findMany({ where });
  expect(left.map(({ id }) => id).sort()).toEqual([unfinished, young].sort());
  expect(await database.prisma.uploadSession.count({ where })).toBe(0);
  await database.prisma.datasetCommit.update({ where: commit, data: { finishAfter: longAgo } });
  expect(await readBucket(dataset)).toEqual([[0n], [1n], [2n]]);
  await expectLedgerIsBucket(dataset);
});

describe("slots", () => {
  it("are granted to all sessions together, and come back when one ends", async () => {
    const dataset = await makeDataset();
    const where = `/datasets/${dataset}/stream-sessions`;
    const large = await begin(dataset, { slots: 495 });
    expect((await call("GET", `${where}/${large}`)).body.slots).toBe(495);
    const rest = await call("POST", where, {});
    expect([rest.status, rest.body.slots]).toEqual([201, 5]);
    const none = await call("POST", where, { slots: 1 });
    expect([...refusal(none), none.headers.get("retry-after")]).toEqual([
      ...[429, "session.slots_exceeded", "SlotExceeded", "30"],
    ]);
    await call("DELETE", `${where}/${large}`);
    await begin(dataset, { slots: 1 });
  });

  it("bound how many flushes come at a time, and how fast; what is refused loses nothing", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset, { slots: 1, ...quick });
    const slow = slowly('{"id":1}');
    const first = flush(dataset, id, "slow", slow.body);
    await expect.poll(receiving, { timeout: 60_000 }).toBe(1);
    const second = await flush(dataset, id, "second", '{"id":2}');
    expect([...refusal(second), second.headers.get("retry-after")]).toEqual([
      ...[429, "session.slots_exceeded", "SlotExceeded", "1"],
    ]);
    slow.finish();
    expect((await first).status).toBe(200);
    // Fifteen megabytes are fifteen seconds of one slot.
    const large = slowly(`{"id":2,"note":"${"x".repeat(1024 * 1024)}"}\n`.repeat(15));
    const third = flush(dataset, id, "large", large.body);
    await expect.poll(receiving, { timeout: 60_000 }).toBe(1);
    large.finish();
    await expect.poll(receiving, { timeout: 60_000 }).toBe(0);
    const fourth = await flush(dataset, id, "fourth", '{"id":4}');
    expect(refusal(fourth)).toEqual([429, "session.flow_exceeded", "FlowExceeded"]);
    expect(Number(fourth.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await third).status).toBe(200);
    const seen = await readBucket(dataset, "DISTINCT id");
    expect(seen).toEqual([[1n], [2n]]);
  });
});
