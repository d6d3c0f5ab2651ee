import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { problemDocumentSchema } from "@/lib/contracts/problem-document";
import {
  uploadBlockViewSchema,
  uploadSessionViewSchema,
} from "@/lib/contracts/upload-session-body";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { writeUploadBlock } from "@/lib/services/write-block";
import { writesAtOnceMax } from "@/lib/services/write-gate";
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
const types = {
  csv: "text/csv",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
};

let duckdb: DuckDBConnection;
let store: ObjectStore;
let scratch: string;
beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(":memory:")).connect();
  scratch = mkdtempSync(path.join(os.tmpdir(), "culvert-uploads-"));
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

const columns = [
  { name: "id", type: "INT64" },
  { name: "price", type: "DOUBLE" },
  { name: "note", type: "UTF8" },
  { name: "seen", type: "BOOLEAN" },
  { name: "raw", type: "BINARY" },
];
let datasets = 0;
async function makeDataset(more: object = {}): Promise<string> {
  datasets += 1;
  const name = `uploads-${datasets}`;
  const body = { name, destinationId: "embedded", folder: `up/${name}`, columns, ...more };
  expect((await call("POST", "/datasets", body)).status).toBe(201);
  return name;
}

async function begin(dataset: string, body: object = {}): Promise<string> {
  const made = await call("POST", `/datasets/${dataset}/upload-sessions`, body);
  expect([made.status, made.body.status]).toEqual([201, "normal"]);
  return made.body.id;
}

type Rows = string | Uint8Array | ReadableStream<Uint8Array>;
async function put(
  dataset: string,
  session: string,
  block: number | string,
  rows: Rows,
  type: string = types.csv,
): Promise<Answer> {
  const route = await import("./v1/datasets/[name]/upload-sessions/[id]/blocks/[block]/route");
  const url = `http://127.0.0.1:3000/api/v1/datasets/${dataset}/upload-sessions/${session}/blocks/${block}`;
  const body = typeof rows === "string" ? Buffer.from(rows) : rows;
  const request = new Request(url, {
    method: "PUT",
    headers: { authorization: authorization(), "content-type": type },
    body: body as BodyInit,
    ...({ duplex: "half" } as object),
  });
  const params = Promise.resolve({ name: dataset, id: session, block: String(block) });
  const response = await route.PUT(request, { params });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

const commit = (dataset: string, session: string, blocks: readonly number[]) =>
  call("POST", `/datasets/${dataset}/upload-sessions/${session}/commit`, { blocks });

async function keysOf(dataset: string): Promise<string[]> {
  const { objects } = await store.list({ prefix: `up/${dataset}/` });
  return objects.map(({ key }) => key);
}

/** All rows of the folder as a reader who lists the bucket sees them. */
async function readBucket(dataset: string, select = "*"): Promise<unknown[][]> {
  const folder = mkdtempSync(path.join(scratch, "read-"));
  const keys = await keysOf(dataset);
  if (keys.length === 0) return [];
  for (const key of keys) {
    mkdirSync(path.dirname(path.join(folder, key)), { recursive: true });
    writeFileSync(path.join(folder, key), (await store.read(key)) ?? "");
  }
  const glob = `${folder}/up/${dataset}/**/*.parquet`;
  const result = await duckdb.runAndReadAll(
    `SELECT ${select} FROM read_parquet('${glob}', hive_partitioning = true, hive_types_autocast = false, union_by_name = true) ORDER BY id`,
  );
  return result.getRowsJS() as unknown[][];
}

describe("an upload session", () => {
  it("shows nothing before its commit, all of it afterwards, and its blocks meanwhile", async () => {
    const dataset = await makeDataset({ partitionColumns: ["ds"] });
    const id = await begin(dataset, { partition: "ds=2026-01-01" });
    const first = await put(
      dataset,
      id,
      0,
      'id,price,note,seen,raw\n9223372036854775807,0.5,"a ""b""\n,",true,AAH/\n-1,,,,\n',
    );
    expect(uploadBlockViewSchema.parse(first.body)).toMatchObject({
      block: 0,
      rows: 2,
      format: "csv",
    });
    const second = await put(
      ...([dataset, id, 7] as const),
      '{"note":"漢","id":9007199254740993,"price":"NaN"}\n\n{"id":"12","seen":false,"raw":"AA=="}',
      types.ndjson,
    );
    expect([second.status, second.body.rows]).toEqual([200, 2]);
    expect(await keysOf(dataset)).toEqual([]);
    expect((await call("GET", `/datasets/${dataset}`)).body).toMatchObject({ rows: 0, objects: 0 });
    const blocks = await call("GET", `/datasets/${dataset}/upload-sessions/${id}/blocks`);
    expect(blocks.body.items.map(({ block }: { block: number }) => block)).toEqual([0, 7]);

    const done = await commit(dataset, id, [7, 0]);
    expect([done.status, uploadSessionViewSchema.parse(done.body).status]).toEqual([
      200,
      "committed",
    ]);
    expect(await readBucket(dataset)).toEqual(
      [
        [-1n, null, null, null, null, "2026-01-01"],
        [12n, null, null, false, Buffer.from([0]), "2026-01-01"],
        [9007199254740993n, Number.NaN, "漢", null, null, "2026-01-01"],
        [9223372036854775807n, 0.5, 'a "b"\n,', true, Buffer.from([0, 1, 255]), "2026-01-01"],
      ].map((row) => row.map((cell) => (cell instanceof Buffer ? expect.anything() : cell))),
    );
    expect((await call("GET", `/datasets/${dataset}`)).body).toMatchObject({ rows: 4, objects: 2 });
    const { items } = (await call("GET", `/datasets/${dataset}/objects`)).body;
    expect(items.map(({ key }: { key: string }) => key).sort()).toEqual(await keysOf(dataset));
    const partitions = (await call("GET", `/datasets/${dataset}/partitions`)).body;
    expect(partitions.items).toMatchObject([{ spec: "ds=2026-01-01", rows: 4, objects: 2 }]);
  });

  it("U4: is committed once; the same list again is the same commit", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    await put(dataset, id, 3, "id\n1\n");
    const answers = await Promise.all([1, 2, 3, 4].map(() => commit(dataset, id, [3])));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await readBucket(dataset, "id")).toEqual([[1n]]);
    const other = await commit(dataset, id, [3, 4]);
    expect([other.status, other.body.documentedName]).toEqual([409, "StatusConflict"]);
    const late = await put(dataset, id, 3, "id\n2\n");
    expect([late.status, late.body.documentedName]).toEqual([409, "StatusConflict"]);
    const given = await call("DELETE", `/datasets/${dataset}/upload-sessions/${id}`);
    expect(given.status).toBe(409);
    expect(await readBucket(dataset, "id")).toEqual([[1n]]);
  });

  it("U2: takes a block's last whole write, whatever breaks off after it", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    await put(dataset, id, 0, "id\n1\n");
    await put(dataset, id, 0, "id\n2\n");
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from("id\n3\n"));
        controller.error(new Error("connection reset"));
      },
    });
    const cut = await put(dataset, id, 0, broken);
    expect([cut.status, cut.body.documentedName]).toEqual([400, "IncompleteBody"]);
    const bad = await put(dataset, id, 0, "id\nx\n");
    expect(bad.status).toBe(400);
    expect((await commit(dataset, id, [0])).status).toBe(200);
    expect(await readBucket(dataset, "id")).toEqual([[2n]]);
  });

  it("checks its list against what is there, and says what differs", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    await put(dataset, id, 1, "id\n1\n");
    await put(dataset, id, 2, "id\n2\n");
    const answer = await commit(dataset, id, [1, 5]);
    expect([answer.status, answer.body.documentedName]).toEqual([409, "InConsistentBlockList"]);
    expect(answer.body.cause).toBe("Not there: 5. There and not in the list: 2.");
    expect(await keysOf(dataset)).toEqual([]);
    expect((await commit(dataset, id, [1, 2])).status).toBe(200);
  });

  it("makes no object of a block without rows", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    expect((await put(dataset, id, 0, "id\n")).body.rows).toBe(0);
    expect((await commit(dataset, id, [0])).body.status).toBe("committed");
    expect(await keysOf(dataset)).toEqual([]);
  });

  it("is given up: nothing was visible, nothing is left at the store", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    await put(dataset, id, 0, "id\n1\n");
    const busy = await call("DELETE", `/datasets/${dataset}`);
    expect([busy.status, busy.body.code]).toEqual([409, "resource.conflict"]);
    expect((await call("DELETE", `/datasets/${dataset}/upload-sessions/${id}`)).status).toBe(204);
    expect((await call("DELETE", `/datasets/${dataset}/upload-sessions/${id}`)).status).toBe(204);
    expect((await commit(dataset, id, [0])).body.documentedName).toBe("StatusConflict");
    const { database } = installation().services;
    const left = await database.prisma.upload.count({
      where: { key: { startsWith: `up/${dataset}/` } },
    });
    expect(left).toBe(0);
    expect((await call("DELETE", `/datasets/${dataset}`)).status).toBe(204);
  });

  it("takes nothing once its day is over", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    const { database } = installation().services;
    await put(dataset, id, 0, "id\n1\n");
    await database.prisma.uploadSession.update({ where: { id }, data: { expiresAt: new Date(0) } });
    const view = await call("GET", `/datasets/${dataset}/upload-sessions/${id}`);
    expect(view.body.status).toBe("expired");
    for (const answer of [await put(dataset, id, 1, "id\n1\n"), await commit(dataset, id, [0])]) {
      expect([answer.status, answer.body.documentedName]).toEqual([409, "StatusConflict"]);
    }
    expect(await keysOf(dataset)).toEqual([]);
  });
});

describe("an overwrite", () => {
  it("U5: takes the place of what its partition held, and of nothing else", async () => {
    const dataset = await makeDataset({ partitionColumns: ["ds"] });
    const fill = async (partition: string, ids: string, overwrite: boolean) => {
      const id = await begin(dataset, { partition, overwrite });
      await put(dataset, id, 0, `id\n${ids}\n`);
      expect((await commit(dataset, id, [0])).body.status).toBe("committed");
    };
    await fill("ds=1", "1\n2", false);
    await fill("ds=1", "3", false);
    await fill("ds=2", "4", false);
    await fill("ds=1", "5", true);
    expect(await readBucket(dataset, "id, ds")).toEqual([
      [4n, "2"],
      [5n, "1"],
    ]);
    expect((await call("GET", `/datasets/${dataset}`)).body).toMatchObject({ rows: 2, objects: 2 });
    const empty = await begin(dataset, { partition: "ds=2", overwrite: true });
    expect((await commit(dataset, empty, [])).body.status).toBe("committed");
    expect(await readBucket(dataset, "id")).toEqual([[5n]]);
  });

  it("has its partition for itself among overwrites", async () => {
    const dataset = await makeDataset({ partitionColumns: ["ds"] });
    const tries = await Promise.all(
      [1, 2, 3].map(() =>
        call("POST", `/datasets/${dataset}/upload-sessions`, {
          partition: "ds=1",
          overwrite: true,
        }),
      ),
    );
    expect(tries.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    await begin(dataset, { partition: "ds=2", overwrite: true });
    await begin(dataset, { partition: "ds=1" });
    const made = tries.find(({ status }) => status === 201);
    await call("DELETE", `/datasets/${dataset}/upload-sessions/${made?.body.id}`);
    await begin(dataset, { partition: "ds=1", overwrite: true });
  });

  it("removes nothing that somebody put in an object's place", async () => {
    const dataset = await makeDataset();
    const first = await begin(dataset);
    await put(dataset, first, 0, "id\n1\n");
    await commit(dataset, first, [0]);
    const [key = ""] = await keysOf(dataset);
    await store.remove(key);
    const uploadId = await store.createUpload({ key, metadata: {}, contentType: "text/plain" });
    const part = await store.uploadPart({
      key,
      uploadId,
      partNumber: 1,
      body: Buffer.from("theirs"),
    });
    await store.completeUpload({ key, uploadId, parts: [part] });
    const second = await begin(dataset, { overwrite: true });
    expect((await commit(dataset, second, [])).body.status).toBe("committed");
    expect(Buffer.from((await store.read(key)) ?? []).toString()).toBe("theirs");
  });
});

describe("a session of which the store lost an upload", () => {
  async function loseBlock(session: string, blockId: number): Promise<void> {
    const { prisma } = installation().services.database;
    const block = await prisma.uploadBlock.findUniqueOrThrow({
      where: { sessionId_blockId: { sessionId: session, blockId } },
    });
    await store.abortUpload({ key: block.key, uploadId: block.uploadId ?? "" });
  }
  const totalsOf = async (dataset: string) => {
    const { body } = await call("GET", `/datasets/${dataset}`);
    return [body.objects, body.rows];
  };

  it("is critical; its other blocks are visible, and nothing waits for it", async () => {
    const dataset = await makeDataset();
    const session = await begin(dataset);
    await put(dataset, session, 0, "id\n1\n");
    await put(dataset, session, 1, "id\n2\n");
    await loseBlock(session, 0);
    expect((await commit(dataset, session, [0, 1])).body.status).toBe("critical");
    await vi.waitFor(async () => expect(await readBucket(dataset, "id")).toEqual([[2n]]), 30_000);
    expect(await totalsOf(dataset)).toEqual([1, 1]);
    const { prisma } = installation().services.database;
    await vi.waitFor(async () => {
      const open = await prisma.datasetCommit.count({
        where: { finishedAt: null, dataset: { name: dataset } },
      });
      expect(open).toBe(0);
    }, 30_000);
    const again = await call("GET", `/datasets/${dataset}/upload-sessions/${session}`);
    expect(again.body.status).toBe("critical");
  });

  it("U7: takes nothing away as an overwrite, and lets another overwrite in", async () => {
    const dataset = await makeDataset();
    const first = await begin(dataset);
    await put(dataset, first, 0, "id\n1\n");
    await commit(dataset, first, [0]);
    const lost = await begin(dataset, { overwrite: true });
    await put(dataset, lost, 0, "id\n2\n");
    await loseBlock(lost, 0);
    expect((await commit(dataset, lost, [0])).body.status).toBe("critical");
    expect(await readBucket(dataset, "id")).toEqual([[1n]]);
    expect(await totalsOf(dataset)).toEqual([1, 1]);
    const next = await vi.waitFor(() => begin(dataset, { overwrite: true }), 30_000);
    await put(dataset, next, 0, "id\n3\n");
    expect((await commit(dataset, next, [0])).body.status).toBe("committed");
    expect(await readBucket(dataset, "id")).toEqual([[3n]]);
    expect(await totalsOf(dataset)).toEqual([1, 1]);
  });
});

describe("a partition that is not one", () => {
  it.each([
    ["", 400, "MissingPartitionSpec"],
    ["ds=a/b", 400, "InvalidPartitionSpec"],
    ["ds=..", 400, "InvalidPartitionSpec"],
    ["hour=1", 400, "InvalidPartitionSpec"],
  ])("is refused by its documented name: %j", async (partition, status, name) => {
    const dataset = await makeDataset({ partitionColumns: ["ds"] });
    const answer = await call("POST", `/datasets/${dataset}/upload-sessions`, { partition });
    expect([answer.status, answer.body.documentedName]).toEqual([status, name]);
  });
});

describe("rows that cannot be read", () => {
  /** DuckDB as a writer that is not ours. */
  async function parquetOf(select: string): Promise<Uint8Array> {
    const { readFileSync } = await import("node:fs");
    const file = path.join(scratch, `made-${Math.random()}.parquet`);
    await duckdb.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
    return readFileSync(file);
  }

  it.each<[string, keyof typeof types, string | Uint8Array, [string, number?][]]>([
    [
      "wrong types",
      "csv",
      "id,seen\n1.5,yes\n2,true\nx,\n",
      [
        ["id", 2],
        ["seen", 2],
        ["id", 4],
      ],
    ],
    [
      "ragged CSV",
      "csv",
      "id,note\n1\n2,a\n3,b,c\n",
      [
        ["rows", 2],
        ["rows", 4],
      ],
    ],
    ["an unknown column", "csv", "id,colour\n1,2\n", [["colour", 1]]],
    ["an open quote", "csv", 'id,note\n1,"a\n2,b\n', [["rows", 2]]],
    ["text after a quote", "csv", 'id,note\n1,"a"b\n', [["rows", 2]]],
    [
      "broken UTF-8",
      "csv",
      Buffer.concat([Buffer.from("id,note\n1,ok\n2,"), Buffer.from([0xff, 0x0a])]),
      [["rows", 3]],
    ],
    [
      "broken UTF-8",
      "ndjson",
      Buffer.concat([
        Buffer.from('{"id":1}\n{"note":"'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}\n'),
      ]),
      [["rows", 2]],
    ],
    [
      "UTF-8 that ends half-way",
      "ndjson",
      Buffer.concat([Buffer.from('{"id":1}\n'), Buffer.from([0xe6, 0xbc])]),
      [["rows", 2]],
    ],
    [
      "what is no JSON",
      "ndjson",
      '{"id":1}\nnope\n[1]\n{"id":18446744073709551616,"note":3}\n',
      [
        ["rows", 2],
        ["rows", 3],
        ["id", 4],
        ["note", 4],
      ],
    ],
    ["a column twice", "ndjson", '{"id":1,"id":2}', [["id", 1]]],
    ["what is no Parquet", "parquet", "PAR1 nothing of the kind PAR1", [["rows"]]],
    ["nothing at all", "parquet", "", [["rows"]]],
  ])(
    "%s (%s) are refused with their places, and nothing is kept",
    async (_what, format, rows, places) => {
      const dataset = await makeDataset();
      const id = await begin(dataset);
      const answer = await put(dataset, id, 0, rows, types[format]);
      const problem = problemDocumentSchema.parse(answer.body);
      expect([answer.status, problem.code, problem.documentedName]).toEqual([
        400,
        "session.data_malformed",
        "MalformedDataStream",
      ]);
      expect(
        problem.errors.map(({ field, line }) => (line === undefined ? [field] : [field, line])),
      ).toEqual(places);
      expect((await call("GET", `/datasets/${dataset}/upload-sessions/${id}`)).body.blocks).toBe(0);
    },
  );

  it.each([
    ["a text for a number", "SELECT 'x' AS id", ["id"]],
    ["a timestamp for a number", "SELECT TIMESTAMP '2026-01-01' AS id", ["id"]],
    ["an unsigned number that may be too large", "SELECT 1::UBIGINT AS id", ["id"]],
    ["an unknown column", "SELECT 1::BIGINT AS id, 2 AS colour", ["colour"]],
    ["a list", "SELECT [1, 2] AS id", ["rows"]],
    ["a decimal", "SELECT 1.5::DECIMAL(4, 2) AS price, 'x'::BLOB AS note", ["price", "note"]],
  ])("Parquet of another schema is refused by column: %s", async (_what, select, fields) => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    const answer = await put(dataset, id, 0, await parquetOf(select), types.parquet);
    expect([answer.status, answer.body.documentedName]).toEqual([400, "MalformedDataStream"]);
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
  });

  it("Parquet that ends half-way or whose middle is damaged is refused", async () => {
    const whole = await parquetOf("SELECT range AS id, 'note ' || range AS note FROM range(50000)");
    const dataset = await makeDataset();
    const id = await begin(dataset);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 4, 2_000);
    for (const bytes of [whole.subarray(0, whole.length / 2), damaged]) {
      const answer = await put(dataset, id, 0, bytes, types.parquet);
      expect([answer.status, answer.body.documentedName]).toEqual([400, "MalformedDataStream"]);
    }
  });

  it("of another content type, in no such block, for no such session are told apart", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    const answers = [
      await put(dataset, id, 0, gzipSync("id\n1\n"), "application/gzip"),
      await put(dataset, id, 20_000, "id\n1\n"),
      await put(dataset, id, "-1", "id\n1\n"),
      await put(dataset, "00000000-0000-4000-8000-000000000000", 0, "id\n1\n"),
      await put(dataset, "nonsense", 0, "id\n1\n"),
      await put("no-such-dataset", id, 0, "id\n1\n"),
    ];
    expect(answers.map(({ status, body }) => [status, body.documentedName])).toEqual([
      [415, "UnexpectedContent"],
      [400, "InvalidBlockID"],
      [400, "InvalidBlockID"],
      [404, "NoSuchUpload"],
      [404, "NoSuchUpload"],
      [404, "NoSuchTable"],
    ]);
  });
});

describe("large blocks", () => {
  it("of every format hold the same rows, exactly", async () => {
    const rows = 30_000;
    const select = `SELECT range * 1000003 AS id, range / 7 AS price, 'note ' || range AS note, range % 2 = 0 AS seen, NULL::BLOB AS raw FROM range(${rows})`;
    const file = (suffix: string) => path.join(scratch, `large.${suffix}`);
    await duckdb.run(`COPY (${select}) TO '${file("parquet")}' (FORMAT parquet, COMPRESSION zstd)`);
    await duckdb.run(`COPY (${select}) TO '${file("csv")}' (FORMAT csv, HEADER)`);
    await duckdb.run(`COPY (${select}) TO '${file("ndjson")}' (FORMAT json)`);
    const { createReadStream } = await import("node:fs");
    const { Readable } = await import("node:stream");
    for (const format of ["parquet", "csv", "ndjson"] as const) {
      const dataset = await makeDataset({ compression: "zstd" });
      const id = await begin(dataset);
      const body = Readable.toWeb(createReadStream(file(format))) as ReadableStream<Uint8Array>;
      const answer = await put(dataset, id, 0, body, types[format]);
      expect([format, answer.status, answer.body.rows]).toEqual([format, 200, rows]);
      expect((await commit(dataset, id, [0])).body.status).toBe("committed");
      const [key = ""] = await keysOf(dataset);
      const back = file(`${format}.back.parquet`);
      writeFileSync(back, (await store.read(key)) ?? "");
      const difference = await duckdb.runAndReadAll(
        `(SELECT * FROM (${select}) EXCEPT ALL SELECT * FROM '${back}') UNION ALL (SELECT * FROM '${back}' EXCEPT ALL SELECT * FROM (${select}))`,
      );
      expect([format, difference.getRows()]).toEqual([format, []]);
    }
  });
});

describe("limits", () => {
  it("cuts a block of which nothing comes for 120 seconds", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    const asked: number[] = [];
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from("id\n1\n")),
    });
    const place = { name: dataset, id, block: "0" };
    const clock = {
      sleep: (ms: number) => {
        asked.push(ms);
        // The first piece is there already; then the time is over.
        return asked.length === 1 ? new Promise<void>(() => undefined) : Promise.resolve();
      },
    };
    const rows = { body, contentType: types.csv, contentLength: null };
    const cut = writeUploadBlock({ ...installation().services, clock }, place, rows);
    await expect(cut).rejects.toMatchObject({ code: "session.body_stalled" });
    expect(asked).toEqual([120_000, 120_000]);
  });

  it("answers 429 with Retry-After while every slot is in use, and goes on afterwards", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    const open = Array.from({ length: writesAtOnceMax + 1 }, () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      const finish = async () => {
        await writer.write(Buffer.from("id\n1\n"));
        await writer.close();
      };
      return { body: readable, finish };
    });
    const held = open.map(({ body }, block) => put(dataset, id, block, body));
    // One too many: it is answered while the others still wait for rows.
    const refused = await Promise.race(held);
    expect([refused.status, refused.body.documentedName]).toEqual([429, "SlotExceeded"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    for (const { finish } of open) void finish().catch(() => undefined);
    const statuses = (await Promise.all(held)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array(writesAtOnceMax).fill(200), 429]);
    expect((await put(dataset, id, 100, "id\n1\n")).status).toBe(200);
  });
});

describe("a dataset made again where a deleted one was", () => {
  it("takes over its objects when its columns allow it, and is refused when not", async () => {
    const dataset = await makeDataset();
    const id = await begin(dataset);
    await put(dataset, id, 0, "id\n1\n2\n");
    await commit(dataset, id, [0]);
    expect((await call("DELETE", `/datasets/${dataset}`)).status).toBe(204);
    const body = { name: "taken-over", destinationId: "embedded", folder: `up/${dataset}` };
    const other = await call("POST", "/datasets", { ...body, columns: columns.toReversed() });
    expect([other.status, other.body.code]).toEqual([409, "dataset.folder_foreign"]);
    const added = [...columns, { name: "more", type: "UTF8" }];
    const made = await call("POST", "/datasets", { ...body, columns: added });
    expect([made.status, made.body.rows, made.body.objects]).toEqual([201, 2, 1]);
  });
});
