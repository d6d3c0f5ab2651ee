import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import type { Message } from "@/lib/tablestore/messages";
import type { OperationName, RequestOf, ResponseOf } from "@/lib/tablestore/operations";
import { maintain } from "./maintenance";
import { openService, type Service } from "./service";
import { callOperation } from "./testing/call-operation";
import { anyRow, integer, rowBytes, text } from "./testing/tunnel-reader";
import { defaultBaseChannelLimits } from "./tunnels/create-tunnel";

const hourMs = 3_600_000;
const keys = Array.from({ length: 12 }, (_, n) => `key-${n}`);
const start = 1_700_000_000_000;

type Flag = "LATEST" | "EARLIEST" | "OFFSET";
type Held = Message<"Channel">;

/** A tunnel's client as the official SDKs behave, and what it has read. */
type Reader = {
  readonly name: string;
  readonly tunnelId: string;
  clientId: string;
  /** Values that it has to read, by key, oldest first. */
  readonly expected: Map<string, number[]>;
  readonly values: Map<string, number[]>;
  readonly last: Map<string, bigint>;
  readonly held: Map<string, Held>;
  readonly positions: Map<string, { token: string; sequenceNumber: bigint }>;
};

class World {
  readonly directory: string;
  nowMs = start;
  service!: Service;
  readonly #limits = { recordsMax: 3, bytesMax: 1 << 20 };
  readonly readers: Reader[] = [];
  readonly written = new Map<string, number[]>();
  #value = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  async open(): Promise<void> {
    this.service = await openService({
      instance: "test",
      directory: this.directory,
      channelsPerTable: 2,
      longPollMs: 0,
      pageLimits: this.#limits,
      baseChannels: defaultBaseChannelLimits,
      clock: { now: () => this.nowMs, monotonic: () => 0, sleep: async () => {} },
      log: pino({ level: "silent" }),
      newId: () => crypto.randomUUID(),
      onBroken: (error) => {
        throw error;
      },
    });
  }

  call<O extends OperationName>(name: O, request: RequestOf<O>): Promise<ResponseOf<O>> {
    return callOperation(this.service, name, request);
  }

  async restart(): Promise<void> {
    await this.service.store.close();
    await this.open();
  }

  async createTable(): Promise<void> {
    await this.call("CreateTable", {
      tableMeta: { tableName: "t", primaryKey: [{ name: "pk", type: "STRING" }] },
      reservedThroughput: { capacityUnit: {} },
      streamSpec: { enableStream: true, expirationTime: 24 },
    });
  }

  async put(key: string): Promise<void> {
    const value = ++this.#value;
    const note = (into: Map<string, number[]>) => into.set(key, [...(into.get(key) ?? []), value]);
    note(this.written);
    for (const reader of this.readers) note(reader.expected);
    await this.call("PutRow", {
      tableName: "t",
      row: rowBytes([text("pk", key)], [integer("v", value)]),
      condition: anyRow,
    });
  }

  split(channelId?: string) {
    return this.call("SplitChannel", { tableName: "t", channelId });
  }

  async createTunnel(flag: Flag, tunnelType: "Stream" | "BaseAndStream" = "Stream") {
    const name = `tunnel-${this.readers.length}`;
    const streamTunnelConfig =
      flag === "OFFSET" ? { startOffset: BigInt(start - 1) * 1_000_000n } : { flag };
    const expected = flag === "LATEST" ? [] : [...this.written];
    this.nowMs += 1;
    const { tunnelId } = await this.call("CreateTunnel", {
      tunnel: { tableName: "t", tunnelName: name, tunnelType, streamTunnelConfig },
    });
    const reader: Reader = {
      name,
      tunnelId,
      clientId: (await this.call("Connect", { tunnelId })).clientId,
      expected: new Map(expected.map(([key, values]) => [key, [...values]])),
      values: new Map(),
      last: new Map(),
      held: new Map(),
      positions: new Map(),
    };
    this.readers.push(reader);
    return reader;
  }

  async beat(reader: Reader): Promise<void> {
    const { tunnelId, clientId, held } = reader;
    const { channels } = await this.call("Heartbeat", {
      tunnelId,
      clientId,
      channels: [...held.values()],
    });
    held.clear();
    for (const channel of channels) held.set(channel.channelId, channel);
  }

  /** One page of every channel it holds, checkpointed; a finished channel is reported as ended. */
  async read(reader: Reader): Promise<number> {
    let count = 0;
    for (const { channelId, version, status } of [...reader.held.values()]) {
      if (status !== "OPEN") continue;
      const channel = { tunnelId: reader.tunnelId, clientId: reader.clientId, channelId };
      const position = await this.call("GetCheckpoint", channel);
      const page = await this.call("ReadRecords", { ...channel, token: position.checkpoint });
      for (const { record } of page.records) noteRecord(reader, record);
      count += page.records.length;
      if (page.nextToken !== position.checkpoint) {
        const sequenceNumber = position.sequenceNumber + 1n;
        await this.call("Checkpoint", { ...channel, checkpoint: page.nextToken, sequenceNumber });
        count++;
      }
      if (page.nextToken === "finished") {
        reader.held.set(channelId, { channelId, version: version + 1n, status: "TERMINATED" });
      }
    }
    return count;
  }

  async drain(reader: Reader): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      await this.beat(reader);
      idle = (await this.read(reader)) === 0 ? idle + 1 : 0;
    }
  }
}

function noteRecord(reader: Reader, record: Uint8Array): void {
  const row = decodePlainRow(record);
  const key = (row.primaryKey[0]!.value as { value: string }).value;
  const value = Number((row.attributes[0]!.value as { value: bigint }).value);
  reader.values.set(key, [...(reader.values.get(key) ?? []), value]);
  if (row.extension === null) return;
  const { timestampUs, rowIndex } = row.extension;
  const place = timestampUs * 1_000_000n + BigInt(rowIndex);
  expect(place).toBeGreaterThan(reader.last.get(key) ?? -1n);
  reader.last.set(key, place);
}

async function withWorld(run: (world: World) => Promise<void>): Promise<void> {
  const world = new World(await mkdtemp(path.join(tmpdir(), "culvert-split-")));
  await world.open();
  try {
    await world.createTable();
    await run(world);
  } finally {
    await world.service.store.close();
    await rm(world.directory, { recursive: true, force: true });
  }
}

const key = fc.constantFrom(...keys);
const reader = fc.nat({ max: 3 });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("put" as const), key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("burst" as const),
      keys: fc.array(key, { minLength: 2, maxLength: 10 }),
      splitAfter: fc.option(fc.nat({ max: 10 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("split" as const), nth: fc.nat({ max: 9 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("beat" as const), reader }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("read" as const), reader }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("tunnel" as const),
      flag: fc.constantFrom<Flag>("LATEST", "EARLIEST", "OFFSET"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "maintain" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      byMs: fc.integer({ min: -2000, max: 2000 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function perform(world: World, step: Step): Promise<void> {
  const { readers } = world;
  switch (step.kind) {
    case "put":
      return world.put(step.key);
    case "burst": {
      const running = step.keys.map((key, index) => {
        const written = world.put(key);
        return step.splitAfter === index ? Promise.all([written, world.split()]) : written;
      });
      await Promise.all(running);
      return;
    }
    case "split": {
      const { channels } = world.service.store.catalogue.require("t");
      if (channels.length < 12) await world.split(channels[step.nth % channels.length]!.id);
      return;
    }
    case "tunnel":
      if (readers.length < 4) await world.createTunnel(step.flag);
      return;
    case "restart":
      return world.restart();
    case "maintain":
      return maintain(world.service.store, world.service.registry);
    case "clock":
      world.nowMs += step.byMs;
      return;
    default: {
      const one = readers[step.reader % Math.max(1, readers.length)];
      if (one === undefined) return;
      if (step.kind === "beat") await world.beat(one);
      else await world.read(one);
    }
  }
}

const plain = (values: Map<string, number[]>) => Object.fromEntries([...values].sort());

describe("a split channel", () => {
  it("in any tunnel gives every record once, and those of one key in order, over restarts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60, size: "max" }),
        async (steps) => {
          await withWorld(async (world) => {
            await world.createTunnel("LATEST");
            for (const one of steps) await perform(world, one);
            for (const one of world.readers) {
              await world.drain(one);
              expect(plain(one.values)).toEqual(plain(one.expected));
            }
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it("has two children with half of its keys each, which wait until it was read to its end", async () => {
    await withWorld(async (world) => {
      const one = await world.createTunnel("LATEST");
      for (const key of keys) await world.put(key);
      const { channelId, childIds } = await world.split();
      expect(childIds).toHaveLength(2);
      for (const key of keys) await world.put(key);
      await world.restart();
      const statuses = async () => {
        const { channels } = await world.call("DescribeTunnel", {
          tableName: "t",
          tunnelName: one.name,
        });
        return Object.fromEntries(channels.map((each) => [each.channelId, each.channelStatus]));
      };
      await world.beat(one);
      expect([...one.held.keys()]).toContain(channelId);
      expect(await statuses()).toMatchObject({
        [channelId]: "OPEN",
        [childIds[0]!]: "WAIT",
        [childIds[1]!]: "WAIT",
      });
      await world.drain(one);
      expect(await statuses()).toMatchObject({
        [channelId]: "TERMINATED",
        [childIds[0]!]: "OPEN",
        [childIds[1]!]: "OPEN",
      });
      expect(plain(one.values)).toEqual(plain(world.written));
      const { tunnelRpo } = await world.call("DescribeTunnel", {
        tableName: "t",
        tunnelName: one.name,
      });
      expect(tunnelRpo).toBe(BigInt(world.nowMs) * 1_000_000n);
    });
  });

  it("waits in a differential tunnel for the base data, as every stream channel does", async () => {
    await withWorld(async (world) => {
      for (const key of keys) await world.put(key);
      const one = await world.createTunnel("LATEST", "BaseAndStream");
      for (const [key, values] of world.written) one.expected.set(key, [...values]);
      for (const key of keys) await world.put(key);
      await world.split();
      for (const key of keys) await world.put(key);
      await world.drain(one);
      expect(plain(one.values)).toEqual(plain(world.written));
    });
  });

  it("is forgotten once its records have expired, and not before its readers are done", async () => {
    await withWorld(async (world) => {
      const { catalogue } = world.service.store;
      const idle = await world.createTunnel("LATEST");
      const busy = await world.createTunnel("LATEST");
      for (const key of keys) await world.put(key);
      const { channelId } = await world.split();
      const closed = () => catalogue.require("t").closedChannels.map(({ id }) => id);
      await world.drain(busy);
      world.nowMs += 23 * hourMs;
      await maintain(world.service.store, world.service.registry);
      expect(closed()).toEqual([channelId]);
      world.nowMs += 2 * hourMs;
      await maintain(world.service.store, world.service.registry);
      expect(closed()).toEqual([channelId]);
      await world.beat(idle);
      await expect(world.read(idle)).rejects.toMatchObject({ code: "OTSTunnelExpired" });
      await world.call("DeleteTunnel", { tableName: "t", tunnelName: idle.name });
      await maintain(world.service.store, world.service.registry);
      expect(closed()).toEqual([]);
      await world.restart();
      await world.put("key-1");
      await world.drain(busy);
      expect(plain(busy.values)).toEqual(plain(busy.expected));
    });
  });
});

it("refuses to split what cannot be: no table, no stream, no such channel, a closed one, the 65th", async () => {
  await withWorld(async (world) => {
    const refused = (code: string) => expect.objectContaining({ code });
    await expect(world.call("SplitChannel", { tableName: "none" })).rejects.toEqual(
      refused("OTSObjectNotExist"),
    );
    await expect(world.split("none")).rejects.toEqual(refused("OTSParameterInvalid"));
    const { channelId } = await world.split();
    await expect(world.split(channelId)).rejects.toEqual(refused("OTSParameterInvalid"));
    for (let channels = 3; channels < 64; channels++) await world.split();
    await expect(world.split()).rejects.toEqual(refused("OTSQuotaExhausted"));
    const { channels } = world.service.store.catalogue.require("t");
    expect(channels.map(({ hashStart }) => hashStart)).toEqual(
      channels.map((_, index) => (index === 0 ? 0 : channels[index - 1]!.hashEnd)),
    );
    await world.call("UpdateTable", { tableName: "t", streamSpec: { enableStream: false } });
    await expect(world.split()).rejects.toEqual(refused("OTSParameterInvalid"));
  });
});
