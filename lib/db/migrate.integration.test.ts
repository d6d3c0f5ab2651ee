import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase } from "./client";
import { defaultMigrationsDirectory, migrateDatabase } from "./migrate";
import { seedTask } from "./testing/seed";
import { createEmptyDatabase, type TestDatabase, withClient } from "./testing/test-database";

const directory = defaultMigrationsDirectory();
const migrations = readdirSync(directory, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

let database: TestDatabase;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(path.join(os.tmpdir(), "culvert-migrations-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function onEmptyDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  database = await createEmptyDatabase();
  try {
    return await work(database.url);
  } finally {
    await database.drop();
  }
}

/** The first `count` migrations, in a directory of their own. */
function firstMigrations(count: number): string {
  const target = path.join(scratch, `first-${count}`);
  mkdirSync(target, { recursive: true });
  for (const name of migrations.slice(0, count)) {
    cpSync(path.join(directory, name), path.join(target, name), { recursive: true });
  }
  return target;
}

async function prisma(url: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const cli = path.resolve("node_modules/prisma/build/index.js");
  const options = {
    env: { ...process.env, DATABASE_URL: url, CHECKPOINT_DISABLE: "1", NO_COLOR: "1" },
  };
  return promisify(execFile)(process.execPath, [cli, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error) => ({ code: Number(error.code), output: `${error.stdout}${error.stderr}` }),
  );
}

const diff = [
  "migrate",
  "diff",
  "--from-config-datasource",
  "--to-schema",
  "prisma/schema.prisma",
  "--exit-code",
];

describe("the migrations", () => {
  test("make exactly the schema, and Prisma's own CLI agrees that all are applied", async () => {
    await onEmptyDatabase(async (url) => {
      expect((await prisma(url, ...diff)).code).toBe(2);
      expect((await migrateDatabase(url)).applied).toEqual(migrations);
      const difference = await prisma(url, ...diff);
      expect(difference).toMatchObject({
        code: 0,
        output: expect.stringContaining("No difference detected"),
      });
      expect((await prisma(url, "migrate", "status")).output).toContain(
        "Database schema is up to date",
      );
      const deployed = await prisma(url, "migrate", "deploy");
      expect(deployed.output).toContain("No pending migrations to apply");
    });
  });

  test("applied by Prisma's CLI are known to us", async () => {
    await onEmptyDatabase(async (url) => {
      expect(await prisma(url, "migrate", "deploy")).toMatchObject({ code: 0 });
      expect(await migrateDatabase(url)).toEqual({ applied: [], edited: [] });
    });
  });

  test("each applies on a database that the ones before it have filled", async () => {
    for (let count = 1; count < migrations.length; count += 1) {
      await onEmptyDatabase(async (url) => {
        await migrateDatabase(url, firstMigrations(count));
        await withClient(url, (client) => client.query(filling));
        expect((await migrateDatabase(url)).applied).toEqual(migrations.slice(count));
        await withClient(url, async (client) => {
          expect((await client.query("SELECT FROM delivered_object")).rowCount).toBe(1);
        });
        const opened = createDatabase(url);
        await seedTask(opened, { sourceId: "s", destinationId: "d" });
        await opened.close();
      });
    }
  });

  test("are applied once by several processes that start together", async () => {
    await onEmptyDatabase(async (url) => {
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => migrateDatabase(url)));
      expect(outcomes.flatMap((outcome) => outcome.applied)).toEqual(migrations);
    });
  });

  test("can live in a schema of their own", async () => {
    await onEmptyDatabase(async (url) => {
      const own = `${url}?schema=delivery%20one`;
      await migrateDatabase(own);
      const opened = createDatabase(own);
      await seedTask(opened);
      await opened.close();
      await withClient(url, async (client) => {
        const { rows } = await client.query('SELECT count(*) FROM "delivery one".task');
        expect(rows[0].count).toBe("1");
      });
    });
  });
});

describe("a migration that fails", () => {
  test("changes nothing, says which one it was, now and at the next start, and is settled by hand", async () => {
    const target = firstMigrations(migrations.length);
    const bad = path.join(target, "29990101000000_bad");
    mkdirSync(bad, { recursive: true });
    writeFileSync(path.join(bad, "migration.sql"), "CREATE TABLE half (id int); SELECT 1/0;");
    await onEmptyDatabase(async (url) => {
      await expect(migrateDatabase(url, target)).rejects.toThrow(
        /29990101000000_bad failed: division by zero/,
      );
      await expect(migrateDatabase(url, target)).rejects.toThrow(
        /29990101000000_bad failed earlier/,
      );
      await withClient(url, async (client) => {
        expect((await client.query("SELECT to_regclass('half') AS half")).rows[0].half).toBeNull();
        await client.query(
          "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL",
        );
      });
      writeFileSync(path.join(bad, "migration.sql"), "CREATE TABLE whole (id int);");
      expect((await migrateDatabase(url, target)).applied).toEqual(["29990101000000_bad"]);
    });
  });

  test("or was edited after it was applied is named", async () => {
    const target = path.join(scratch, "edited");
    cpSync(directory, target, { recursive: true });
    const file = path.join(target, migrations[0]!, "migration.sql");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n-- later`);
    await onEmptyDatabase(async (url) => {
      await migrateDatabase(url);
      expect(await migrateDatabase(url, target)).toEqual({ applied: [], edited: [migrations[0]] });
    });
  });
});

/** One row of everything, as the first migration knows it. */
const filling = `
  INSERT INTO "user" (id, name, email) VALUES ('u', 'n', 'e');
  INSERT INTO session (id, expires_at, token, user_id, updated_at) VALUES ('s', now(), 't', 'u', now());
  INSERT INTO account (id, account_id, provider_id, user_id, updated_at) VALUES ('a', 'a', 'p', 'u', now());
  INSERT INTO verification (id, identifier, value, expires_at) VALUES ('v', 'i', 'v', now());
  INSERT INTO apikey (id, reference_id, key, created_at, updated_at) VALUES ('k', 'u', 'h', now(), now());
  INSERT INTO source (id, name, kind, endpoint, instance, access_key_id, secret)
    VALUES ('s', 's', 'tablestore', 'e', 'i', 'a', 'c');
  INSERT INTO destination (id, name, region, bucket, access_key_id, secret, force_path_style)
    VALUES ('d', 'd', 'r', 'b', 'a', 'c', true);
  INSERT INTO task (id, name, source_id, table_name, destination_id, prefix, mode, time_zone, schema_kind,
      flush_seconds, flush_bytes, compression, object_suffix, metadata_columns, desired_state, tunnel_name, tunnel_id)
    VALUES ('00000000-0000-0000-0000-000000000001', 'task', 's', 't', 'd', 'p', 'full', 'UTC', 'auto',
      120, 1000, 'zstd', '', '{_action}', 'running', 'tn', 'ti');
  INSERT INTO task_facts (task_id) SELECT id FROM task;
  INSERT INTO schema_version (task_id, version, mapping, reason) SELECT id, 1, '{}', 'created' FROM task;
  INSERT INTO channel (task_id, channel_id, kind, lane, checkpoint, acked_sequence_number, batch_number,
      records, rows, deletes_ignored, error_code, error_details, error_attempt, error_since)
    SELECT id, 'c', 'stream', 0, 'p', 0, 1, 3, 2, 1, 'source.unavailable', '{}', 1, now() FROM task;
  INSERT INTO worker (id, lease_until, started_at, host) VALUES ('w', now(), now(), 'h');
  INSERT INTO batch (channel_key, number, start_checkpoint, end_checkpoint, finished, epoch, schema_version,
      sealed_by, records, rows, deletes_ignored, dirty_records, dirty_values, unmapped_values, decided_at)
    SELECT id, 1, '', 'p', false, 1, 1, 'age', 3, 2, 1, 0, 0, 0, now() FROM channel;
  INSERT INTO delivered_object (id, task_id, task_name, channel_key, batch_number, kind, location, bucket, key,
      partition, stem, lane, sequence, rows, bytes, crc32, upload_id, parts, decided_at)
    SELECT task_id, task_id, 'task', id, 1, 'rows', 'l', 'b', 'k', 'p', 's', 0, 1, 2, 9, '0badcafe', 'u', '[]', now() FROM channel;
  INSERT INTO upload (object_id, channel_key, worker_id, destination_id, bucket, key, logged_at)
    SELECT task_id, id, 'w', 'd', 'b', 'k', now() FROM channel;
  INSERT INTO dirty_sample (task_id, channel_key, batch_number, reason, decided_at)
    SELECT task_id, id, 1, 'type_mismatch', now() FROM channel;
`;
