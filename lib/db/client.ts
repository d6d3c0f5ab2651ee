import { Socket } from "node:net";
import { PrismaPg } from "@prisma/adapter-pg";
import { parseDatabaseUrl, sessionOptions } from "./connection-url";
import { toDatabaseError } from "./database-error";
import { type Prisma, PrismaClient } from "./generated/client";

export type Transaction = Prisma.TransactionClient;

/** Culvert's database: one bounded pool. Its Prisma types stay inside lib/db, but for better-auth's adapter. */
export type Database = {
  readonly prisma: PrismaClient;
  /** Runs queries and turns what the driver throws into AppError (`internal.*`). AppErrors pass. */
  readonly run: <T>(work: (prisma: PrismaClient) => Promise<T>) => Promise<T>;
  /**
   * The same in one READ COMMITTED transaction. When it throws `internal.database_unavailable`, the
   * outcome of the commit is unknown.
   */
  readonly transact: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
};

export type DatabaseOptions = {
  /** Connections of this process at most; PostgreSQL's own default allows 100 in all. */
  readonly connectionsMax?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /** A connection that is silent for longer while it is in use is given up. */
  readonly silenceMaxMs?: number;
};

const connectTimeoutMs = 5_000;
const statementTimeoutMs = 30_000;
/** Longer than any statement may run, and than any connection is kept idle. */
const silenceMaxDefaultMs = 35_000;
/** A process stopped inside a transaction keeps its rows locked no longer than this. */
const idleTransactionTimeoutMs = 5_000;

/** Opens lazily: a database that is not there shows at the first query. */
export function createDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { connectionString, schema } = parseDatabaseUrl(url);
  const adapter = new PrismaPg(
    {
      connectionString,
      max: options.connectionsMax ?? 10,
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      stream: () => openSocket(options.silenceMaxMs ?? silenceMaxDefaultMs),
      application_name: options.applicationName ?? "culvert",
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
      options: sessionOptions(schema),
    },
    { schema },
  );
  const prisma = new PrismaClient({ adapter, errorFormat: "minimal" });
  const run: Database["run"] = async (work) => {
    try {
      return await work(prisma);
    } catch (thrown) {
      throw toDatabaseError(thrown);
    }
  };
  return {
    prisma,
    run,
    transact: (work) =>
      run((client) =>
        client.$transaction(work, { maxWait: connectTimeoutMs, timeout: statementTimeoutMs }),
      ),
    close: () => prisma.$disconnect(),
  };
}

/**
 * A network that drops packets without a word would hold a query for a quarter of an hour. The whole
 * connection is given up and not the query alone: one that was given back to the pool half-way through a
 * transaction would take the next caller's statements into it.
 */
function openSocket(silenceMaxMs: number): Socket {
  const socket = new Socket();
  const silence = Object.assign(new Error("Connection terminated: no answer"), {
    code: "ETIMEDOUT",
  });
  return socket.setTimeout(silenceMaxMs, () => socket.destroy(silence));
}
