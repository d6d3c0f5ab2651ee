import { expect, test } from "vitest";
import { listDeliveredObjects, sumDeliveredObjects } from "./delivered-objects";
import { createLedger } from "./ledger";
import { decidedBatch, decidedObject, seedTask } from "./testing/seed";
import { withDatabase } from "./testing/test-database";

const given = withDatabase();

async function claimNewChannel() {
  const database = given.database();
  const ledger = createLedger(database, { host: "test" });
  const task = await seedTask(database);
  await ledger.addChannels({
    taskId: task.id,
    channels: [{ channelId: "c", kind: "stream", checkpoint: "position-0", sequenceNumber: 0n }],
  });
  const workerId = `worker of ${task.id}`;
  await ledger.renewWorker({ workerId, leaseMs: 600_000 });
  const [lease] = await ledger.claimChannels({ workerId, limit: 1 });
  return { ledger, task, lease: lease! };
}

test("objects are listed newest first, each once over all pages, with exact totals beside them", async () => {
  const { ledger, task, lease } = await claimNewChannel();
  const stem = `${task.id}__`;
  for (let number = 1; number <= 7; number += 1) {
    const objects = [1, 2, 3].map((part) =>
      decidedObject({ stem, sequence: number * 3 + part, rows: 5, bytes: 100 }),
    );
    const dirty = decidedObject({
      stem: `_dirty/${stem}`,
      sequence: number,
      kind: "dirty",
      bytes: 9,
    });
    const batch = decidedBatch(number, { objects: [...objects, dirty] });
    await ledger.decide({ lease, batch, dirtySamples: [] });
    if (number === 7) continue;
    const objectIds = batch.objects.map((object) => object.objectId);
    await ledger.markPublished({ channelKey: lease.channelKey, batchNumber: number, objectIds });
  }
  const seen: { id: string; decidedAt: Date; publishedAt: Date | null }[] = [];
  let cursor: string | null = null;
  do {
    const page = await listDeliveredObjects(given.database(), task.id, { limit: 4, cursor });
    seen.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(new Set(seen.map((object) => object.id)).size).toBe(28);
  const times = seen.map((object) => object.decidedAt.getTime());
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(seen.filter((object) => object.publishedAt === null)).toHaveLength(4);

  const dirtyOnly = await listDeliveredObjects(given.database(), task.id, {
    limit: 50,
    kind: "dirty",
  });
  expect(dirtyOnly.items.map((object) => object.sequence)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  expect(await sumDeliveredObjects(given.database(), task.id)).toEqual({
    objects: 21,
    rows: 105,
    bytes: 2_100,
    dirtyObjects: 7,
    dirtyBytes: 63,
    unpublished: 4,
  });
});

test("at 200,000 objects a page, its totals and the last sequences take less than 100 ms", {
  timeout: 120_000,
}, async () => {
  const { ledger, task, lease } = await claimNewChannel();
  const { prisma } = given.database();
  await prisma.$executeRaw`
    INSERT INTO delivered_object (id, task_id, task_name, channel_key, batch_number, kind, location, bucket, key,
      partition, stem, lane, sequence, rows, bytes, crc32, upload_id, parts, decided_at, published_at)
    SELECT gen_random_uuid(), ${task.id}::uuid, 't', ${BigInt(lease.channelKey)}, n, 'rows', 'many', 'b',
      'k' || n, 'p', 'stem' || n % 500, 0, n, 5, 100, '0badcafe', 'u', '[]',
      clock_timestamp() - n * interval '1 s', now()
    FROM generate_series(1, 200000) n`;
  await prisma.$executeRawUnsafe("ANALYZE");
  const page = await listDeliveredObjects(given.database(), task.id, { limit: 100 });
  const stems = Array.from({ length: 500 }, (_, index) => `stem${index}`);
  const queries = [
    () => listDeliveredObjects(given.database(), task.id, { limit: 100, cursor: page.nextCursor }),
    () => sumDeliveredObjects(given.database(), task.id),
    () => ledger.lastSequences({ bucket: "b", stems }),
  ];
  for (const query of queries) {
    const times: number[] = [];
    for (let run = 0; run < 5; run += 1) {
      const start = performance.now();
      await query();
      times.push(performance.now() - start);
    }
    expect(Math.min(...times)).toBeLessThan(100);
  }
  const last = await ledger.lastSequences({ bucket: "b", stems });
  expect([last.size, last.get("stem1"), last.get("stem0")]).toEqual([500, 199_501, 200_000]);
});
