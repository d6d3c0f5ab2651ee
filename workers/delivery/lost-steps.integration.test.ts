import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppError } from "@/lib/core/error";
import type { Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { int64 } from "@/workers/tablestore/testing/official-sdk";
import { type Rig, startRig } from "./testing/delivery-rig";
import { type InProcessWorker, startInProcessWorker } from "./testing/in-process-worker";
import { openRawBucket } from "./testing/raw-bucket";
import { createTable, ids, listObjects, waitForRecords, write } from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

const given = withDatabase();
let rig: Rig;
let running: InProcessWorker;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
});
afterAll(() => rig.close());

async function createFull(name: string): Promise<StoredTask> {
  const table = name.replaceAll("-", "_");
  await createTable(rig, table);
  const rows = ids("r", 300).map((id) => ({ id, values: { v: int64(1) } }));
  await write(rig, table, rows);
  return rig.createTask({ name, table, mode: "full" });
}

async function expectDelivered(task: StoredTask): Promise<void> {
  await waitForRecords(rig, task, 300);
  await running.stop();
  const rows = await rig.readRows(task.settings.prefix, "id");
  expect(rows.map(({ id }) => String(id)).sort()).toEqual(ids("r", 300).sort());
}

/** The store, but for these methods. */
const bent = (store: ObjectStore, methods: Partial<ObjectStore>): ObjectStore =>
  new Proxy(store, {
    get(target, name) {
      const own = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

const unavailable = () =>
  new AppError("internal.database_unavailable", "The answer was lost", { details: {} });

/** Does what is asked and loses the answer, the first `times` times. */
function losesAnswers<K extends keyof Ledger>(method: K, times: number) {
  let left = times;
  return (ledger: Ledger): Ledger => ({
    ...ledger,
    [method]: async (request: never) => {
      const answer = await (ledger[method] as (request: never) => Promise<unknown>)(request);
      if (left-- > 0) throw unavailable();
      return answer;
    },
  });
}

describe("a step whose outcome is lost", () => {
  it("uploads that vanish after the decide: the batch is read again, exactly, under its old keys (D7)", async () => {
    const task = await createFull("vanished");
    const vanished = new Set<string>();
    const restaged: string[] = [];
    running = startInProcessWorker(rig, {
      store: (store) =>
        bent(store, {
          async completeUpload(request) {
            // Somebody's clean-up aborts it, once per key; all that follows is the store's own answer.
            if (!vanished.has(request.key)) {
              vanished.add(request.key);
              await store.abortUpload(request);
            }
            return store.completeUpload(request);
          },
        }),
      events: { uploadsRestaged: ({ task: of }) => void restaged.push(of) },
    });
    await expectDelivered(task);
    expect(restaged).not.toEqual([]);
    const objects = await listObjects(rig.database, task);
    expect(objects.map(({ key }) => key).sort()).toEqual([...vanished].sort());
  });

  it("an object that an earlier owner published and somebody deleted since does not come back (D1)", async () => {
    const task = await createFull("deleted");
    const bucket = openRawBucket(rig.storeConfig);
    const deleted = new Set<string>();
    running = startInProcessWorker(rig, {
      store: (store) =>
        bent(store, {
          async completeUpload(request) {
            const outcome = await store.completeUpload(request);
            if (deleted.has(request.key)) return outcome;
            deleted.add(request.key);
            await rig.database.prisma.$executeRaw`
              UPDATE delivered_object SET published_at = clock_timestamp() WHERE key = ${request.key}`;
            await bucket.delete(request.key);
            return { kind: "upload_gone" };
          },
        }),
    });
    await waitForRecords(rig, task, 300);
    await running.stop();
    expect(deleted.size).toBeGreaterThan(0);
    expect(await rig.listKeys("deleted/")).toEqual([]);
    bucket.close();
  });

  it("a decide: asked again, it is told that it was done, and nothing staged is thrown away", async () => {
    const task = await createFull("lost-decide");
    running = startInProcessWorker(rig, { ledger: losesAnswers("decide", 2) });
    await expectDelivered(task);
  });

  it("a decide, and then the worker ends: the next one completes the very uploads", async () => {
    const task = await createFull("lost-owner");
    const first = startInProcessWorker(rig, {
      ledger: losesAnswers("decide", Number.POSITIVE_INFINITY),
    });
    await waitUntil("decided", async () => (await listObjects(rig.database, task)).length > 0);
    await first.stop();
    const restaged: string[] = [];
    running = startInProcessWorker(rig, {
      events: { uploadsRestaged: ({ task: of }) => void restaged.push(of) },
    });
    await expectDelivered(task);
    expect(restaged).toEqual([]);
  });

  it("a claim: channels that nobody knows to own are given back and claimed again", async () => {
    const task = await createFull("lost-claim");
    running = startInProcessWorker(rig, { ledger: losesAnswers("claimChannels", 1) });
    await expectDelivered(task);
  });

  it("a heartbeat's connect, a checkpoint's ack and a release: nothing is missed or doubled", async () => {
    const task = await createFull("lost-others");
    running = startInProcessWorker(rig, {
      ledger: (ledger) =>
        losesAnswers(
          "saveTunnelClient",
          1,
        )(
          losesAnswers(
            "markAcked",
            2,
          )(losesAnswers("markPublished", 2)(losesAnswers("releaseChannel", 1)(ledger))),
        ),
    });
    await expectDelivered(task);
  });

  it("a mark: a batch of which every object is marked but not itself is marked by the next owner", async () => {
    const task = await createFull("half-marked");
    let died = false;
    const first = startInProcessWorker(rig, {
      ledger: (ledger) => ({
        ...ledger,
        async markPublished({ objectIds }) {
          died = true;
          await rig.database.prisma.$executeRaw`
            UPDATE delivered_object SET published_at = clock_timestamp()
            WHERE id = ANY (${[...objectIds]}::uuid[])`;
          throw unavailable();
        },
      }),
    });
    await waitUntil("half marked", async () => died);
    await first.stop();
    running = startInProcessWorker(rig);
    await expectDelivered(task);
  });
});
