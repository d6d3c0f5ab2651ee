import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ObjectStore } from "@/lib/core/ports/object-store";

export type Row = Record<string, unknown>;

export async function listKeys(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.list({ prefix, ...(after === undefined ? {} : { after }) });
    keys.push(...page.objects.map(({ key }) => key));
    const last = keys.at(-1);
    if (page.next === null || last === undefined) return keys;
    after = last;
  }
}

/**
 * Asks DuckDB about everything that is listed below a folder now; `{files}` in the statement is the
 * list of objects as it takes it. No object, no row. Object names have no extension, files here do.
 */
export async function queryDataset(
  store: ObjectStore,
  prefix: string,
  statement: string,
): Promise<Row[]> {
  const keys = await listKeys(store, prefix);
  if (keys.length === 0) return [];
  const directory = path.join(tmpdir(), `culvert-read-${randomUUID()}`);
  await mkdir(directory);
  try {
    for (const [index, key] of keys.entries()) {
      const bytes = await store.read(key);
      if (bytes) await writeFile(path.join(directory, `${index}.parquet`), bytes);
    }
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const result = await connection.runAndReadAll(
      statement.replace("{files}", `'${directory}/*.parquet'`),
    );
    const rows = result.getRowObjects();
    connection.closeSync();
    instance.closeSync();
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
