import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { AppError } from "@/lib/core/error";
import { parseDatabaseUrl, sessionOptions } from "./connection-url";
import { toDatabaseError } from "./database-error";

/** A folder of prisma/migrations. */
type Migration = { readonly name: string; readonly sql: string; readonly checksum: string };

export type MigrationOutcome = {
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
  /** Applied before, from another text than is here now: somebody edited history. */
  readonly edited: readonly string[];
};

/** The lock that Prisma's own `migrate deploy` takes, so that the two never run at once. */
const advisoryLockId = 72_707_369;

const migrationsTable = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

/** prisma/migrations of this checkout. */
export function defaultMigrationsDirectory(): string {
  return fileURLToPath(new URL("../../prisma/migrations", import.meta.url));
}

/**
 * Brings the database to the newest migration, as `prisma migrate deploy` does and leaving the same
 * records, without the CLI. Safe to run from several processes at once: the later ones wait. Each
 * migration is applied whole or not at all. Throws `internal.database_unavailable`, or
 * `internal.unexpected` naming the migration that failed, now or earlier.
 */
export async function migrateDatabase(
  url: string,
  migrationsDirectory = defaultMigrationsDirectory(),
): Promise<MigrationOutcome> {
  const { connectionString, schema } = parseDatabaseUrl(url);
  const migrations = readMigrations(migrationsDirectory);
  const client = new pg.Client({
    connectionString,
    options: sessionOptions(schema),
    application_name: "culvert migrate",
    connectionTimeoutMillis: 10_000,
  });
  // A cut connection also fails the query that runs; unheard, the event would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT pg_advisory_lock($1)", [advisoryLockId]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
    await client.query(migrationsTable);
    return await applyMissing(client, migrations);
  } catch (thrown) {
    throw toDatabaseError(thrown);
  } finally {
    // Ends the session and with it the lock.
    await client.end().catch(() => undefined);
  }
}

/** In the order they apply: by folder name, which begins with the time it was made. */
function readMigrations(directory: string): Migration[] {
  const folders = readdirSync(directory, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return folders
    .map((folder) => folder.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(path.join(directory, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

async function applyMissing(
  client: pg.Client,
  migrations: readonly Migration[],
): Promise<MigrationOutcome> {
  const known = await readKnown(client);
  const applied: string[] = [];
  const edited: string[] = [];
  for (const migration of migrations) {
    const checksum = known.get(migration.name);
    if (checksum === undefined) {
      await applyMigration(client, migration);
      applied.push(migration.name);
    } else if (checksum !== migration.checksum) {
      edited.push(migration.name);
    }
  }
  return { applied, edited };
}

/** Checksums by name. A migration that failed earlier may have left half of its work: a person decides. */
async function readKnown(client: pg.Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{
    migration_name: string;
    checksum: string;
    finished: boolean;
  }>(`SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
      FROM _prisma_migrations WHERE rolled_back_at IS NULL`);
  const failed = rows.find((row) => !row.finished);
  if (failed) {
    throw new AppError(
      "internal.unexpected",
      `The migration ${failed.migration_name} failed earlier. Mend the database, then run: npx prisma migrate resolve --rolled-back ${failed.migration_name}`,
      { details: { migration: failed.migration_name } },
    );
  }
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  const id = randomUUID();
  await client.query(
    "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)",
    [id, migration.checksum, migration.name],
  );
  try {
    // Without parameters the whole file is one simple query, and so one transaction.
    await client.query(migration.sql);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    await client
      .query("UPDATE _prisma_migrations SET logs = $2 WHERE id = $1", [id, message])
      .catch(() => undefined);
    const error = toDatabaseError(cause);
    if (error.code === "internal.database_unavailable") throw error;
    throw new AppError(
      "internal.unexpected",
      `The migration ${migration.name} failed: ${message}`,
      {
        details: { migration: migration.name },
        cause,
      },
    );
  }
  await client.query(
    "UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1",
    [id],
  );
}
