import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "@/lib/platform/clock";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import type { PlainRow } from "@/lib/tablestore/plain-row";
import { openService, type Service } from "./service";
import { callOperation } from "./testing/call-operation";
import { anyRow, rowBytes, text } from "./testing/tunnel-reader";
import { defaultPageLimits } from "./tunnels/read-records";

const tableName = "large";
const rowCount = 6_000;
const piecesMax = 4;
let directory: string;
let service: Service;
let ids = 0;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "culvert-base-"));
  await open();
  await callOperation(service, "CreateTable", {
    tableMeta: { tableName, primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    streamSpec: { enableStream: true, expirationTime: 168 },
  });
  for (let from = 0; from < rowCount; from += 200) {
    await put(Array.from({ length: 200 }, (_, index) => [keyOf(from + index), "old"]));
  }
  // Sizes are known of what lies in files.
  await service.store.db.compactRange(Buffer.from([0]), Buffer.from([255]));
});

afterAll(async () => {
  await service.store.close();
  await rm(directory, { recursive: true, force: true });
});

const keyOf = (row: number) => `device-${String((row * 7919) % rowCount).padStart(6, "0")}`;

async function open(): Promise<void> {
  service = await openService({
    ...{ instance: "test", directory, channelsPerTable: 2, longPollMs: 0 },
    pageLimits: { ...defaultPageLimits, recordsMax: 500 },
    baseChannels: { piecesMax, pieceBytesMin: 64 * 1024 },
    clock: systemClock,
    log: pino({ level: "silent" }),
    newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`,
    onBroken: (error) => {
      throw error;
    },
  });
}

async function put(rows: readonly (readonly [string, string])[]): Promise<void> {
  await callOperation(service, "BatchWriteRow", {
    tables: [
      {
        tableName,
        rows: rows.map(([key, value]) => ({
          type: "PUT" as const,
          rowChange: rowBytes([text("pk", key)], [text("v", value), text("id", noise(key))]),
          condition: anyRow,
        })),
      },
    ],
  });
}

/** Text that does not compress away. */
const noise = (key: string) =>
  Array.from({ length: 12 }, (_, at) => Math.sin(Number(key.slice(7)) * 12 + at)).join("");

type Channel = { readonly tunnelId: string; readonly clientId: string; readonly channelId: string };

async function readPage(channel: Channel, token: string) {
  const page = await callOperation(service, "ReadRecords", { ...channel, token });
  return { rows: page.records.map(({ record }) => decodePlainRow(record)), next: page.nextToken };
}

const textAt = (row: PlainRow, name: string) =>
  [...row.primaryKey, ...row.attributes].find((cell) => cell.name === name)?.value;

test("a large table's base data comes in several channels by key range: together each row once, as it was at the cut, over changes and a restart", async () => {
  const { tunnelId } = await callOperation(service, "CreateTunnel", {
    tunnel: { tableName, tunnelName: "whole", tunnelType: "BaseAndStream" },
  });
  const { clientId } = await callOperation(service, "Connect", { tunnelId });
  const { channels } = await callOperation(service, "Heartbeat", {
    ...{ tunnelId, clientId, channels: [] },
  });
  expect(channels).toHaveLength(piecesMax);

  const rowsOf = new Map<string, number>();
  let changed = 0;
  const tokens = new Map<string, string>();
  for (const { channelId } of channels) {
    const channel = { tunnelId, clientId, channelId };
    tokens.set(channelId, (await callOperation(service, "GetCheckpoint", channel)).checkpoint);
  }
  const seen: string[] = [];
  while ([...tokens.values()].some((token) => token !== "finished")) {
    for (const [channelId, token] of tokens) {
      if (token === "finished") continue;
      const page = await readPage({ tunnelId, clientId, channelId }, token);
      tokens.set(channelId, page.next);
      rowsOf.set(channelId, (rowsOf.get(channelId) ?? 0) + page.rows.length);
      for (const row of page.rows) {
        expect(textAt(row, "v")).toEqual({ type: "string", value: "old" });
        seen.push((textAt(row, "pk") as { value: string }).value);
      }
      // Rows of every range, read already or not, and new ones.
      await put(
        Array.from({ length: 50 }, () => {
          changed += 113;
          return [changed % 3 === 0 ? `device-${changed}x` : keyOf(changed % rowCount), "new"];
        }),
      );
    }
    if (seen.length > rowCount / 2 && seen.length < (rowCount * 3) / 4) {
      await service.store.close();
      await open();
    }
  }
  expect(new Set(seen).size).toBe(rowCount);
  expect(seen).toHaveLength(rowCount);
  // About the same size: none has more than twice its share.
  expect(Math.max(...rowsOf.values())).toBeLessThan((2 * rowCount) / piecesMax);
});

test("a small table's base data comes in one channel", async () => {
  await callOperation(service, "CreateTable", {
    tableMeta: { tableName: "small", primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
  });
  const { tunnelId } = await callOperation(service, "CreateTunnel", {
    tunnel: { tableName: "small", tunnelName: "one", tunnelType: "BaseData" },
  });
  const { channels } = await callOperation(service, "DescribeTunnel", {
    ...{ tableName: "small", tunnelName: "one", tunnelId },
  });
  expect(channels).toHaveLength(1);
});
