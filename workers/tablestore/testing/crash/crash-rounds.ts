import { isDeepStrictEqual } from "node:util";
import type { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRows } from "@/lib/tablestore/decode-plain-buffer";
import type { PlainRow } from "@/lib/tablestore/plain-row";
import { endServer, spawnServer } from "../spawn-server";
import { anyRow, connectClient, integer, readToEnd, rowBytes, text } from "../tunnel-reader";

const tableName = "crash";
const rowsPerBatch = 20;
const writers = 6;
const key = (pk: string, n: number) => [text("pk", pk), integer("n", n)];
const textIn = (row: PlainRow, name: string) => {
  const value = row.attributes.find((cell) => cell.name === name)?.value;
  return value?.type === "string" ? value.value : undefined;
};
const nameOf = (row: PlainRow) =>
  row.primaryKey.map(({ value }) => String((value as { value: unknown }).value)).join("/");

type Table = Map<string, string | undefined>;
type Reader = { readonly tunnelId: string; readonly clientId: string };

export type CrashReport = {
  readonly rounds: number;
  readonly acknowledged: number;
  /** What was lost, torn or out of step; empty when all is well. */
  readonly faults: readonly string[];
};

/**
 * Kills a writing server by SIGKILL `rounds` times, and a splitting one among them. After each start
 * every acknowledged write has to be there, and the rows have to be what the change log makes.
 */
export async function crashRounds(
  directory: string,
  { rounds, onRound }: { rounds: number; onRound?: (round: number) => void },
): Promise<CrashReport> {
  const acknowledged = new Map<string, string>();
  const faults: string[] = [];
  let reader: Reader | null = null;
  for (let round = 0; round <= rounds; round++) {
    const server = await spawnServer(directory, { TABLESTORE_CHANNELS: "2" });
    const client = connectClient(server.port);
    try {
      reader ??= await prepare(client);
      const table = await readTable(client);
      faults.push(...missing(acknowledged, table).map((what) => `round ${round}: ${what}`));
      const replayed = await replayLog(client, reader);
      if (!isDeepStrictEqual(sorted(replayed), sorted(table))) {
        faults.push(`round ${round}: rows and change log differ`);
      }
      if (round === rounds) break;
      const writing = Array.from({ length: writers }, (_, writer) =>
        writeUntilGone(client, `${round}-${writer}`, acknowledged),
      );
      if (round % 3 === 2) writing.push(splitOnce(client));
      await new Promise((resolve) => setTimeout(resolve, 60 + ((round * 37) % 400)));
      await endServer(server, "SIGKILL");
      await Promise.all(writing);
      onRound?.(round + 1);
    } finally {
      client.close();
      if (server.child.exitCode === null && server.child.signalCode === null) {
        const code = await endServer(server, "SIGTERM");
        if (code !== 0) faults.push(`round ${round}: the server ended with ${code}`);
      }
    }
  }
  return { rounds, acknowledged: acknowledged.size, faults };
}

async function prepare(client: TablestoreClient): Promise<Reader> {
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
  return { tunnelId, clientId };
}

/** Writes until the server is gone. Notes a row's value once its write is answered. */
async function writeUntilGone(
  client: TablestoreClient,
  writer: string,
  acknowledged: Map<string, string>,
): Promise<void> {
  for (let n = 0; ; n++) {
    const value = `${writer}-${n}`;
    const rows = Array.from({ length: rowsPerBatch }, (_, index) => ({
      type: "PUT" as const,
      rowChange: rowBytes(key(value, index), [text("v", value)]),
      condition: anyRow,
    }));
    try {
      await client.call("BatchWriteRow", { tables: [{ tableName, rows }] });
      for (let index = 0; index < rowsPerBatch; index++) {
        acknowledged.set(`${value}/${index}`, value);
      }
      // One row that is written over and over: the last answer counts.
      await client.call("UpdateRow", {
        tableName,
        rowChange: rowBytes(key(`last-${writer}`, 0), [text("v", value)]),
        condition: anyRow,
      });
      acknowledged.set(`last-${writer}/0`, value);
    } catch {
      return;
    }
  }
}

async function splitOnce(client: TablestoreClient): Promise<void> {
  try {
    await client.call("SplitChannel", { tableName });
  } catch {
    // The server was gone first; whether the channel is split shows after the start.
  }
}

/** An answer may have been lost on the way; what was answered may not. */
function missing(acknowledged: ReadonlyMap<string, string>, table: Table): string[] {
  const lost: string[] = [];
  for (const [name, value] of acknowledged) {
    const kept = table.get(name);
    const isLast = name.startsWith("last-");
    const numberIn = (text: string | undefined) => Number(/-(\d+)$/.exec(text ?? "")?.[1] ?? -1);
    const isKept = isLast ? numberIn(kept) >= numberIn(value) : kept === value;
    if (!isKept) lost.push(`${name} is ${kept} and was acknowledged as ${value}`);
  }
  return lost;
}

async function readTable(client: TablestoreClient): Promise<Table> {
  const table: Table = new Map();
  const bound = (type: "inf-min" | "inf-max") =>
    rowBytes(["pk", "n"].map((name) => ({ ...text(name, ""), value: { type } })));
  let next: Uint8Array | undefined = bound("inf-min");
  while (next !== undefined) {
    const page: { rows: Uint8Array; nextStartPrimaryKey?: Uint8Array } = await client.call(
      "GetRange",
      {
        tableName,
        direction: "FORWARD",
        maxVersions: 1,
        inclusiveStartPrimaryKey: next,
        exclusiveEndPrimaryKey: bound("inf-max"),
      },
    );
    for (const row of decodePlainRows(page.rows)) table.set(nameOf(row), textIn(row, "v"));
    next = page.nextStartPrimaryKey;
  }
  return table;
}

/**
 * The table as a new tunnel's records from the oldest on make it, parents before children. The lasting
 * reader takes a heartbeat as well, so that its tunnel is in use when the server dies.
 */
async function replayLog(client: TablestoreClient, lasting: Reader): Promise<Table> {
  await client.call("Heartbeat", lasting);
  const tunnel = {
    tableName,
    tunnelName: "replay",
    tunnelType: "Stream",
    streamTunnelConfig: { flag: "EARLIEST" },
  } as const;
  const { tunnelId } = await client.call("CreateTunnel", { tunnel });
  const { clientId } = await client.call("Connect", { tunnelId });
  const table: Table = new Map();
  for (;;) {
    const { channels } = await client.call("Heartbeat", { tunnelId, clientId });
    let finished = 0;
    for (const { channelId } of channels) {
      const channel = { tunnelId, clientId, channelId };
      const { checkpoint, sequenceNumber } = await client.call("GetCheckpoint", channel);
      const { records, token } = await readToEnd(client, channel, checkpoint);
      for (const { row } of records) table.set(nameOf(row), textIn(row, "v"));
      if (token === checkpoint) continue;
      const next = { checkpoint: token, sequenceNumber: sequenceNumber + 1n };
      await client.call("Checkpoint", { ...channel, ...next });
      if (token === "finished") finished++;
    }
    if (finished > 0) continue;
    await client.call("DeleteTunnel", { tableName, tunnelName: "replay" });
    return table;
  }
}

const sorted = (table: Table) => [...table].sort(([a], [b]) => (a < b ? -1 : 1));
