import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import type { OperationName, RequestOf } from "@/lib/tablestore/operations";
import { maintain } from "./maintenance";
import { openService, type Service } from "./service";
import { idKey, logKey, namespace } from "./store/key-encoding";
import { sequenceAtTime } from "./store/stream-log";
import { callOperation } from "./testing/call-operation";
import { anyRow, rowBytes, text } from "./testing/tunnel-reader";
import { defaultBaseChannelLimits } from "./tunnels/create-tunnel";

const hourMs = 3_600_000;
const start = 1_700_000_000_000;
let nowMs = start;
let directory: string;
let service: Service;

const open = () =>
  openService({
    instance: "test",
    directory,
    channelsPerTable: 1,
    longPollMs: 0,
    pageLimits: { recordsMax: 100, bytesMax: 1 << 20 },
    baseChannels: defaultBaseChannelLimits,
    clock: { now: () => nowMs, monotonic: () => 0, sleep: async () => {} },
    log: pino({ level: "silent" }),
    newId: () => crypto.randomUUID(),
    onBroken: (error) => {
      throw error;
    },
  });
const call = <O extends OperationName>(name: O, request: RequestOf<O>) =>
  callOperation(service, name, request);

beforeEach(async () => {
  nowMs = start;
  directory = await mkdtemp(path.join(tmpdir(), "culvert-retention-"));
  service = await open();
  await call("CreateTable", {
    tableMeta: { tableName: "t", primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: {} },
    streamSpec: { enableStream: true, expirationTime: 24 },
  });
});
afterEach(async () => {
  await service.store.close();
  await rm(directory, { recursive: true, force: true });
});

const put = (value: string) =>
  call("PutRow", {
    tableName: "t",
    row: rowBytes([text("pk", "a")], [text("c", value)]),
    condition: anyRow,
  });

async function openTunnel(tunnelName: string, flag: "LATEST" | "EARLIEST") {
  const { tunnelId } = await call("CreateTunnel", {
    tunnel: { tableName: "t", tunnelName, tunnelType: "Stream", streamTunnelConfig: { flag } },
  });
  const { clientId } = await call("Connect", { tunnelId, clientConfig: { timeout: 86_400n } });
  const { channels } = await call("Heartbeat", { tunnelId, clientId });
  const channel = { tunnelId, clientId, channelId: channels[0]!.channelId };
  return { channel, token: (await call("GetCheckpoint", channel)).checkpoint };
}
async function valuesFrom({ channel, token }: Awaited<ReturnType<typeof openTunnel>>) {
  const { records } = await call("ReadRecords", { ...channel, token });
  return records.map(
    ({ record }) => (decodePlainRow(record).attributes[0]!.value as { value: string }).value,
  );
}

it("keeps records as long as the table says, then refuses who needs them and removes them", async () => {
  const early = await openTunnel("early", "LATEST");
  await put("old");
  nowMs = start + 24 * hourMs - 1000;
  await put("new");
  await maintain(service.store, service.registry);
  expect(await valuesFrom(early)).toEqual(["old", "new"]);

  nowMs = start + 24 * hourMs + 1000;
  await maintain(service.store, service.registry);
  await expect(valuesFrom(early)).rejects.toMatchObject({ code: "OTSTunnelExpired" });
  const described = await call("DescribeTunnel", { tableName: "t", tunnelName: "early" });
  expect(described.tunnel.expired).toBe(true);
  expect(await valuesFrom(await openTunnel("late", "EARLIEST"))).toEqual(["new"]);

  await service.store.garbage.settled();
  const [channel] = service.store.catalogue.require("t").channels;
  const { ordinal } = channel!;
  const left = { gte: logKey(ordinal, 0), lt: idKey(namespace.log, ordinal + 1) };
  expect(await service.store.db.keys(left).all()).toHaveLength(1);

  await service.store.close();
  service = await open();
  await expect(valuesFrom(early)).rejects.toMatchObject({ code: "OTSTunnelExpired" });
});

it("leaves nothing of a deleted table, its stream, its tunnels and their snapshots", async () => {
  const entries = async () => {
    await service.store.garbage.settled();
    const keys = await service.store.db.keys().all();
    return keys.filter((key) => key[0] !== namespace.clock).length;
  };
  await call("DeleteTable", { tableName: "t" });
  expect(await entries()).toBe(0);
  await call("CreateTable", {
    tableMeta: { tableName: "t", primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: {} },
  });
  await put("1");
  await call("CreateTunnel", {
    tunnel: { tableName: "t", tunnelName: "both", tunnelType: "BaseAndStream" },
  });
  await put("2");
  expect(await entries()).toBeGreaterThan(4);
  await call("DeleteTable", { tableName: "t" });
  expect(await entries()).toBe(0);
});

it("removes a snapshot's older rows once its reader has passed them", async () => {
  const images = async () => {
    await maintain(service.store, service.registry);
    await service.store.garbage.settled();
    const range = { gte: Buffer.of(namespace.baseImage), lt: Buffer.of(namespace.baseImage + 1) };
    return (await service.store.db.keys(range).all()).length;
  };
  await put("1");
  const { tunnelId } = await call("CreateTunnel", {
    tunnel: { tableName: "t", tunnelName: "base", tunnelType: "BaseData" },
  });
  await put("2");
  await put("3");
  expect(await images()).toBe(1);
  const { clientId } = await call("Connect", { tunnelId });
  const { channels } = await call("Heartbeat", { tunnelId, clientId });
  const channel = { tunnelId, clientId, channelId: channels[0]!.channelId };
  await call("Checkpoint", { ...channel, checkpoint: "finished", sequenceNumber: 1n });
  expect(await images()).toBe(0);
  await put("4");
  expect(await images()).toBe(0);
});

it("gives no cell that has outlived its table's time to live", async () => {
  await call("CreateTable", {
    tableMeta: { tableName: "short", primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: {} },
    tableOptions: { timeToLive: 86_400, maxVersions: 1 },
  });
  const key = [text("pk", "a")];
  const put = (name: string, rowExistence: "IGNORE" | "EXPECT_NOT_EXIST") =>
    call("UpdateRow", {
      tableName: "short",
      rowChange: rowBytes(key, [text(name, "x")]),
      condition: { rowExistence },
    });
  const columns = async () => {
    const primaryKey = rowBytes(key);
    const { row } = await call("GetRow", { tableName: "short", primaryKey, maxVersions: 1 });
    return row.length === 0 ? null : decodePlainRow(row).attributes.map((cell) => cell.name);
  };
  await put("old", "IGNORE");
  nowMs += 20 * hourMs;
  await put("new", "IGNORE");
  expect(await columns()).toEqual(["new", "old"]);
  nowMs += 5 * hourMs;
  expect(await columns()).toEqual(["new"]);
  await expect(put("other", "EXPECT_NOT_EXIST")).rejects.toMatchObject({
    code: "OTSConditionCheckFail",
  });
  nowMs += 20 * hourMs;
  expect(await columns()).toBeNull();
  await put("other", "EXPECT_NOT_EXIST");
  expect(await columns()).toEqual(["other"]);
});

it("finds the first record at or after any time", async () => {
  const written: number[] = [];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: -2, max: 60 }),
      async (steps, probe) => {
        for (const step of steps) {
          nowMs += step;
          // One commit of several records is one entry.
          const count = 1 + (step % 3);
          await Promise.all(Array.from({ length: count }, () => put("x")));
        }
        const [channel] = service.store.catalogue.require("t").channels;
        const { db } = service.store;
        written.length = 0;
        const range = {
          gte: logKey(channel!.ordinal, 0),
          lt: idKey(namespace.log, channel!.ordinal + 1),
        };
        for (const entry of await db.values(range).all()) {
          for (let record = 0; record < entry.readUInt32BE(8); record++)
            written.push(entry.readDoubleBE(0));
        }
        const timeUs = (start + probe) * 1000;
        const expected = written.findIndex((time) => time >= timeUs);
        expect(await sequenceAtTime(db, channel!, timeUs)).toBe(
          expected < 0 ? written.length : expected,
        );
      },
    ),
    { numRuns: 60 },
  );
});

it("deletes a tunnel 30 days after it expired, over restarts, and not one that went on in time", async () => {
  const dayMs = 24 * hourMs;
  const round = async () => {
    await maintain(service.store, service.registry);
    await service.store.close();
    service = await open();
    return (await call("ListTunnel", {})).tunnels.map(({ tunnelName }) => tunnelName).sort();
  };
  await openTunnel("lost", "LATEST");
  const saved = await openTunnel("saved", "LATEST");
  await openTunnel("idle", "EARLIEST");
  await call("DeleteTunnel", { tableName: "t", tunnelName: "idle" });
  await put("1");
  nowMs += dayMs + hourMs;
  await openTunnel("idle", "LATEST");
  expect(await round()).toEqual(["idle", "lost", "saved"]);
  const { tunnels } = await call("ListTunnel", {});
  const expired = tunnels.filter((tunnel) => tunnel.expired).map(({ tunnelName }) => tunnelName);
  expect(expired.sort()).toEqual(["lost", "saved"]);

  nowMs += 29 * dayMs;
  const oldest = await openTunnel("oldest", "EARLIEST");
  const { channel } = saved;
  await call("Checkpoint", { ...channel, checkpoint: oldest.token, sequenceNumber: 1n });
  await call("DeleteTunnel", { tableName: "t", tunnelName: "oldest" });
  expect(await round()).toEqual(["idle", "lost", "saved"]);
  nowMs += 2 * dayMs;
  expect(await round()).toEqual(["idle", "saved"]);
});

it("removes what outlived its time from the disk, and a snapshot keeps what it had", async () => {
  await call("CreateTable", {
    tableMeta: { tableName: "short", primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: {} },
    tableOptions: { timeToLive: 86_400, maxVersions: 1 },
    streamSpec: { enableStream: true, expirationTime: 168 },
  });
  const rowCount = 700;
  const write = (from: number, to: number, name: string) =>
    Promise.all(
      Array.from({ length: to - from }, (_, n) =>
        call("UpdateRow", {
          tableName: "short",
          rowChange: rowBytes([text("pk", `${from + n}`)], [text(name, "x")]),
          condition: anyRow,
        }),
      ),
    );
  const { id } = service.store.catalogue.require("short").document;
  const range = { gte: idKey(namespace.row, id), lt: idKey(namespace.row, id + 1) };
  const stored = async () => {
    await maintain(service.store, service.registry);
    return (await service.store.db.values(range).all()).map((value) => value.length);
  };
  await write(0, rowCount, "old");
  const { tunnelId } = await call("CreateTunnel", {
    tunnel: { tableName: "short", tunnelName: "both", tunnelType: "BaseAndStream" },
  });
  const [whole] = await stored();
  nowMs += 20 * hourMs;
  await write(0, 10, "new");
  expect(await stored()).toHaveLength(rowCount);
  nowMs += 5 * hourMs;
  // Ten rows have a younger column left, and of those the older one goes.
  expect(await stored()).toEqual(Array.from({ length: 10 }, () => whole));

  const { clientId } = await call("Connect", { tunnelId });
  const { channels } = await call("Heartbeat", { tunnelId, clientId });
  const base = { tunnelId, clientId, channelId: channels[0]!.channelId };
  let token = (await call("GetCheckpoint", base)).checkpoint;
  const columns: string[] = [];
  while (token !== "finished") {
    const page = await call("ReadRecords", { ...base, token });
    for (const { record } of page.records) {
      columns.push(...decodePlainRow(record).attributes.map((cell) => cell.name));
    }
    token = page.nextToken;
  }
  expect(columns).toEqual(Array.from({ length: rowCount }, () => "old"));
  await call("Checkpoint", { ...base, checkpoint: "finished", sequenceNumber: 1n });
  // No record tells of what expired: the stream is the ten writes.
  const { channels: streams } = await call("Heartbeat", { tunnelId, clientId });
  const stream = { tunnelId, clientId, channelId: streams[0]!.channelId };
  const { checkpoint } = await call("GetCheckpoint", stream);
  expect((await call("ReadRecords", { ...stream, token: checkpoint })).records).toHaveLength(10);
});

it("under load a reader sees records without a hole until it is told that they expired", async () => {
  const reader = await openTunnel("reader", "LATEST");
  const slow = await openTunnel("slow", "LATEST");
  let written = 0;
  const load = async (count: number) => {
    for (let n = 0; n < count; n++) {
      nowMs += 240_000;
      await Promise.all([put(`${written++}`), put(`${written++}`)]);
    }
  };
  const read: string[] = [];
  let { token } = reader;
  const follow = async () => {
    const page = await call("ReadRecords", { ...reader.channel, token });
    for (const { record } of page.records) {
      read.push((decodePlainRow(record).attributes[0]!.value as { value: string }).value);
    }
    token = page.nextToken;
  };
  // 4,000 minutes of writes, four apart, of which the stream keeps the last 1,440.
  for (let round = 0; round < 10; round++) {
    const trimmed = maintain(service.store, service.registry);
    await Promise.all([load(100), trimmed, follow().then(follow)]);
    await follow();
  }
  while (read.length < written) await follow();
  expect(read).toEqual(Array.from({ length: written }, (_, n) => `${n}`));
  await expect(valuesFrom(slow)).rejects.toMatchObject({ code: "OTSTunnelExpired" });

  await maintain(service.store, service.registry);
  await service.store.garbage.settled();
  const { ordinal, firstSequence } = service.store.catalogue.require("t").channels[0]!;
  const range = { gte: logKey(ordinal, 0), lt: idKey(namespace.log, ordinal + 1) };
  const left = await service.store.db.keys(range).all();
  expect(firstSequence).toBe(written - left.length * 2);
  expect(left.length).toBeGreaterThanOrEqual(360);
  expect(left.length).toBeLessThanOrEqual(361);
});
