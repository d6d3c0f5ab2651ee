import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AppError } from "@/lib/core/error";
import { createDatabase } from "./client";
import {
  createDestination,
  deleteDestination,
  getDestination,
  listDestinations,
  updateDestination,
} from "./destinations";
import { createLedger } from "./ledger";
import { listSchemaVersions } from "./schema-versions";
import { createSource, deleteSource, listSources, updateSource } from "./sources";
import { getTaskOverview, listTaskOverviews } from "./task-overviews";
import {
  countTasks,
  createTask,
  getTaskById,
  getTaskByName,
  setDesiredState,
  updateTask,
} from "./tasks";
import {
  decidedBatch,
  decidedObject,
  recordCounts,
  schemaVersionOne,
  seedPlaces,
  seedTask,
  taskSettings,
} from "./testing/seed";
import { withDatabase } from "./testing/test-database";

const given = withDatabase();

const errorOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error) => error as AppError,
  );

describe("a task", () => {
  test("comes back as it was asked for, with its facts and schema version 1", async () => {
    const settings = {
      eventTime: { column: "at", format: "RFC3339" },
      schema: { kind: "manual", columns: schemaVersionOne.columns },
      dirtyPrefix: null,
      metadataColumns: ["_action", "_sequence"],
      objectSuffix: "",
      flush: { seconds: 5, bytes: 1024 ** 3 },
    } as const;
    const task = await seedTask(given.database(), settings);
    expect(task.settings).toMatchObject(settings);
    expect(task.desiredState).toBe("running");
    expect(await getTaskByName(given.database(), task.settings.name)).toEqual(task);
    const versions = await listSchemaVersions(given.database(), task.id);
    expect(versions.map((version) => version.mapping)).toEqual([schemaVersionOne]);
    const overview = await getTaskOverview(given.database(), task.settings.name);
    expect(overview).toMatchObject({
      ...task,
      facts: { stage: "initialising", errors: [], records: 0 },
    });
  });

  test("of a taken name is a typed conflict and leaves nothing behind", async () => {
    const task = await seedTask(given.database());
    const error = await errorOf(seedTask(given.database(), { name: task.settings.name }));
    expect(error).toMatchObject({ code: "task.name_taken", details: { name: task.settings.name } });
    expect(
      await given
        .database()
        .prisma.schemaVersion.count({ where: { task: { name: task.settings.name } } }),
    ).toBe(1);
  });

  test("of a source that is gone is told as such", async () => {
    await seedPlaces(given.database());
    const id = randomUUID();
    const creation = createTask(given.database(), {
      id,
      settings: taskSettings({ sourceId: "gone" }),
      tunnelName: id,
      tunnelId: id,
      schema: schemaVersionOne,
    });
    expect((await errorOf(creation)).code).toBe("resource.not_found");
    expect(await getTaskById(given.database(), id)).toBeNull();
  });

  test("changes only what is given, and nothing once it is being deleted", async () => {
    const task = await seedTask(given.database());
    const changed = await updateTask(given.database(), task.id, {
      schema: { kind: "manual", columns: schemaVersionOne.columns },
      flush: { seconds: 30, bytes: 2_000_000 },
      dirtyPrefix: null,
    });
    expect(changed?.settings).toEqual({
      ...task.settings,
      schema: { kind: "manual", columns: schemaVersionOne.columns },
      flush: { seconds: 30, bytes: 2_000_000 },
      dirtyPrefix: null,
    });
    const back = await updateTask(given.database(), task.id, { schema: { kind: "auto" } });
    expect(back?.settings.schema).toEqual({ kind: "auto" });
    expect((await setDesiredState(given.database(), task.id, "deleted"))?.desiredState).toBe(
      "deleted",
    );
    expect(await setDesiredState(given.database(), task.id, "running")).toBeNull();
    expect(await updateTask(given.database(), task.id, { compression: "zstd" })).toBeNull();
  });
});

describe("a task's overview", () => {
  test("sums its channels and names each standing error once", async () => {
    const database = given.database();
    const ledger = createLedger(database, { host: "test" });
    const task = await seedTask(database);
    const workerId = randomUUID();
    await ledger.renewWorker({ workerId, leaseMs: 600_000 });
    await ledger.holdTasks({ workerId, limit: 1_000 });
    await ledger.addChannels({
      taskId: task.id,
      channels: ["a", "b", "c"].map((channelId, index) => ({
        channelId,
        kind: index === 0 ? "base" : "stream",
        checkpoint: "position-0",
        sequenceNumber: 0n,
      })),
    });
    const leases = (await ledger.claimChannels({ workerId, limit: 1_000 })).filter(
      (lease) => lease.taskId === task.id,
    );
    for (const [index, lease] of leases.entries()) {
      const object = decidedObject({ stem: `${task.id}-${index}`, bytes: 2 ** 33 });
      const counts = recordCounts({
        rows: 2 ** 33,
        deletesIgnored: 1,
        lastWrittenAtMs: 1_760_000_000_000 + index,
      });
      await ledger.decide({
        lease,
        batch: decidedBatch(1, { objects: [object], counts }),
        dirtySamples: [],
      });
      await ledger.markPublished({
        channelKey: lease.channelKey,
        batchNumber: 1,
        objectIds: [object.objectId],
      });
      await ledger.saveChannelError({
        lease,
        error: {
          code: "destination.bucket_missing",
          details: { bucket: "b" },
          attempt: index,
          nextTryAt: null,
        },
      });
    }
    const facts = {
      stage: "base",
      initialisedAt: new Date(1_760_000_000_000),
      error: {
        code: "source.unavailable",
        details: {},
        attempt: 3,
        nextTryAt: new Date(1_760_000_001_000),
      },
    } as const;
    await ledger.saveTaskFacts({ workerId, taskId: task.id, facts });

    const overview = await getTaskOverview(database, task.settings.name);
    expect(overview?.facts).toMatchObject({
      stage: "base",
      initialisedAt: facts.initialisedAt,
      held: true,
      base: { total: 1, drained: 0 },
      stream: { total: 2, drained: 0 },
      channelsOwned: 3,
      records: 3 * (2 ** 33 + 1),
      rows: 3 * 2 ** 33,
      bytes: 3 * 2 ** 33,
      objects: 3,
      deliveredThrough: new Date(1_760_000_000_001),
      errors: [
        { ...facts.error, channels: 0, since: expect.any(Date) },
        {
          code: "destination.bucket_missing",
          details: { bucket: "b" },
          attempt: 0,
          channels: 3,
          since: expect.any(Date),
        },
      ],
    });
    expect((await countTasks(database)).withError).toBe(1);
    await ledger.addChannels({
      taskId: task.id,
      channels: [{ channelId: "new", kind: "stream", checkpoint: "p", sequenceNumber: 0n }],
    });
    const withNew = await getTaskOverview(database, task.settings.name);
    expect(withNew?.facts.deliveredThrough).toBeNull();

    const since = overview!.facts.errors[0]!.since;
    await ledger.saveTaskFacts({
      workerId,
      taskId: task.id,
      facts: { error: { ...facts.error, attempt: 4 } },
    });
    expect((await getTaskOverview(database, task.settings.name))!.facts.errors[0]).toMatchObject({
      attempt: 4,
      since,
    });
    await ledger.saveTaskFacts({ workerId, taskId: task.id, facts: { error: null } });
    expect((await getTaskOverview(database, task.settings.name))!.facts.errors).toHaveLength(1);
  });

  test("instants are kept to the millisecond, whatever the database's own zone", async () => {
    const name = new URL(given.url()).pathname.slice(1);
    await given
      .database()
      .prisma.$executeRawUnsafe(`ALTER DATABASE ${name} SET timezone TO 'Europe/Berlin'`);
    const database = createDatabase(given.url());
    try {
      const at = new Date("2026-03-29T01:30:00.123Z");
      const [row] = await database.prisma.$queryRaw<[{ zone: string; at: Date; ms: number }]>`
        SELECT current_setting('TimeZone') AS zone, ${at}::timestamptz AS at,
               (extract(epoch FROM ${at}::timestamptz) * 1000)::float8 AS ms`;
      expect(row).toEqual({ zone: "UTC", at, ms: at.getTime() });
    } finally {
      await database.close();
    }
  });

  test("a name that no text column can hold is an invalid input", async () => {
    const error = await errorOf(getTaskByName(given.database(), "nul\0"));
    expect(error.code).toBe("request.invalid");
  });
});

describe("sources and destinations", () => {
  test("names and ids are unique, updates change what is given, and what is in use stays", async () => {
    const database = given.database();
    await seedTask(database);
    const source = {
      id: "s1",
      name: "One",
      kind: "tablestore",
      endpoint: "https://e",
      instance: "i",
      accessKeyId: "a",
      secret: "c",
    } as const;
    await createSource(database, source);
    expect((await errorOf(createSource(database, { ...source, id: "s2" }))).code).toBe(
      "resource.conflict",
    );
    expect(await updateSource(database, "s1", { secret: "other" })).toMatchObject({
      ...source,
      secret: "other",
    });
    expect(await updateSource(database, "nobody", { secret: "other" })).toBeNull();
    expect(
      (await errorOf(updateSource(database, "s1", { name: "Embedded table store" }))).code,
    ).toBe("resource.conflict");
    expect((await errorOf(deleteSource(database, "embedded"))).code).toBe("resource.conflict");
    expect(await deleteSource(database, "s1")).toBe(true);
    expect((await listSources(database, { limit: 10 })).items.map((item) => item.id)).toEqual([
      "embedded",
    ]);

    expect((await errorOf(deleteDestination(database, "embedded"))).code).toBe("resource.conflict");
    expect(await updateDestination(database, "embedded", { endpoint: null })).toMatchObject({
      endpoint: null,
    });
    expect(await getDestination(database, "nobody")).toBeNull();
  });

  test("are paged by name, each once", async () => {
    const database = given.database();
    for (const name of ["d", "b", "c", "a"]) {
      await createDestination(database, {
        id: name,
        name,
        endpoint: null,
        region: "eu-west-1",
        bucket: "b",
        accessKeyId: "a",
        secret: "c",
        forcePathStyle: false,
      });
    }
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await listDestinations(database, { limit: 2, cursor });
      names.push(...page.items.map((item) => item.name));
      cursor = page.nextCursor;
    } while (cursor);
    expect(names).toEqual(["Embedded object store", "a", "b", "c", "d"]);
    expect((await errorOf(listDestinations(database, { limit: 2, cursor: "junk" }))).code).toBe(
      "request.invalid",
    );
  });
});

describe("at 10,000 tasks with 30,000 channels", () => {
  test("every page, filter and count takes less than 100 ms, and walking the pages gives each task once", {
    timeout: 120_000,
  }, async () => {
    const database = given.database();
    await seedPlaces(database);
    await database.prisma.$executeRaw`
      INSERT INTO task (id, name, source_id, table_name, destination_id, prefix, mode, time_zone, schema_kind,
        flush_seconds, flush_bytes, compression, object_suffix, metadata_columns, desired_state, tunnel_name, tunnel_id, created_at)
      SELECT gen_random_uuid(), 'many-' || n, 'embedded', 'table-' || n % 100, 'embedded', 'p', 'full', 'UTC', 'auto',
        120, 1000000, 'snappy', '', '{}', 'running', 'many-tunnel-' || n, 't', timestamptz '2026-01-01Z' + n / 3 * interval '1 s'
      FROM generate_series(1, 10000) n`;
    await database.prisma
      .$executeRaw`INSERT INTO task_facts (task_id) SELECT id FROM task WHERE name LIKE 'many-%'`;
    await database.prisma.$executeRaw`
      INSERT INTO channel (task_id, channel_id, kind, lane, checkpoint, acked_sequence_number, records, rows)
      SELECT t.id, 'c' || lane, 'stream', lane, '', 0, 5, 5
      FROM task t CROSS JOIN generate_series(0, 2) lane WHERE t.name LIKE 'many-%'`;
    await database.prisma.$executeRaw`
      UPDATE channel SET error_code = 'source.unavailable', error_details = '{}', error_attempt = 1, error_since = clock_timestamp()
      WHERE lane = 2 AND id % 30 = 0`;
    await database.prisma.$executeRawUnsafe("ANALYZE");

    const timed = async <T>(work: () => Promise<T>): Promise<T> => {
      await work();
      const times: number[] = [];
      let result = await work();
      for (let run = 0; run < 5; run += 1) {
        const start = performance.now();
        result = await work();
        times.push(performance.now() - start);
      }
      expect(Math.min(...times)).toBeLessThan(100);
      return result;
    };
    const list = (filter: object, cursor?: string) =>
      listTaskOverviews(database, { limit: 50, filter, cursor: cursor ?? null });
    const first = await timed(() => list({}));
    await timed(() => list({}, first.nextCursor!));
    expect((await timed(() => list({ text: "many-9999" }))).items).toHaveLength(1);
    expect((await timed(() => list({ withError: true }))).items.length).toBeGreaterThan(10);
    expect((await timed(() => list({ text: "no such task" }))).items).toEqual([]);
    expect((await timed(() => countTasks(database))).total).toBeGreaterThanOrEqual(10_000);

    const ledger = createLedger(database, { host: "test" });
    await ledger.renewWorker({ workerId: "w", leaseMs: 600_000 });
    await timed(() => ledger.claimChannels({ workerId: "w", limit: 5 }));
    await timed(() => ledger.fairShare("w"));
    await timed(() => ledger.holdTasks({ workerId: "w", limit: 5 }));

    const names = new Set<string>();
    let count = 0;
    let cursor: string | null = null;
    do {
      const page = await listTaskOverviews(database, {
        limit: 500,
        cursor,
        filter: { text: "many-" },
      });
      for (const task of page.items) names.add(task.settings.name);
      count += page.items.length;
      cursor = page.nextCursor;
    } while (cursor);
    expect([names.size, count]).toEqual([10_000, 10_000]);
  });
});
