import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { expect, it } from "vitest";
import type { Clock } from "@/lib/platform/clock";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import type { OperationName, RequestOf, ResponseOf } from "@/lib/tablestore/operations";
import type { PlainRow } from "@/lib/tablestore/plain-row";
import { maintain } from "./maintenance";
import { openService, type Service } from "./service";
import { callOperation } from "./testing/call-operation";
import { anyRow, operation, rowBytes, text } from "./testing/tunnel-reader";

const columns = ["a", "b"] as const;
type Model = Map<string, Map<string, string>>;
type Limits = { recordsMax: number; bytesMax: number };

type Change =
  | { kind: "put" | "update"; key: number; cells: (string | null)[] }
  | { kind: "delete"; key: number }
  | { kind: "tunnel" };
type Step =
  | Change
  /** Submitted while a commit is on its way, so that all of them become one group. */
  | { kind: "burst"; changes: Change[] }
  | { kind: "read"; tunnel: number; recordsMax: number }
  | { kind: "rewind"; tunnel: number; back: number }
  | { kind: "checkpoint"; tunnel: number }
  | { kind: "restart" }
  | { kind: "maintain" }
  | { kind: "clock"; byMs: number };

const key = fc.nat({ max: 7 });
const tunnel = fc.nat({ max: 2 });
const value = fc.constantFrom("x", "y", "a longer value than the others");
const cells = fc.tuple(fc.option(value), fc.option(value));
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), key, cells }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("update" as const), key, cells }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 1, arbitrary: fc.constant({ kind: "tunnel" as const }) },
);
const changes = fc.array(change, { minLength: 2, maxLength: 8 });
const recordsMax = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: change },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("burst" as const), changes }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("read" as const), tunnel, recordsMax }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("rewind" as const),
      tunnel,
      back: fc.nat({ max: 3 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("checkpoint" as const), tunnel }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: "maintain" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      byMs: fc.integer({ min: -5000, max: 5000 }),
    }),
  },
);

const rowsAtFirst = fc.array(fc.record({ kind: fc.constant("put" as const), key, cells }), {
  maxLength: 12,
});
const steps = fc.array(step, { minLength: 10, maxLength: 80, size: "max" });

/** A reader of one tunnel's base channel, with what it should have read. */
type Reader = {
  tunnelId: string;
  clientId: string;
  baseChannelId: string;
  snapshot: Model;
  /** Changes before the tunnel was made. */
  changesBefore: number;
  /** Rows read so far, and where each page began. */
  rows: [string, Map<string, string>][];
  pages: { token: string; rowCount: number }[];
  token: string;
  sequenceNumber: bigint;
};

class Harness {
  readonly #directory: string;
  readonly #limits: Limits = { recordsMax: 100, bytesMax: 1 << 20 };
  #now = 1_700_000_000_000;
  #ids = 0;
  #tunnels = 0;
  #changes = 0;
  #service!: Service;
  readonly model: Model = new Map();
  readonly readers: Reader[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  async open(): Promise<void> {
    const clock: Clock = {
      now: () => this.#now++,
      monotonic: () => 0,
      sleep: async () => {},
    };
    this.#service = await openService({
      instance: "test",
      directory: this.#directory,
      channelsPerTable: 2,
      longPollMs: 0,
      pageLimits: this.#limits,
      // One channel, and no look at the disk before the cut: a burst's changes keep their order.
      baseChannels: { piecesMax: 1, pieceBytesMin: 1 },
      clock,
      log: pino({ level: "silent" }),
      newId: () => `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, "0")}`,
      onBroken: (error) => {
        throw error;
      },
    });
  }

  close(): Promise<void> {
    return this.#service.store.close();
  }

  call<O extends OperationName>(name: O, request: RequestOf<O>): Promise<ResponseOf<O>> {
    return callOperation(this.#service, name, request);
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case "put":
        return this.#put(step.key, step.cells);
      case "update":
        return this.#update(step.key, step.cells);
      case "delete":
        this.#changes++;
        this.model.delete(String(step.key));
        await this.call("DeleteRow", {
          tableName: "t",
          primaryKey: rowBytes([text("pk", String(step.key))], [], true),
          condition: anyRow,
        });
        return;
      case "tunnel":
        return this.#createTunnel();
      case "burst":
        return this.#burst(step.changes);
      case "restart":
        await this.close();
        return this.open();
      case "maintain":
        return maintain(this.#service.store, this.#service.registry);
      case "clock":
        this.#now += step.byMs;
        return;
      default: {
        const reader = this.readers[step.tunnel % this.readers.length];
        if (reader === undefined) return;
        if (step.kind === "read") await this.readPage(reader, step.recordsMax);
        else if (step.kind === "checkpoint") await this.#checkpoint(reader);
        else rewind(reader, step.back);
      }
    }
  }

  async #put(rowKey: number, cells: (string | null)[]): Promise<void> {
    this.#changes++;
    const row = new Map<string, string>();
    for (const [index, cell] of cells.entries()) if (cell !== null) row.set(columns[index]!, cell);
    this.model.set(String(rowKey), row);
    await this.call("PutRow", {
      tableName: "t",
      row: rowBytes(
        [text("pk", String(rowKey))],
        [...row].map(([name, cell]) => text(name, cell)),
      ),
      condition: anyRow,
    });
  }

  /** A null cell deletes the column. */
  async #update(rowKey: number, cells: (string | null)[]): Promise<void> {
    this.#changes++;
    const before = this.model.get(String(rowKey));
    const row = new Map(before);
    for (const [index, cell] of cells.entries()) {
      if (cell === null) row.delete(columns[index]!);
      else row.set(columns[index]!, cell);
    }
    if (before !== undefined || row.size > 0) this.model.set(String(rowKey), row);
    await this.call("UpdateRow", {
      tableName: "t",
      rowChange: rowBytes(
        [text("pk", String(rowKey))],
        cells.map((cell, index) =>
          cell === null
            ? operation(columns[index]!, "delete-all-versions")
            : text(columns[index]!, cell),
        ),
      ),
      condition: anyRow,
    });
  }

  async #burst(changes: readonly Change[]): Promise<void> {
    const running = [this.#put(0, ["x", null])];
    for (const one of changes) {
      running.push(this.run(one));
      // Far less than a sync to disk takes, and enough for any of them to be submitted.
      for (let turn = 0; turn < 20; turn++) await null;
    }
    await Promise.all(running);
  }

  async #createTunnel(): Promise<void> {
    if (this.#tunnels === 3) return;
    const tunnelName = `tunnel-${this.#tunnels++}`;
    const snapshot: Model = new Map([...this.model].map(([name, row]) => [name, new Map(row)]));
    const changesBefore = this.#changes;
    const { tunnelId } = await this.call("CreateTunnel", {
      tunnel: { tableName: "t", tunnelName, tunnelType: "BaseAndStream" },
    });
    const { clientId } = await this.call("Connect", { tunnelId });
    const { channels } = await this.call("Heartbeat", { tunnelId, clientId, channels: [] });
    const baseChannelId = channels[0]!.channelId;
    const start = await this.call("GetCheckpoint", {
      tunnelId,
      clientId,
      channelId: baseChannelId,
    });
    this.readers.push({
      tunnelId,
      clientId,
      baseChannelId,
      snapshot,
      changesBefore,
      rows: [],
      pages: [],
      token: start.checkpoint,
      sequenceNumber: start.sequenceNumber,
    });
  }

  async readPage(reader: Reader, recordsMax: number): Promise<void> {
    if (reader.token === "finished") return;
    this.#limits.recordsMax = recordsMax;
    const { tunnelId, clientId, baseChannelId: channelId, token } = reader;
    const page = await this.call("ReadRecords", { tunnelId, clientId, channelId, token });
    reader.pages.push({ token, rowCount: reader.rows.length });
    for (const { record } of page.records) {
      const row = decodePlainRow(record);
      expect(row.extension).toBeNull();
      reader.rows.push([
        keyOf(row),
        new Map(row.attributes.map((cell) => [cell.name, textOf(cell)])),
      ]);
    }
    reader.token = page.nextToken;
  }

  async #checkpoint(reader: Reader): Promise<void> {
    if (reader.token === "finished" && reader.pages.length === 0) return;
    const { tunnelId, clientId, baseChannelId: channelId, token: checkpoint } = reader;
    reader.sequenceNumber += 1n;
    const { sequenceNumber } = reader;
    await this.call("Checkpoint", { tunnelId, clientId, channelId, checkpoint, sequenceNumber });
    // What has been checkpointed need not be read again.
    reader.pages = [];
  }

  async finish(reader: Reader): Promise<void> {
    while (reader.token !== "finished") await this.readPage(reader, 3);
    await this.#checkpoint(reader);
  }

  /** Replays the stream from its start on what the base data gave. */
  async replay(reader: Reader): Promise<Model> {
    const table: Model = new Map(reader.rows);
    const { tunnelId, clientId } = reader;
    this.#limits.recordsMax = 3;
    const { channels } = await this.call("Heartbeat", { tunnelId, clientId, channels: [] });
    expect(channels).toHaveLength(2);
    let records = 0;
    for (const { channelId } of channels) {
      let token = (await this.call("GetCheckpoint", { tunnelId, clientId, channelId })).checkpoint;
      let before = [0n, -1] as [bigint, number];
      for (let more = true; more; ) {
        const page = await this.call("ReadRecords", { tunnelId, clientId, channelId, token });
        for (const { actionType, record } of page.records) {
          const row = decodePlainRow(record);
          const { timestampUs, rowIndex } = row.extension!;
          const isLater =
            timestampUs > before[0] || (timestampUs === before[0] && rowIndex > before[1]);
          expect(isLater).toBe(true);
          before = [timestampUs, rowIndex];
          applyRecord(table, actionType, row);
          records++;
        }
        token = page.nextToken;
        more = page.mayMoreRecord === true;
      }
    }
    expect(records).toBe(this.#changes - reader.changesBefore);
    return table;
  }
}

function rewind(reader: Reader, back: number): void {
  const index = reader.pages.length - 1 - back;
  const page = reader.pages[index];
  if (page === undefined) return;
  reader.token = page.token;
  reader.rows.length = page.rowCount;
  reader.pages.length = index;
}

function applyRecord(table: Model, action: string, row: PlainRow): void {
  const name = keyOf(row);
  if (action === "DELETE_ROW") {
    table.delete(name);
    return;
  }
  const before = table.get(name);
  const cells = new Map(action === "PUT_ROW" ? [] : before);
  for (const cell of row.attributes) {
    if (cell.operation === null) cells.set(cell.name, textOf(cell));
    else cells.delete(cell.name);
  }
  if (action === "PUT_ROW" || before !== undefined || cells.size > 0) table.set(name, cells);
}

const keyOf = (row: PlainRow) => (row.primaryKey[0]!.value as { value: string }).value;
const textOf = (cell: PlainRow["attributes"][number]) => (cell.value as { value: string }).value;
const sorted = (model: Iterable<[string, Map<string, string>]>) =>
  [...model]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, row]) => [name, Object.fromEntries([...row].sort())]);

it("base data is the table at the cut, exactly, and with the stream it gives the table of now", async () => {
  await fc.assert(
    fc.asyncProperty(rowsAtFirst, steps, async (rows, steps) => {
      const directory = await mkdtemp(path.join(tmpdir(), "culvert-snapshot-"));
      const harness = new Harness(directory);
      await harness.open();
      try {
        await harness.call("CreateTable", {
          tableMeta: { tableName: "t", primaryKey: [{ name: "pk", type: "STRING" }] },
          reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
          streamSpec: { enableStream: true, expirationTime: 168 },
        });
        for (const one of [...rows, { kind: "tunnel" } as const, ...steps]) await harness.run(one);
        for (const reader of harness.readers) {
          await harness.finish(reader);
          expect(
            reader.rows.map(([name, row]) => [name, Object.fromEntries([...row].sort())]),
          ).toEqual(sorted(reader.snapshot));
        }
        for (const reader of harness.readers) {
          expect(sorted(await harness.replay(reader))).toEqual(sorted(harness.model));
        }
      } finally {
        await harness.close();
        await rm(directory, { recursive: true, force: true });
      }
    }),
    { numRuns: 80 },
  );
});
