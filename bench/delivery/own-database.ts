import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createDatabase, type Database } from "@/lib/db/client";
import { migrateDatabase } from "@/lib/db/migrate";
import { startPostgres } from "@/workers/local/postgres";

/** A PostgreSQL with its usual durability for as long as `work` takes, and a folder for whatever else it needs. */
export async function withOwnDatabase<T>(
  work: (at: { readonly database: Database; readonly directory: string }) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(path.join(tmpdir(), "culvert-bench-"));
  // PostgreSQL does not run as root; the account it gets instead has to pass through here.
  chmodSync(directory, 0o711);
  const dataDirectory = path.join(directory, "postgres");
  const postgres = await startPostgres({ dataDirectory, password: "bench", log: () => {} });
  await migrateDatabase(postgres.url);
  const database = createDatabase(postgres.url, { applicationName: "bench" });
  try {
    return await work({ database, directory });
  } finally {
    await database.close();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
