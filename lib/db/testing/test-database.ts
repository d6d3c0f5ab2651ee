import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { createDatabase, type Database } from "../client";
import { defaultMigrationsDirectory, migrateDatabase } from "../migrate";

/** A database of its own on the run's server. */
export type TestDatabase = {
  readonly url: string;
  /** Removes it. Throws when somebody is still connected: a test that leaks a pool hides a real leak. */
  readonly drop: () => Promise<void>;
};

/**
 * An empty database with all migrations applied: a copy of a template, so it takes some 50 ms. Only
 * within the integration tests of vitest, whose set-up starts the server.
 */
export async function cloneDatabase(): Promise<TestDatabase> {
  const template = await requireTemplate();
  return makeDatabase(`TEMPLATE ${template}`);
}

/** A database with nothing in it, for tests of migrations. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return makeDatabase("");
}

/** Gives each test file its database, ready before its tests and checked for leaks after them. */
export function withDatabase(): { readonly url: () => string; readonly database: () => Database } {
  let made: { test: TestDatabase; database: Database } | null = null;
  beforeAll(async () => {
    const test = await cloneDatabase();
    made = { test, database: createDatabase(test.url, { applicationName: "test" }) };
  });
  afterAll(async () => {
    await made?.database.close();
    await made?.test.drop();
  });
  const current = () => {
    if (!made) throw new Error("The database exists from beforeAll on");
    return made;
  };
  return { url: () => current().test.url, database: () => current().database };
}

const urlOf = (database: string): string => {
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${database}`;
  return url.toString();
};

export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, options: "-c TimeZone=UTC" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const onServer = <T>(work: (client: pg.Client) => Promise<T>) =>
  withClient(urlOf("postgres"), work);

async function makeDatabase(from: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await onServer((client) => client.query(`CREATE DATABASE ${name} ${from}`));
  return { url: urlOf(name), drop: () => dropDatabase(name) };
}

async function dropDatabase(name: string): Promise<void> {
  const leaked = await onServer(async (client) => {
    const sessions = await waitForSessionsToEnd(client, name);
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return sessions;
  });
  if (leaked.length > 0) {
    throw new Error(`Connections to the test's database were left open: ${leaked.join(", ")}`);
  }
}

/** A session that was closed takes the server a moment to end; one that was not never does. */
async function waitForSessionsToEnd(client: pg.Client, name: string): Promise<string[]> {
  for (let attempt = 0; ; attempt += 1) {
    const { rows } = await client.query<{ session: string }>(
      `SELECT format('%s: %s', application_name, left(query, 80)) AS session
       FROM pg_stat_activity WHERE datname = $1`,
      [name],
    );
    if (rows.length === 0 || attempt >= 20) return rows.map((row) => row.session);
    await client.query("SELECT pg_sleep(0.05)");
  }
}

let template: Promise<string> | null = null;

/** Made once per run by whoever comes first; test files run in processes of their own. */
function requireTemplate(): Promise<string> {
  template ??= makeTemplate();
  return template;
}

async function makeTemplate(): Promise<string> {
  const name = `template_${hashMigrations()}`;
  await onServer(async (client) => {
    // Held until this session ends, so that nobody copies a half-made template.
    await client.query("SELECT pg_advisory_lock(1)");
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [name]);
    if (rowCount) return;
    await client.query(`CREATE DATABASE ${name}_unfinished`);
    await migrateDatabase(urlOf(`${name}_unfinished`));
    await client.query(`ALTER DATABASE ${name}_unfinished RENAME TO ${name}`);
  });
  return name;
}

function hashMigrations(): string {
  const hash = createHash("sha256");
  const directory = defaultMigrationsDirectory();
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" }).sort()) {
    if (file.endsWith(".sql")) hash.update(readFileSync(path.join(directory, file)));
  }
  return hash.digest("hex").slice(0, 12);
}
