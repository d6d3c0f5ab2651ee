import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "@/lib/platform/clock";
import { TablestoreClient } from "@/lib/tablestore/client";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import { decodeMessage } from "@/lib/tablestore/messages";
import type { PlainCell } from "@/lib/tablestore/plain-row";

/**
 * The embedded table store over HTTP, as a process of its own: durable batched writes, tunnel reads,
 * the way from write to readable record under that load, restart and memory.
 * `npm run bench:tablestore -- [--rows 1000000] [--writers 16]` (10 million: `--rows 10000000`)
 */
const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    writers: { type: "string", default: "16" },
  },
});
const rowsWanted = Number(options.rows);
const writers = Number(options.writers);
const rowsPerBatch = 200;
const root = fileURLToPath(new URL("..", import.meta.url));
const access = { instance: "bench", accessKeyId: "bench", accessKeySecret: "bench-secret" };
const tableName = "bench";
const payload = randomBytes(48).toString("hex");

type Server = { readonly port: number; readonly child: ChildProcess; readonly startMs: number };

async function startServer(directory: string): Promise<Server> {
  const began = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", "workers/tablestore/main.ts"], {
    cwd: root,
    env: {
      NODE_ENV: "production",
      TABLESTORE_PORT: "0",
      TABLESTORE_INSTANCE: access.instance,
      TABLESTORE_ACCESS_KEY_ID: access.accessKeyId,
      TABLESTORE_ACCESS_KEY_SECRET: access.accessKeySecret,
      TABLESTORE_DATA: directory,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /listening on http:\/\/[\d.]+:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stderr.resume();
    return { port: Number(port), child, startMs: performance.now() - began };
  }
  throw new Error("The table store did not start");
}

async function stopServer({ child }: Server): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

const connect = ({ port }: Server): TablestoreClient =>
  new TablestoreClient({
    ...access,
    endpoint: `http://127.0.0.1:${port}`,
    clock: systemClock,
    random: Math.random,
    retryTotalMs: 0,
  });

/** CPU seconds of the process so far; 0 where the system does not tell. */
async function cpuSecondsOf({ child }: Server): Promise<number> {
  try {
    const fields = (await readFile(`/proc/${child.pid}/stat`, "latin1")).split(") ")[1]?.split(" ");
    return (Number(fields?.[11]) + Number(fields?.[12])) / 100;
  } catch {
    return 0;
  }
}

/** The process's own memory, and beside it what it has mapped of the database's files. */
async function memoryOf({ child }: Server): Promise<string> {
  try {
    const status = await readFile(`/proc/${child.pid}/status`, "latin1");
    const mb = (name: string) =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024);
    return `${mb("RssAnon")} MB, and ${mb("RssFile")} MB of mapped files`;
  } catch {
    return "unknown";
  }
}

const cell = (name: string, value: PlainCell["value"]): PlainCell => ({
  name,
  value,
  operation: null,
  timestampMs: null,
});

/** Two keys and three columns: about 220 bytes on the wire, as in the white paper of the service. */
function sampleRow(n: number): Uint8Array {
  return encodePlainRow({
    primaryKey: [
      cell("pk", { type: "string", value: `device-${(Math.imul(n, 0x9e3779b1) >>> 0) % 10_000}` }),
      cell("n", { type: "integer", value: BigInt(n) }),
    ],
    attributes: [
      cell("payload", { type: "string", value: payload }),
      cell("reading", { type: "double", value: n / 7 }),
      cell("sent_at", { type: "integer", value: BigInt(Date.now()) }),
    ],
    deleteMarker: false,
    extension: null,
  });
}

async function createTable(client: TablestoreClient): Promise<void> {
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
}

type Channel = { readonly tunnelId: string; readonly clientId: string; readonly channelId: string };

async function openChannels(
  client: TablestoreClient,
  tunnelType: "BaseData" | "Stream",
  flag: "LATEST" | "EARLIEST",
): Promise<Channel[]> {
  const tunnelName = `${tunnelType}-${flag}`;
  const { tunnelId } = await client.call("CreateTunnel", {
    tunnel: { tableName, tunnelName, tunnelType, streamTunnelConfig: { flag } },
  });
  const { clientId } = await client.call("Connect", { tunnelId });
  const { channels } = await client.call("Heartbeat", { tunnelId, clientId });
  return channels.map(({ channelId }) => ({ tunnelId, clientId, channelId }));
}

const delaysMs: number[] = [];

/** Follows a channel and notes how old its newest record is when it arrives. */
async function follow(client: TablestoreClient, channel: Channel, end: AbortSignal): Promise<void> {
  let token = (await client.call("GetCheckpoint", channel)).checkpoint;
  while (!end.aborted) {
    const body = await client.readRecords({ ...channel, token });
    const page = decodeMessage("ReadRecordsResponse", body);
    const now = Date.now();
    token = page.nextToken;
    // The last column's value stands before its timestamp and checksum, the extension and the row's.
    for (const { record } of page.records) {
      const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
      const at = bytes.lastIndexOf("sent_at", undefined, "latin1");
      delaysMs.push(now - Number(bytes.readBigInt64LE(at + "sent_at".length + 6)));
    }
  }
}

/** Writes rows [0, total) by several writers; gives how long each batch's answer took. */
async function writeRows(client: TablestoreClient, total: number): Promise<number[]> {
  const tookMs: number[] = [];
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < total) {
      const from = next;
      next = Math.min(total, from + rowsPerBatch);
      const rows = Array.from({ length: next - from }, (_, index) => ({
        type: "PUT" as const,
        rowChange: sampleRow(from + index),
        condition: { rowExistence: "IGNORE" as const },
      }));
      const began = performance.now();
      await client.call("BatchWriteRow", { tables: [{ tableName, rows }] });
      tookMs.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return tookMs;
}

/** Reads a channel to its present end without decoding; gives how many records came. */
async function drain(client: TablestoreClient, channel: Channel): Promise<number> {
  let token = (await client.call("GetCheckpoint", channel)).checkpoint;
  for (let bytes = 0; ; ) {
    const body = await client.readRecords({ ...channel, token });
    bytes += body.length;
    const tail = decodeMessage("ReadRecordsResponse", body);
    readCount += tail.records.length;
    token = tail.nextToken;
    if (token === "finished" || tail.mayMoreRecord !== true) return bytes;
  }
}
let readCount = 0;

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}

const lines: Record<string, string> = {};
const thousands = (value: number) => `${Math.round(value / 1000)} k`;

async function measureWrites(server: Server, client: TablestoreClient): Promise<void> {
  const end = new AbortController();
  const channels = await openChannels(client, "Stream", "LATEST");
  const following = channels.map((channel) => follow(client, channel, end.signal));
  const before = await cpuSecondsOf(server);
  const began = performance.now();
  const tookMs = await writeRows(client, rowsWanted);
  const seconds = (performance.now() - began) / 1000;
  const cpuSeconds = (await cpuSecondsOf(server)) - before;
  end.abort();
  await Promise.all(following);
  lines["durable writes"] =
    `${thousands(rowsWanted / seconds)} rows/s (${thousands(rowsWanted / cpuSeconds)} per CPU second of the server, readers included)`;
  lines["write answered after"] =
    `p50 ${percentile(tookMs, 0.5)} ms, p99 ${percentile(tookMs, 0.99)} ms, longest ${percentile(tookMs, 1)} ms`;
  lines["write readable after"] =
    `p50 ${percentile(delaysMs, 0.5)} ms, p99 ${percentile(delaysMs, 0.99)} ms`;
}

async function measureReads(
  server: Server,
  client: TablestoreClient,
  kind: "BaseData" | "Stream",
): Promise<void> {
  const channels = await openChannels(client, kind, "EARLIEST");
  const before = await cpuSecondsOf(server);
  readCount = 0;
  const began = performance.now();
  await Promise.all(channels.map((channel) => drain(client, channel)));
  const seconds = (performance.now() - began) / 1000;
  const cpuSeconds = (await cpuSecondsOf(server)) - before;
  if (readCount < rowsWanted) throw new Error(`${kind}: only ${readCount} records came`);
  lines[`${kind} records read`] =
    `${thousands(readCount / seconds)} rows/s (${thousands(readCount / cpuSeconds)} per CPU second of the server)`;
}

const directory = await mkdtemp(path.join(tmpdir(), "culvert-bench-"));
try {
  const first = await startServer(directory);
  const client = connect(first);
  await createTable(client);
  await measureWrites(first, client);
  lines["memory after writes"] = await memoryOf(first);
  await measureReads(first, client, "Stream");
  await measureReads(first, client, "BaseData");
  lines["memory after reads"] = await memoryOf(first);
  client.close();
  await stopServer(first);
  const again = await startServer(directory);
  lines.restart = `${Math.round(again.startMs)} ms; ${await memoryOf(again)}`;
  await stopServer(again);
  console.log(
    `${rowsWanted.toLocaleString("en")} rows of ${sampleRow(1).length} bytes, ${writers} writers of ${rowsPerBatch} rows, load ${loadavg()[0]?.toFixed(1)}`,
  );
  console.table(lines);
} finally {
  await rm(directory, { recursive: true, force: true });
}
