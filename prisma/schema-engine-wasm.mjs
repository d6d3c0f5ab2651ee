#!/usr/bin/env node
/**
 * Prisma's schema engine for machines that cannot download the native one: the same engine, compiled
 * to WebAssembly (@prisma/schema-engine-wasm), behind the native one's command line and its JSON-RPC
 * over stdio, one message per line. `prisma.config.ts` selects it when no native engine is installed,
 * so that `npx prisma migrate dev | diff | deploy | status | generate` work everywhere.
 *
 *   prisma CLI ──argv: cli can-connect|create|drop-database──▶ exit code, JSON line on stderr
 *   prisma CLI ──stdin: one request per line──▶ queue ──▶ wasm engine ──▶ adapter-pg ──▶ PostgreSQL
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";

/** Parameters of a URL that Prisma reads itself; the server would refuse some of them. */
const prismaParameters = [
  "schema",
  "connection_limit",
  "pool_timeout",
  "pgbouncer",
  "connect_timeout",
  "statement_cache_size",
  "socket_timeout",
];
const quote = (name) => `"${name.replaceAll('"', '""')}"`;

function parseTarget(text) {
  const url = new URL(text);
  const schema = url.searchParams.get("schema") ?? "public";
  for (const name of prismaParameters) url.searchParams.delete(name);
  const database = decodeURIComponent(url.pathname.slice(1));
  return { url, schema, database, connectionString: url.toString() };
}

/** A failure that the CLI shows under one of Prisma's own codes. */
class EngineError extends Error {
  constructor(code, message, meta = {}) {
    super(message);
    this.code = code;
    this.meta = meta;
  }
}

function toEngineError(thrown, target) {
  if (thrown instanceof EngineError) return thrown;
  const code = typeof thrown?.code === "string" ? thrown.code : "";
  const message = thrown?.message || String(thrown);
  if (/^P\d{4}$/.test(code)) return new EngineError(code, message, thrown.meta ?? {});
  const at = target ? `${target.url.hostname}:${target.url.port || 5432}` : "the server";
  if (code === "3D000") {
    return new EngineError(
      "P1003",
      `Database \`${target?.database}\` does not exist on the database server at \`${at}\`.`,
    );
  }
  if (code === "ECONNREFUSED" || code === "ENOTFOUND") {
    return new EngineError("P1001", `Can't reach database server at \`${at}\``);
  }
  if (code === "28P01" || code === "28000") {
    return new EngineError("P1000", "Authentication failed against database server.");
  }
  return new EngineError("P1010", message);
}

async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A connection beside the database, for what cannot be done from within it. */
async function withMaintenanceClient(target, work) {
  const at = (database) => {
    const url = new URL(target.connectionString);
    url.pathname = `/${database}`;
    return url.toString();
  };
  try {
    return await withClient(at("postgres"), work);
  } catch (thrown) {
    if (thrown?.code !== "3D000") throw thrown;
    return withClient(at("template1"), work);
  }
}

async function createDatabase(target) {
  await withMaintenanceClient(target, async (client) => {
    const found = await client.query("SELECT FROM pg_database WHERE datname = $1", [
      target.database,
    ]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${quote(target.database)}`);
  });
}

const dropDatabase = (target, name = target.database) =>
  withMaintenanceClient(target, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`),
  );

/** The catalogue's one-byte type, which adapter-pg cannot name: sent on as text, typed as a character. */
const catalogCharType = 18;
const textType = 25;
const characterColumn = 6;

/**
 * Mends three things of adapter-pg for the engine's use: scripts are split at every semicolon, which
 * breaks function bodies; the catalogue's type "char" has no mapping; see above.
 */
function mendAdapter(adapter) {
  const pool = adapter.underlyingDriver();
  const poolQuery = pool.query.bind(pool);
  const adapterQuery = adapter.queryRaw.bind(adapter);
  adapter.executeScript = async (script) => {
    try {
      await poolQuery(script);
    } catch (thrown) {
      adapter.onError(thrown);
    }
  };
  let characterIndexes = [];
  pool.query = async (...args) => {
    const result = await poolQuery(...args);
    characterIndexes = [];
    for (const [index, field] of (result.fields ?? []).entries()) {
      if (field.dataTypeID !== catalogCharType) continue;
      field.dataTypeID = textType;
      characterIndexes.push(index);
    }
    return result;
  };
  // Requests run strictly one after another, so the indexes are those of this very query.
  adapter.queryRaw = async (query) => {
    const result = await adapterQuery(query);
    for (const index of characterIndexes) result.columnTypes[index] = characterColumn;
    return result;
  };
  return adapter;
}

class EngineAdapterFactory extends PrismaPg {
  #target;
  #shadowTarget;

  constructor(target, shadowTarget) {
    super({ connectionString: target.connectionString, max: 1 }, { schema: target.schema });
    this.#target = target;
    this.#shadowTarget = shadowTarget;
  }

  async connect() {
    return mendAdapter(await super.connect());
  }

  /** A database where migrations are replayed: the one given, emptied, or a new one that goes with it. */
  async connectToShadowDb() {
    if (this.#shadowTarget) return this.#connectToGivenShadow(this.#shadowTarget);
    const name = `prisma_migrate_shadow_db_${randomUUID()}`;
    await withMaintenanceClient(this.#target, (client) =>
      client.query(`CREATE DATABASE ${quote(name)}`),
    );
    const url = new URL(this.#target.connectionString);
    url.pathname = `/${name}`;
    const factory = new PrismaPg({ connectionString: url.toString(), max: 1 });
    const adapter = mendAdapter(await factory.connect());
    const dispose = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      // The drop is by force, so a pool that cannot be closed does not stand in its way.
      await Promise.resolve(dispose()).catch(() => undefined);
      await dropDatabase(this.#target, name);
    };
    return adapter;
  }

  async #connectToGivenShadow(shadow) {
    const schema = quote(shadow.schema);
    await withClient(shadow.connectionString, (client) =>
      client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`),
    );
    const factory = new PrismaPg(
      { connectionString: shadow.connectionString, max: 1 },
      { schema: shadow.schema },
    );
    return mendAdapter(await factory.connect());
  }
}

async function loadEngine(datamodels, factory) {
  const glue = fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"));
  const bytes = readFileSync(path.join(path.dirname(glue), "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    set_message(message) {
      this.message = message;
    },
  };
  return bindings.SchemaEngine.new(
    { datamodels },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory),
  );
}

/** Flags with a value; the last two are of no use to the wasm engine. */
function parseArguments(argv) {
  const options = { datamodels: [], datasource: {}, command: null, version: false };
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index];
    if (argument === "--version" || argument === "-V") options.version = true;
    else if (argument === "--datamodels" || argument === "-d")
      options.datamodels.push(argv[++index]);
    else if (argument === "--datasource") options.datasource = JSON.parse(argv[++index]);
    else if (argument === "--enabled-preview-features" || argument === "--extension-types")
      index += 1;
    else if (argument === "cli") options.command = argv[++index];
  }
  return options;
}

const options = parseArguments(process.argv.slice(2));
const target = parseTarget(options.datasource.url ?? "postgresql://localhost:1/none");
const shadowTarget = options.datasource.shadowDatabaseUrl
  ? parseTarget(options.datasource.shadowDatabaseUrl)
  : null;

const cliCommands = {
  "can-connect-to-database": () => withClient(target.connectionString, async () => undefined),
  "create-database": () => createDatabase(target),
  "drop-database": () => dropDatabase(target),
};

async function runCliCommand(name) {
  try {
    const command = cliCommands[name];
    if (!command) throw new EngineError("P1010", `Unknown command ${name}`);
    await command();
    return 0;
  } catch (thrown) {
    const { code, message } = toEngineError(thrown, target);
    const fields = { error_code: code, message, is_panic: false };
    const line = { level: "ERROR", target: "schema_engine::logger", fields };
    process.stderr.write(`\n${JSON.stringify(line)}\n`);
    return 1;
  }
}

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

let engine = null;
/** The engine knows where to make its shadow database only between these two requests. */
let shadowIsKnown = false;
let prints = 0;

async function requireEngine() {
  if (engine) return engine;
  const datamodels = options.datamodels.map((file) => [file, readFileSync(file, "utf8")]);
  const factory = new EngineAdapterFactory(target, shadowTarget);
  engine = await loadEngine(datamodels.length > 0 ? datamodels : undefined, factory);
  return engine;
}

const methods = {
  async createDatabase(params) {
    const wanted = params?.datasource?.url ? parseTarget(params.datasource.url) : target;
    await createDatabase(wanted);
    return { databaseName: wanted.database };
  },
  async getDatabaseVersion(params) {
    return (await requireEngine()).version(params);
  },
  async ensureConnectionValidity() {
    await withClient(target.connectionString, async () => undefined);
    return {};
  },
  async diff(params) {
    const { exitCode, stdout } = await (await requireEngine()).diff(params);
    if (stdout !== null && stdout !== undefined) {
      prints += 1;
      send({ jsonrpc: "2.0", id: `p${prints}`, method: "print", params: { content: stdout } });
    }
    return { exitCode, stdout: null };
  },
};

async function callEngine(method, params) {
  const loaded = await requireEngine();
  if (typeof loaded[method] !== "function")
    throw new EngineError("P1010", `Unknown method ${method}`);
  const needsShadow = method === "evaluateDataLoss" || method === "createMigration";
  if (needsShadow && !shadowIsKnown) {
    await loaded.devDiagnostic({ migrationsList: params.migrationsList, filters: params.filters });
    shadowIsKnown = true;
  }
  const result = await loaded[method](params);
  if (method === "devDiagnostic") shadowIsKnown = true;
  if (method === "applyMigrations") shadowIsKnown = false;
  return result;
}

async function answer({ id, method, params }) {
  try {
    const own = Object.hasOwn(methods, method) ? methods[method] : null;
    const result = await (own ? own(params) : callEngine(method, params));
    send({ jsonrpc: "2.0", id, result: result ?? {} });
  } catch (thrown) {
    const { code, message, meta } = toEngineError(thrown, target);
    const data = { is_panic: false, message, error_code: code, meta };
    const text = "An error happened. Check the data field for details.";
    send({ jsonrpc: "2.0", id, error: { code: 4466, message: text, data } });
  }
}

function serve() {
  let queue = Promise.resolve();
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line.trim() === "") return;
    const message = JSON.parse(line);
    // Without a method it answers our own `print`.
    if (message.method) queue = queue.then(() => answer(message));
  });
  lines.on("close", () => {
    void queue.then(() => process.stdout.write("", () => process.exit(0)));
  });
}

if (options.version) {
  process.stdout.write(`schema-engine-wasm ${bindings.version()}\n`);
} else if (options.command) {
  process.exitCode = await runCliCommand(options.command);
} else {
  serve();
}
