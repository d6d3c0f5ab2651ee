import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRows } from "@/lib/tablestore/decode-plain-buffer";
import type { PlainRow } from "@/lib/tablestore/plain-row";
import { endServer, type SpawnedServer, spawnServer } from "./testing/spawn-server";
import { anyRow, connectClient, integer, readToEnd, rowBytes, text } from "./testing/tunnel-reader";

let directory: string;
let running: SpawnedServer | null = null;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "culvert-crash-"));
});
afterEach(async () => {
  if (running?.child.exitCode === null) running.child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

const tableName = "crash";
const pk = (name: string, n: number) => [text("pk", name), integer("n", n)];
const textIn = (row: PlainRow, name: string) => {
  const value = row.attributes.find((cell) => cell.name === name)?.value;
  return value?.type === "string" ? value.value : undefined;
};
const nameOf = (row: PlainRow) =>
  row.primaryKey.map(({ value }) => String((value as { value: unknown }).value)).join("/");

/** Writes until the server is gone. Notes a row's value once its write is answered. */
async function writeUntilGone(
  client: TablestoreClient,
  writer: string,
  acknowledged: Map<string, string>,
): Promise<void> {
  for (let n = 0; ; n++) {
    const value = `${writer}-${n}`;
    const batch = Array.from({ length: 20 }, (_, index) => pk(value, index));
    try {
      await client.call("BatchWriteRow", {
        tables: [
          {
            tableName,
            rows: batch.map((key) => ({
              type: "PUT" as const,
              rowChange: rowBytes(key, [text("v", value)]),
              condition: anyRow,
            })),
          },
        ],
      });
      for (let index = 0; index < 20; index++) acknowledged.set(`${value}/${index}`, value);
      // One row that is written over and over: the last answer counts.
      await client.call("UpdateRow", {
        tableName,
        rowChange: rowBytes(pk(`last-${writer}`, 0), [text("v", value)]),
        condition: anyRow,
      });
      acknowledged.set(`last-${writer}/0`, value);
    } catch {
      return;
    }
  }
}

async function readTable(client: TablestoreClient): Promise<Map<string, string | undefined>> {
  const table = new Map<string, string | undefined>();
  const bound = (type: "inf-min" | "inf-max") =>
    ["pk", "n"].map((name) => ({ name, value: { type }, operation: null, timestampMs: null }));
  let next: Uint8Array | undefined = rowBytes(bound("inf-min"));
  while (next !== undefined) {
    const page: { rows: Uint8Array; nextStartPrimaryKey?: Uint8Array } = await client.call(
      "GetRange",
      {
        tableName,
        direction: "FORWARD",
        maxVersions: 1,
        inclusiveStartPrimaryKey: next,
        exclusiveEndPrimaryKey: rowBytes(bound("inf-max")),
      },
    );
    for (const row of decodePlainRows(page.rows)) table.set(nameOf(row), textIn(row, "v"));
    next = page.nextStartPrimaryKey;
  }
  return table;
}

async function replayLog(client: TablestoreClient, tunnelId: string, clientId: string) {
  const table = new Map<string, string | undefined>();
  const { channels } = await client.call("Heartbeat", { tunnelId, clientId });
  expect(channels).toHaveLength(2);
  for (const { channelId } of channels) {
    const channel = { tunnelId, clientId, channelId };
    const { checkpoint } = await client.call("GetCheckpoint", channel);
    const { records } = await readToEnd(client, channel, checkpoint);
    for (const { row } of records) table.set(nameOf(row), textIn(row, "v"));
  }
  return table;
}

const sorted = (table: Map<string, unknown>) => [...table].sort(([a], [b]) => (a < b ? -1 : 1));

it("after any SIGKILL every acknowledged write is there, and rows and change log agree", async () => {
  const acknowledged = new Map<string, string>();
  let tunnel: { tunnelId: string; clientId: string } | null = null;
  for (let round = 0; round <= 10; round++) {
    running = await spawnServer(directory, { TABLESTORE_CHANNELS: "2" });
    const client = connectClient(running.port);
    if (tunnel === null) {
      await client.call("CreateTable", {
        tableMeta: {
          tableName,
          primaryKey: [
            { name: "pk", type: "STRING" },
            { name: "n", type: "INTEGER" },
          ],
        },
        reservedThroughput: { capacityUnit: {} },
        streamSpec: { enableStream: true, expirationTime: 24 },
      });
      const { tunnelId } = await client.call("CreateTunnel", {
        tunnel: { tableName, tunnelName: "tunnel", tunnelType: "Stream" },
      });
      const { clientId } = await client.call("Connect", { tunnelId });
      tunnel = { tunnelId, clientId };
    }
    const table = await readTable(client);
    for (const [name, value] of acknowledged) {
      // An answer may have been lost on the way; what was answered may not.
      if (name.startsWith("last-")) {
        const [writer, n] = [value.replace(/-\d+$/, ""), Number(/\d+$/.exec(value)?.[0])];
        const kept = table.get(name) ?? "";
        expect(kept.startsWith(`${writer}-`)).toBe(true);
        expect(Number(/\d+$/.exec(kept)?.[0])).toBeGreaterThanOrEqual(n);
      } else expect(table.get(name)).toBe(value);
    }
    expect(sorted(await replayLog(client, tunnel.tunnelId, tunnel.clientId))).toEqual(
      sorted(table),
    );
    if (round < 10) {
      const writers = Array.from({ length: 6 }, (_, writer) =>
        writeUntilGone(client, `${round}-${writer}`, acknowledged),
      );
      await new Promise((resolve) => setTimeout(resolve, 60 + round * 25));
      expect(await endServer(running, "SIGKILL")).toBe("SIGKILL");
      await Promise.all(writers);
    }
    client.close();
  }
  expect(acknowledged.size).toBeGreaterThan(500);
  if (running !== null) expect(await endServer(running, "SIGTERM")).toBe(0);
}, 180_000);

it("ends with 0 when its supervisor's pipe closes", async () => {
  running = await spawnServer(directory, { CULVERT_SUPERVISED: "1" });
  const exited = once(running.child, "exit");
  running.child.stdin?.end();
  expect((await exited)[0]).toBe(0);
});
