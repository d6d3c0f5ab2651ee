import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type DestinationChanges, updateDestination } from "@/lib/db/destinations";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { ensureBucket } from "@/lib/storage/create-bucket";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { int64 } from "@/workers/tablestore/testing/official-sdk";
import { type Rig, startRig } from "./testing/delivery-rig";
import { expectMended, waitForError } from "./testing/expect-mended";
import { openRawBucket } from "./testing/raw-bucket";
import {
  createTable,
  ids,
  listObjects,
  viewTask,
  waitForRecords,
  write,
} from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

const given = withDatabase();
const readOnly = {
  ...{ accessKeyId: "rig-reader", secretAccessKey: "rig-reader-secret", readOnly: true },
};
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url(), keys: [readOnly] });
  rig.startWorker();
});
afterEach(() => rig.source.start());
afterAll(() => rig.close());

/** A task with a bucket and a destination of its own, both named for it. */
async function createFaulty(name: string): Promise<StoredTask> {
  const table = name.replaceAll("-", "_");
  await ensureBucket({ ...rig.storeConfig, bucket: name });
  await rig.createDestination({ id: name, bucket: name });
  await createTable(rig, table);
  await write(rig, table, rowsOf("base-", 60));
  return rig.createTask({ name, table, mode: "differential", destinationId: name });
}

const rowsOf = (prefix: string, count: number) =>
  ids(prefix, count).map((id) => ({ id, values: { v: int64(1) } }));

const change = (task: StoredTask, changes: DestinationChanges) =>
  updateDestination(rig.database, task.settings.destinationId, changes);

const bucketOf = (task: StoredTask) => ({
  ...rig.storeConfig,
  bucket: task.settings.destinationId,
});

const all = [...ids("base-", 60), ...ids("more-", 20)];

describe.concurrent("a destination that fails", () => {
  it("InvalidOssBucket: a bucket that is gone holds the position; made again, everything pending is written", async () => {
    const task = await createFaulty("no-bucket");
    const bucket = openRawBucket(bucketOf(task));
    await bucket.remove();
    const error = await waitForError(rig, task, "destination.bucket_missing");
    expect(error).toMatchObject({ documentedName: "InvalidOssBucket", fault: "user" });
    expect(error.attempt).toBeGreaterThan(0);
    expect(error.nextTryAt).not.toBeNull();
    expect(error.cause).toContain("no-bucket");
    await write(rig, "no_bucket", rowsOf("more-", 20));
    const view = await viewTask(rig, "no-bucket");
    expect(view.status.kind).toBe("action_required");
    expect(view.account.records).toBe(0);

    await ensureBucket(bucketOf(task));
    await expectMended(rig, task, all);
    expect(await bucket.listUploads()).toEqual([]);
    bucket.close();
  });

  it.each([
    {
      name: "forbidden-key",
      code: "destination.access_denied",
      documentedName: "UnAuthorized",
      broken: () => ({
        accessKeyId: readOnly.accessKeyId,
        secret: rig.encrypt(readOnly.secretAccessKey),
      }),
    },
    {
      name: "wrong-secret",
      code: "destination.credentials_invalid",
      documentedName: "UnAuthorized",
      broken: () => ({ secret: rig.encrypt("not the secret") }),
    },
    {
      name: "wrong-region",
      code: "destination.wrong_region",
      documentedName: "InvalidOssBucket",
      broken: () => ({ region: "eu-central-1" }),
    },
  ])(
    "$documentedName: $name is shown until the destination is corrected, then delivery goes on by itself",
    async ({ name, code, documentedName, broken }) => {
      const task = await createFaulty(name);
      await change(task, broken());
      const error = await waitForError(rig, task, code);
      expect(error).toMatchObject({ documentedName, fault: "user", nextTryAt: expect.any(String) });
      await write(rig, task.settings.table, rowsOf("more-", 20));
      expect((await viewTask(rig, name)).account.records).toBe(0);
      await change(task, {
        accessKeyId: rig.storeConfig.accessKeyId,
        secret: rig.encrypt(rig.storeConfig.secretAccessKey),
        region: rig.storeConfig.region,
      });
      await expectMended(rig, task, all);
    },
  );

  it("key_taken: a foreign object at a decided key stays as it is; delivery goes on once it is gone", async () => {
    const task = await createFaulty("key-taken");
    const bucket = openRawBucket(bucketOf(task));
    const keys = [0, 1, 2, 3].map((lane) => `key-taken/key-taken_${lane}_key-taken__1`);
    for (const key of keys) await bucket.put(key, "not ours");
    const error = await waitForError(rig, task, "destination.key_taken");
    expect(error).toMatchObject({ fault: "user", cause: expect.stringContaining("key-taken__1") });
    const store = createS3ObjectStore(bucketOf(task));
    for (const key of keys) {
      expect(Buffer.from((await store.read(key)) ?? []).toString()).toBe("not ours");
    }
    store.close();
    for (const key of keys) await bucket.delete(key);
    await write(rig, "key_taken", rowsOf("more-", 20));
    await expectMended(rig, task, all);
    bucket.close();
  });

  it("changed: what was decided for one bucket is never published in another", async () => {
    const task = await createFaulty("moved");
    const bucket = openRawBucket(bucketOf(task));
    const keys = [0, 1, 2, 3].map((lane) => `moved/moved_${lane}_moved__1`);
    for (const key of keys) await bucket.put(key, "not ours");
    await waitForError(rig, task, "destination.key_taken");
    await ensureBucket({ ...rig.storeConfig, bucket: "moved-away" });
    await change(task, { bucket: "moved-away" });
    const error = await waitForError(rig, task, "destination.changed");
    expect(error).toMatchObject({ fault: "user", cause: expect.stringContaining("bucket moved ") });
    const elsewhere = createS3ObjectStore({ ...rig.storeConfig, bucket: "moved-away" });
    expect((await elsewhere.list({ prefix: "" })).objects).toEqual([]);
    elsewhere.close();
    for (const key of keys) await bucket.delete(key);
    await change(task, { bucket: "moved" });
    await write(rig, "moved", rowsOf("more-", 20));
    await expectMended(rig, task, all);
    bucket.close();
  });
});

describe.concurrent("a tunnel that is not as it was", () => {
  it("client_gone: a forgotten client is connected again, and nothing is missed or doubled", async () => {
    const task = await createFaulty("forgotten");
    await waitForRecords(rig, task, 60);
    const clientOf = async () => {
      const facts = await rig.database.prisma.taskFacts.findUnique({ where: { taskId: task.id } });
      return facts?.tunnelClientId ?? "";
    };
    const clientId = await clientOf();
    await rig.client.call("Shutdown", { tunnelId: task.tunnelId, clientId });
    await write(rig, "forgotten", rowsOf("more-", 20));
    // A read that was under way at the shutdown may still bring the rows.
    await waitUntil("another client", async () => (await clientOf()) !== clientId);
    await expectMended(rig, task, all);
  });

  it("tunnel_missing: a tunnel that somebody deleted is told, and the position stays", async () => {
    const task = await createFaulty("no-tunnel");
    await waitForRecords(rig, task, 60);
    const { tunnelName, tunnelId } = task;
    await rig.client.call("DeleteTunnel", { tableName: "no_tunnel", tunnelName, tunnelId });
    const error = await waitForError(rig, task, "source.tunnel_missing");
    expect(error).toMatchObject({ fault: "user", nextTryAt: expect.any(String) });
    const { status, account } = await viewTask(rig, "no-tunnel");
    expect(status.kind).toBe("action_required");
    expect(account.records).toBe(60);
    expect(await listObjects(rig.database, task)).not.toEqual([]);
  });
});

describe("a source that is away", () => {
  it("is waited for: what was read before is delivered meanwhile, the rest when it is back (D5)", async () => {
    const task = await createFaulty("away");
    await waitForRecords(rig, task, 60);
    await write(rig, "away", rowsOf("more-", 20));
    // Long enough for the open batch to hold the rows, and shorter than its flush time.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await rig.source.stop();
    const error = await waitForError(rig, task, "source.unavailable");
    expect(error).toMatchObject({ fault: "transient", nextTryAt: expect.any(String) });
    expect(error.attempt).toBeGreaterThanOrEqual(3);
    await waitUntil(
      "published although the source is away",
      async () => (await viewTask(rig, "away")).account.records === 80,
    );
    await rig.source.start();
    await expectMended(rig, task, all);
  });
});

describe("a database that cuts its connections", () => {
  it("costs nothing but time", async () => {
    const task = await createFaulty("cut-off");
    for (let round = 0; round < 12; round += 1) {
      await write(rig, "cut_off", rowsOf(`round-${round}-`, 20));
      await rig.database.prisma.$executeRaw`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'culvert-delivery%'`;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    const rounds = Array.from({ length: 12 }, (_, round) => ids(`round-${round}-`, 20)).flat();
    await expectMended(rig, task, [...ids("base-", 60), ...rounds]);
  });
});
