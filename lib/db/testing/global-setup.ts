import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { randomSecret } from "@/lib/platform/secret";
import { startPostgres } from "@/workers/local/postgres";

declare module "vitest" {
  export interface ProvidedContext {
    /** The test run's own PostgreSQL: the superuser's URL. */
    postgresUrl: string;
  }
}

/** One real PostgreSQL for the whole run, gone afterwards. Without fsync: nothing here has to outlive a crash. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "culvert-postgres-"));
  // As root the server runs under another account, which has to get there.
  chmodSync(directory, 0o711);
  const server = await startPostgres({
    dataDirectory: path.join(directory, "postgres"),
    password: randomSecret(16),
    log: () => undefined,
    settings: {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      max_connections: "300",
    },
  });
  // An interrupted run ends without teardown.
  process.once("exit", server.kill);
  project.provide("postgresUrl", server.url);
  return async () => {
    process.removeListener("exit", server.kill);
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
}
