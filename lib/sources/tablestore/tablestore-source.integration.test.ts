import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChannelReport, TableSource, Tunnel } from "@/lib/core/ports/table-source";
import { systemClock } from "@/lib/platform/clock";
import { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainCell, PlainValue } from "@/lib/tablestore/plain-row";
import { startTablestore, type Tablestore } from "@/workers/tablestore/server";
import { TablestoreRecordPage } from "./record-page";
import { createTablestoreSource, type TablestoreSourceConfig } from "./tablestore-source";

const access = { instance: "culvert", accessKeyId: "key-id", accessKeySecret: "key-secret" };

let directory: string;
let tablestore: Tablestore;
let config: TablestoreSourceConfig;
let client: TablestoreClient;
let source: TableSource;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "culvert-source-"));
  tablestore = await startTablestore({
    ...access,
    port: 0,
    directory,
    channelsPerTable: 2,
    clock: systemClock,
    log: pino({ level: "silent" }),
    longPollMs: 0,
  });
  config = { ...access, endpoint: `http://127.0.0.1:${tablestore.port}` };
  client = new TablestoreClient({ ...config, clock: systemClock, random: Math.random });
  source = createTablestoreSource(config);
});
afterAll(async () => {
  await source?.close();
  client?.close();
  await tablestore?.close();
  await rm(directory, { recursive: true, force: true });
});

let tables = 0;
/** A new table with the key (pk: string, n: integer) and one defined column. */
async function createTable(streamHours: number | null = null): Promise<string> {
  const tableName = `table_${++tables}`;
  await client.call("CreateTable", {
    tableMeta: {
      tableName,
      primaryKey: [
        { name: "pk", type: "STRING" },
        { name: "n", type: "INTEGER" },
      ],
      definedColumn: [{ name: "d", type: "DCT_DOUBLE" }],
    },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
    streamSpec:
      streamHours === null ? undefined : { enableStream: true, expirationTime: streamHours },
  });
  return tableName;
}

const cell = (name: string, value: PlainValue): PlainCell => ({
  name,
  value,
  operation: null,
  timestampMs: null,
});

async function putRow(tableName: string, n: number, attributes: PlainCell[] = []): Promise<void> {
  const key = [
    cell("pk", { type: "string", value: `row-${n}` }),
    cell("n", { type: "integer", value: BigInt(n) }),
  ];
  const row = { primaryKey: key, attributes, deleteMarker: false, extension: null };
  await client.call("PutRow", {
    tableName,
    row: encodePlainRow(row),
    condition: { rowExistence: "IGNORE" },
  });
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail("The call succeeded"),
    (error: { code?: string }) => error.code,
  );

describe("tables", () => {
  it("are listed and described with key, defined columns and stream", async () => {
    const plain = await createTable();
    const streaming = await createTable(24);
    expect(await source.listTables()).toEqual(expect.arrayContaining([plain, streaming]));
    expect(await source.describeTable(plain)).toEqual({
      name: plain,
      primaryKey: [
        { name: "pk", type: "string" },
        { name: "n", type: "integer" },
      ],
      definedColumns: [{ name: "d", type: "double" }],
      streamExpirationHours: null,
    });
    expect((await source.describeTable(streaming)).streamExpirationHours).toBe(24);
  });

  it("give their first rows in key order, as many as asked for", async () => {
    const table = await createTable();
    for (const n of [3, 1, 2]) {
      await putRow(table, n, [
        cell("big", { type: "integer", value: 2n ** 60n + BigInt(n) }),
        cell("flag", { type: "boolean", value: true }),
      ]);
    }
    const rows = await source.sampleRows(table, 2);
    expect(rows.map(({ cells }) => cells)).toEqual([
      [
        { name: "pk", type: "string", value: "row-1" },
        { name: "n", type: "integer", value: "1" },
        { name: "big", type: "integer", value: "1152921504606846977" },
        { name: "flag", type: "boolean", value: true },
      ],
      [
        { name: "pk", type: "string", value: "row-2" },
        { name: "n", type: "integer", value: "2" },
        { name: "big", type: "integer", value: "1152921504606846978" },
        { name: "flag", type: "boolean", value: true },
      ],
    ]);
    expect(await source.sampleRows(table, 100)).toHaveLength(3);
    expect(await source.sampleRows(await createTable(), 10)).toEqual([]);
  });

  it("that are not there are named as missing", async () => {
    expect(await codeOf(source.describeTable("nowhere"))).toBe("source.table_missing");
    expect(await codeOf(source.sampleRows("nowhere", 1))).toBe("source.table_missing");
    const tunnel = { table: "nowhere", name: "n", mode: "full" } as const;
    expect(await codeOf(source.createTunnel(tunnel))).toBe("source.table_missing");
  });
});

describe("a source that cannot be used", () => {
  it("says whether the key, the instance or the network is at fault", async () => {
    const failureWith = async (change: Partial<TablestoreSourceConfig>) => {
      const other = createTablestoreSource({ ...config, ...change });
      try {
        return await codeOf(other.listTables());
      } finally {
        await other.close();
      }
    };
    const refused = "source.credentials_invalid";
    expect(await failureWith({ accessKeySecret: "wrong" })).toBe(refused);
    expect(await failureWith({ accessKeyId: "unknown" })).toBe(refused);
    expect(await failureWith({ instance: "unknown" })).toBe(refused);
    expect(await failureWith({ endpoint: "http://127.0.0.1:1" })).toBe("source.unavailable");
  });
});

describe("tunnels", () => {
  it("are found again by name, so that a lost answer makes no second one", async () => {
    const table = await createTable();
    const request = { table, name: "again", mode: "differential" } as const;
    const tunnelId = await source.createTunnel(request);
    expect(await source.createTunnel(request)).toBe(tunnelId);
    const other = source.createTunnel({ ...request, mode: "full" });
    expect(await codeOf(other)).toBe("source.tunnel_exists");
  });

  it("of streams switch the table's stream on, those of base data do not", async () => {
    const table = await createTable();
    await source.createTunnel({ table, name: "base", mode: "full" });
    expect((await source.describeTable(table)).streamExpirationHours).toBeNull();
    await source.createTunnel({ table, name: "stream", mode: "incremental" });
    expect((await source.describeTable(table)).streamExpirationHours).toBe(168);
  });

  it("may be deleted twice, and later calls say that they are gone", async () => {
    const table = await createTable();
    const tunnelId = await source.createTunnel({ table, name: "gone", mode: "full" });
    const tunnel = source.openTunnel({ table, name: "gone", tunnelId });
    await source.deleteTunnel({ table, name: "gone" });
    await source.deleteTunnel({ table, name: "gone" });
    await source.deleteTunnel({ table: "nowhere", name: "gone" });
    const connect = tunnel.connect({ timeoutSeconds: 60, tag: "test" });
    expect(await codeOf(connect)).toBe("source.tunnel_missing");
    expect(await codeOf(tunnel.describe())).toBe("source.tunnel_missing");
  });
});

/** Numbers of the rows from `checkpoint` on, until the channel ends or has nothing more. */
async function readAll(tunnel: Tunnel, clientId: string, channelId: string, checkpoint: string) {
  const numbers: bigint[] = [];
  let position = checkpoint;
  for (;;) {
    const page = await tunnel.readRecords(clientId, channelId, position);
    if (!(page instanceof TablestoreRecordPage)) return expect.fail("Another page");
    for (let index = 0; index < page.recordCount; index++) {
      const row = page.body.subarray(page.starts[index], page.ends[index]);
      const [, number] = decodePlainRow(row).primaryKey;
      if (number?.value?.type === "integer") numbers.push(number.value.value);
    }
    position = page.next;
    if (page.finished || !page.mayHaveMore) return { numbers, position, finished: page.finished };
  }
}

describe("a tunnel's life", () => {
  it("runs from the base data through its checkpoints into the stream", async () => {
    const table = await createTable();
    for (const n of [1, 2, 3]) await putRow(table, n);
    const name = "life";
    const tunnelId = await source.createTunnel({ table, name, mode: "differential" });
    const tunnel = source.openTunnel({ table, name, tunnelId });
    const clientId = await tunnel.connect({ timeoutSeconds: 300, tag: "test" });

    const base = await onlyChannels(tunnel.heartbeat(clientId, []), 1);
    const [channel] = base as [ChannelReport];
    expect(channel).toMatchObject({ status: "open" });
    const start = await tunnel.readCheckpoint(clientId, channel.channelId);
    const read = await readAll(tunnel, clientId, channel.channelId, start.checkpoint);
    expect(read.numbers.toSorted()).toEqual([1n, 2n, 3n]);
    expect(read.finished).toBe(true);

    // Twice, as after a lost answer.
    const end = { checkpoint: read.position, sequenceNumber: start.sequenceNumber + 1n };
    await tunnel.writeCheckpoint(clientId, channel.channelId, end);
    await tunnel.writeCheckpoint(clientId, channel.channelId, end);

    const report = { ...channel, version: channel.version + 1n, status: "terminated" } as const;
    const streams = await onlyChannels(tunnel.heartbeat(clientId, [report]), 2);
    const described = await tunnel.describe();
    expect(described).toMatchObject({ stage: "stream", expired: false });
    expect(described.channels.map(({ kind }) => kind).toSorted()).toEqual([
      "base",
      "stream",
      "stream",
    ]);

    await putRow(table, 4);
    const changes: bigint[] = [];
    for (const { channelId } of streams) {
      const from = await tunnel.readCheckpoint(clientId, channelId);
      const { numbers, position } = await readAll(tunnel, clientId, channelId, from.checkpoint);
      changes.push(...numbers);
      const next = { checkpoint: position, sequenceNumber: from.sequenceNumber + 1n };
      await tunnel.writeCheckpoint(clientId, channelId, next);
      await tunnel.writeCheckpoint(clientId, channelId, next);
      expect(await tunnel.readCheckpoint(clientId, channelId)).toEqual(next);
      const late = { ...next, sequenceNumber: from.sequenceNumber };
      await tunnel.writeCheckpoint(clientId, channelId, late);
    }
    expect(changes).toEqual([4n]);

    const [{ channelId }] = streams as [ChannelReport];
    const ours = await tunnel.readCheckpoint(clientId, channelId);
    const foreign = { checkpoint: start.checkpoint, sequenceNumber: ours.sequenceNumber };
    const overwrite = tunnel.writeCheckpoint(clientId, channelId, foreign);
    expect(await codeOf(overwrite)).toBe("source.checkpoint_ahead");

    await tunnel.shutdown(clientId);
    await tunnel.shutdown(clientId);
    expect(await codeOf(tunnel.heartbeat(clientId, []))).toBe("source.client_gone");
  });
});

async function onlyChannels(heartbeat: Promise<ChannelReport[]>, count: number) {
  const channels = await heartbeat;
  expect(channels).toHaveLength(count);
  return channels;
}
