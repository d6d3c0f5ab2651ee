import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, type Database } from "@/lib/db/client";
import { migrateDatabase } from "@/lib/db/migrate";
import type { StoredTask } from "@/lib/db/tasks";
import { findFreePort } from "@/lib/platform/free-port";
import { randomSecret } from "@/lib/platform/secret";
import { type RunningPostgres, startPostgres } from "@/workers/local/postgres";
import { type Rig, startRig } from "./testing/delivery-rig";
import { expectMended } from "./testing/expect-mended";
import { baseIds, createFilledTable, rowsOf } from "./testing/faulty-places";
import { type InProcessWorker, startInProcessWorker } from "./testing/in-process-worker";
import { type PostgresProxy, startPostgresProxy } from "./testing/proxy/postgres-proxy";
import { ids, waitForRecords, write } from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

/** How long a silent connection is believed in; the product's own is above half a minute. */
const silenceMaxMs = 2_000;

let directory: string;
let server: { options: Parameters<typeof startPostgres>[0]; running: RunningPostgres };
let direct: Database;
let behindProxy: Database;
let proxy: PostgresProxy;
let rig: Rig;
let worker: InProcessWorker;
let ticksFailed = 0;
const batches: string[] = [];

/** A server of its own: it is stopped and started, which nobody else's tests would survive. */
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "culvert-faults-"));
  // As root the server runs under another account, which has to get there.
  await chmod(directory, 0o711);
  const port = await findFreePort("127.0.0.1");
  const place = { dataDirectory: path.join(directory, "postgres"), port };
  const options = { ...place, password: randomSecret(16), log: () => undefined };
  server = { options, running: await startPostgres(options) };
  const { url } = server.running;
  await migrateDatabase(url);
  direct = createDatabase(url, { applicationName: "test" });
  proxy = await startPostgresProxy(port);
  const proxied = new URL(url);
  proxied.port = String(proxy.port);
  behindProxy = createDatabase(proxied.toString(), { silenceMaxMs });
  rig = await startRig({ database: direct, url });
  worker = startInProcessWorker(
    { database: behindProxy, connections: rig.connections },
    {
      events: {
        tickFailed: ({ code }) => {
          expect(code).toBe("internal.database_unavailable");
          ticksFailed += 1;
        },
        batchDecided: ({ task, channel, batch }) =>
          void batches.push(`${task} ${channel} ${batch}`),
      },
    },
  );
});
afterAll(async () => {
  await worker.stop();
  await rig.close();
  await Promise.all([direct.close(), behindProxy.close()]);
  await proxy.close();
  await server.running.stop();
  await rm(directory, { recursive: true, force: true });
});

async function createDelivering(name: string): Promise<StoredTask> {
  const table = await createFilledTable(rig, name);
  const task = await rig.createTask({ name, table, mode: "differential" });
  await waitForRecords(rig, task, baseIds.length);
  return task;
}

const writeMore = (task: StoredTask, prefix: string) =>
  write(rig, task.settings.table, rowsOf(prefix, 20));

const failedTicks = async (more: number) => {
  const wanted = ticksFailed + more;
  await waitUntil("the worker has noticed", async () => ticksFailed >= wanted);
};

describe("PostgreSQL", () => {
  it("is restarted: delivery holds its position and goes on by itself", async () => {
    const task = await createDelivering("restarted");
    await writeMore(task, "before-");
    await server.running.stop();
    await writeMore(task, "while-");
    await failedTicks(1);
    server.running = await startPostgres(server.options);
    await writeMore(task, "after-");
    const written = ["before-", "while-", "after-"].flatMap((prefix) => ids(prefix, 20));
    await expectMended(rig, task, [...baseIds, ...written]);
  });

  it("is away for longer than the lease, however long: the worker begins anew, and nothing is missed (D6)", async () => {
    const task = await createDelivering("away-long");
    await writeMore(task, "open-");
    await proxy.refuse();
    await failedTicks(2);
    // What minutes without a renewal come to, seen from the database.
    await direct.prisma.$executeRaw`
      UPDATE worker SET lease_until = clock_timestamp() - interval '10 minutes'`;
    await writeMore(task, "while-");
    await proxy.accept();
    await expectMended(rig, task, [...baseIds, ...ids("open-", 20), ...ids("while-", 20)]);
  });

  it("falls silent without a word, as behind a cable that was pulled: delivery goes on, and so do new tasks", async () => {
    const task = await createDelivering("silent");
    proxy.stall();
    await writeMore(task, "while-");
    await failedTicks(1);
    // The old connections stay silent for ever.
    proxy.flowAnew();
    const written = [...baseIds, ...ids("while-", 20)];
    await expectMended(rig, task, written);
    const { table } = task.settings;
    const next = await rig.createTask({ name: "after-silence", table, mode: "full" });
    await expectMended(rig, next, written);
    proxy.cut();
  });

  it.each([
    { name: "lost-decide", statement: "WITH moved AS", what: "decide" },
    { name: "lost-claim", statement: "WITH claimable AS", what: "claim" },
    { name: "lost-commit", statement: "COMMIT", what: "a transaction's commit" },
    { name: "lost-publish", statement: "SET published_at", what: "publishing's mark" },
    { name: "lost-ack", statement: "acked_sequence_number =", what: "the ack's mark" },
  ])(
    "$what: done, and the answer lost: nothing is missed or doubled (D1, D4)",
    async ({ name, statement }) => {
      const table = await createFilledTable(rig, name);
      const lost = proxy.loseAnswerTo(statement);
      const task = await rig.createTask({ name, table, mode: "full" });
      await lost;
      await expectMended(rig, task, baseIds);
      const own = batches.filter((batch) => batch.startsWith(`${name} `));
      expect(new Set(own).size).toBe(own.length);
    },
  );
});
