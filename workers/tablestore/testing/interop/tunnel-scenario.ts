import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Program } from "@/lib/platform/testing/provide-program";
import type { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRows } from "@/lib/tablestore/decode-plain-buffer";
import { endServer, type SpawnedServer, spawnServer } from "../spawn-server";
import { testAccess } from "../start-test-server";
import { connectClient, rowBytes } from "../tunnel-reader";
import { ChangeWriter, describeRow } from "./change-writer";
import { ConsumedChanges } from "./consumed-changes";
import { type SdkDriver, startDriver } from "./sdk-driver";
import { startTunnelWorker, type TunnelWorkerProcess, type WorkerTimes } from "./tunnel-worker";

const baseRows = 100_000;
const table = "changing";
const tunnel = "watch";
const patienceMs = 240_000;

/** A tunnel's whole life, consumed by an SDK's own workers while rows change and workers die. */
export function describeTunnels(name: string, program: Program, times: WorkerTimes): void {
  describe(`a tunnel consumed by workers of the ${name} SDK`, () => {
    let directory: string;
    let server: SpawnedServer;
    let client: TablestoreClient;
    let driver: SdkDriver;
    const workers: TunnelWorkerProcess[] = [];

    beforeAll(async () => {
      directory = await mkdtemp(path.join(tmpdir(), "culvert-tunnel-interop-"));
      server = await spawnServer(directory, { TABLESTORE_CHANNELS: "4", LOG_LEVEL: "info" });
      client = connectClient(server.port);
      driver = startDriver(program, { ...testAccess, port: server.port });
    });
    afterAll(async () => {
      await Promise.all(workers.map((worker) => worker.kill()));
      await driver?.close();
      client?.close();
      if (server) await endServer(server, "SIGTERM");
      if (directory) await rm(directory, { recursive: true, force: true });
    });

    it("gives base data of one moment and every later change in order, whichever worker dies", async () => {
      const consumed = new ConsumedChanges();
      const keys = Array.from({ length: baseRows }, (_, i) => `key-${String(i).padStart(6, "0")}`);
      await driver.call("createTable", { table, key: [{ name: "pk", type: "string" }] });
      const writer = new ChangeWriter(client, table);
      await writer.putRows(keys);
      // New rows among the old ones, too.
      const writing = writer.changeRows([...keys, ...keys.map((key) => `${key}-new`)], 200);
      const { id } = await driver.call("createTunnel", { table, name: tunnel });
      expect(await driver.call("listTunnels", { table })).toEqual({ names: [tunnel] });
      const start = () => {
        const access = { ...testAccess, port: server.port };
        const worker = startTunnelWorker(program, access, id, times, (page) => consumed.add(page));
        workers.push(worker);
        return worker;
      };

      const first = [start(), start()];
      const reader = await oneOf(first, ({ baseRecords }) => baseRecords > baseRows / 10);
      await reader.kill();
      const heirs = [...first.filter((worker) => worker !== reader), start()];
      await until(workers, () => heirs.every(({ streamRecords }) => streamRecords > 0));
      expect((await driver.call("describeTunnel", { table, name: tunnel })).stage).toBe(
        "ProcessStream",
      );
      const [victim, survivor] = heirs as [TunnelWorkerProcess, TunnelWorkerProcess];
      await victim.kill();
      const channelsOfVictim = channelsOf(victim);
      await until(workers, () => isSuperset(channelsOf(survivor), channelsOfVictim));
      writer.stop();
      await writing;
      await until(workers, () => consumed.hasCaughtUp(writer), 1000);

      // In the order of the workers' clock, which is one: what they wrote may be read in another.
      const union = new ConsumedChanges();
      const pages = workers.flatMap((worker) => worker.pages);
      for (const page of pages.sort((a, b) => a.at - b.at)) union.add(page);
      expect(union.problems(writer)).toEqual([]);
      expect(union.baseRecords).toBeGreaterThanOrEqual(baseRows * 0.9);
      expect(union.repeated).toBeGreaterThan(0);
      const [rows, stored] = [union.rows(), await readTable(client)];
      expect(rows.size).toBe(stored.size);
      expect([...stored].filter(([key, row]) => rows.get(key) !== row)).toEqual([]);

      expect(await survivor.stop()).toBe(0);
      await driver.call("deleteTunnel", { table, name: tunnel });
      expect(await driver.call("listTunnels", { table })).toEqual({ names: [] });
    }, 600_000);
  });
}

const channelsOf = ({ pages }: TunnelWorkerProcess): Set<string> =>
  new Set(
    pages
      .filter(({ records }) => records.some(({ seq }) => seq !== null))
      .map(({ channel }) => channel),
  );

const isSuperset = (whole: Set<string>, part: Set<string>): boolean =>
  [...part].every((each) => whole.has(each));

/** Waits without a fixed length: what it waits for shows in what workers write. */
async function until(
  workers: readonly TunnelWorkerProcess[],
  condition: () => boolean,
  pollMs = 100,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() > deadline) {
      const words = workers.map(({ complaints }) => complaints.slice(-1500)).join("\n---\n");
      throw new Error(`It did not come to that in ${patienceMs} ms. The workers said:\n${words}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function oneOf(
  workers: readonly TunnelWorkerProcess[],
  condition: (worker: TunnelWorkerProcess) => boolean,
): Promise<TunnelWorkerProcess> {
  await until(workers, () => workers.some(condition));
  return workers.find(condition) as TunnelWorkerProcess;
}

/** The whole table as the service has it now. */
async function readTable(client: TablestoreClient): Promise<Map<string, string>> {
  const rows = new Map<string, string>();
  const bound = (type: "inf-min" | "inf-max") =>
    rowBytes([{ name: "pk", value: { type }, operation: null, timestampMs: null }]);
  let from: Uint8Array | undefined = bound("inf-min");
  while (from !== undefined) {
    const page: { rows: Uint8Array; nextStartPrimaryKey?: Uint8Array } = await client.call(
      "GetRange",
      {
        tableName: table,
        direction: "FORWARD",
        inclusiveStartPrimaryKey: from,
        exclusiveEndPrimaryKey: bound("inf-max"),
        maxVersions: 1,
      },
    );
    for (const { primaryKey, attributes } of decodePlainRows(page.rows)) {
      const cells = attributes.map(({ name, value }) => `${name}=${textOf(value)}`);
      rows.set(textOf(primaryKey[0]?.value ?? null), describeRow(cells));
    }
    from = page.nextStartPrimaryKey;
  }
  return rows;
}

const textOf = (value: object | null): string =>
  value !== null && "value" in value ? String(value.value) : "";
