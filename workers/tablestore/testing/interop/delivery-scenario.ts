import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type Database } from "@/lib/db/client";
import { migrateDatabase } from "@/lib/db/migrate";
import { systemClock } from "@/lib/platform/clock";
import { randomSecret } from "@/lib/platform/secret";
import type { Program } from "@/lib/platform/testing/provide-program";
import { createConnections } from "@/lib/services/create-connections";
import { getTask } from "@/lib/services/get-task";
import { updateTask } from "@/lib/services/update-task";
import { queryDataset } from "@/workers/delivery/testing/read-dataset";
import { type RunningPostgres, startPostgres } from "@/workers/local/postgres";
import { type DeliveryParts, startDeliveryParts } from "../delivery-parts";
import { endServer, type SpawnedServer, spawnServer } from "../spawn-server";
import { testAccess } from "../start-test-server";
import {
  type DeliveryConfig,
  type SdkDriver,
  SdkError,
  startDriver,
  type Write,
} from "./sdk-driver";

const table = "orders";
const bucket = "sdk-bucket";
const rowsBefore = 400;
const rowsAfter = 100;
const batchRows = 100;
const patienceMs = 120_000;
/** By the numbers of the wire's enums. */
const types = { BOOL: 0, INT64: 1, UTF8: 2, DOUBLE: 3, DATE: 4 } as const;
const encodings = { PLAIN: 0, PLAIN_DICTIONARY: 1 } as const;

/** The real processes around a delivery, made, looked at and ended by an SDK alone. */
export function describeDelivery(name: string, program: Program): void {
  describe(`delivery tasks through the ${name} SDK`, () => {
    let directory: string;
    let postgres: RunningPostgres;
    let database: Database;
    let parts: DeliveryParts;
    let server: SpawnedServer;
    let driver: SdkDriver;

    beforeAll(async () => {
      directory = await mkdtemp(path.join(tmpdir(), "culvert-delivery-interop-"));
      // As root the database runs under another account, which has to get there.
      await chmod(directory, 0o711);
      postgres = await startPostgres({
        dataDirectory: path.join(directory, "postgres"),
        password: randomSecret(16),
        log: () => undefined,
        settings: { fsync: "off" },
      });
      await migrateDatabase(postgres.url);
      database = createDatabase(postgres.url, { applicationName: "interop" });
      parts = await startDeliveryParts(database, postgres.url);
      server = await spawnServer(path.join(directory, "tables"), {
        DATABASE_URL: postgres.url,
        CULVERT_SECRET_KEY: parts.secretKey.toString("base64"),
      });
      await parts.addSource("embedded", server.port);
      await parts.addDestination(bucket);
      driver = startDriver(program, { ...testAccess, port: server.port });
    });
    afterAll(async () => {
      await driver?.close();
      if (server) await endServer(server, "SIGTERM");
      await parts?.close();
      await database?.close();
      await postgres?.stop();
      if (directory) await rm(directory, { recursive: true, force: true });
    });

    const config = (): DeliveryConfig => ({
      prefix: "orders/year=$yyyy",
      bucket,
      endpoint: parts.endpoint,
      role: "acs:ram::1:role/any",
      schema: [
        { column: "id", name: "order_id", type: types.INT64, encode: encodings.PLAIN },
        { column: "city", name: "city", type: types.UTF8, encode: encodings.PLAIN_DICTIONARY },
        { column: "price", name: "price", type: types.DOUBLE, encode: encodings.PLAIN },
        { column: "paid", name: "paid", type: types.BOOL, encode: encodings.PLAIN },
      ],
    });
    const refusalOf = (call: Promise<unknown>): Promise<SdkError | null> =>
      call.then(
        () => null,
        (thrown: unknown) => {
          if (thrown instanceof SdkError) return thrown;
          throw thrown;
        },
      );

    it("creates a task, sees its objects arrive, lists, describes and deletes it", async () => {
      await driver.call("createTable", { table, key: [{ name: "id", type: "integer" }] });
      await putRows(driver, 0, rowsBefore);
      const task = { table, name: "sdk-task" };
      await driver.call("createDeliveryTask", { ...task, type: "BASE_INC", config: config() });
      expect(await driver.call("listDeliveryTasks", { table })).toEqual({
        tasks: [{ ...task, type: "BASE_INC" }],
      });
      expect(await driver.call("describeDeliveryTask", task)).toEqual({
        type: "BASE_INC",
        config: { ...config(), role: `acs:ram::culvert:role/${bucket}` },
        phase: "INIT",
        through: "0",
        error: "OK",
        detail: expect.any(String),
      });
      await expectConsoleTask();

      parts.startWorker();
      await putRows(driver, rowsBefore, rowsBefore + rowsAfter);
      const written = Date.now();
      const deadline = written + patienceMs;
      for (;;) {
        const { phase, through, error } = await driver.call("describeDeliveryTask", task);
        expect(error).toBe("OK");
        if (phase === "INCR" && Number(through) >= written) break;
        if (Date.now() > deadline) {
          const words = parts.workerWords();
          throw new Error(`Still ${phase}, delivered through ${through}. The worker:\n${words}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const rows = await queryDataset(
        parts.openBucket(bucket),
        "orders/",
        "SELECT order_id, city, price, paid FROM read_parquet({files}) ORDER BY order_id",
      );
      expect(rows).toEqual(
        Array.from({ length: rowsBefore + rowsAfter }, (_, id) => ({
          order_id: BigInt(id),
          city: `city ${id} 🦊`,
          price: id / 4,
          paid: id % 2 === 0,
        })),
      );

      await driver.call("deleteDeliveryTask", task);
      expect(await driver.call("listDeliveryTasks", { table })).toEqual({ tasks: [] });
      expect((await refusalOf(driver.call("describeDeliveryTask", task)))?.code).toBe(
        "OTSObjectNotExist",
      );
    });

    /** What the console shows of it; and its own flush time is two minutes, too long for a test. */
    async function expectConsoleTask(): Promise<void> {
      const log = pino({ level: "silent" });
      const connections = createConnections(parts.secretKey);
      const services = { database, connections, now: systemClock.now, log };
      expect(await getTask(services, "sdk-task")).toMatchObject({
        sourceId: "embedded",
        destinationId: bucket,
        mode: "differential",
        flush: { seconds: 120 },
      });
      await updateTask(services, "sdk-task", { flush: { seconds: 5 } });
    }

    it("tells the SDK why it refuses", async () => {
      const task = { table, name: "refused", type: "INC", config: config() } as const;
      const create = (more: object) =>
        refusalOf(driver.call("createDeliveryTask", { ...task, ...more }));
      expect((await create({ table: "nowhere" }))?.code).toBe("OTSObjectNotExist");
      const [first] = config().schema;
      const wrong = await create({
        name: "No-Good-Name-",
        config: { ...config(), bucket: "nobodys", schema: [{ ...first, type: types.DATE }] },
      });
      expect(wrong?.code).toBe("OTSParameterInvalid");
      for (const words of ["taskName: ", "add it in the console", "schema[0].type: DATE"]) {
        expect(wrong?.message).toContain(words);
      }
      const event = { column: "city", format: "RFC3339" };
      const more = { config: { ...config(), prefix: "refused", eventTime: event } };
      expect(await create(more)).toBeNull();
      expect((await driver.call("describeDeliveryTask", task)).config.eventTime).toEqual(event);
      expect((await create(more))?.code).toBe("OTSObjectAlreadyExist");
      for (const call of ["describeDeliveryTask", "deleteDeliveryTask"] as const) {
        const unknown = driver.call(call, { table, name: "unknown" });
        expect((await refusalOf(unknown))?.code).toBe("OTSObjectNotExist");
      }
    });
  });
}

async function putRows(driver: SdkDriver, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += batchRows) {
    const writes = Array.from({ length: Math.min(batchRows, to - start) }, (_, i) =>
      rowOf(start + i),
    );
    const { results } = await driver.call("batchWrite", { writes });
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
  }
}

function rowOf(id: number): Write {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(id / 4);
  return {
    kind: "put",
    table,
    key: [{ name: "id", type: "integer", value: String(id) }],
    put: [
      { name: "city", type: "string", value: `city ${id} 🦊` },
      { name: "price", type: "double", value: bits.toString("hex") },
      { name: "paid", type: "boolean", value: id % 2 === 0 ? "true" : "false" },
    ],
  };
}
