import { expect } from "vitest";
import type { ErrorView } from "@/lib/contracts/error-view";
import type { StoredTask } from "@/lib/db/tasks";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import type { Rig } from "./delivery-rig";
import { queryDataset } from "./read-dataset";
import { listObjects, viewTask, waitForRecords } from "./task-facts";
import { waitUntil } from "./wait-until";

type Facts = Pick<Rig, "database" | "storeConfig">;

/** The error as people see it, once it is shown. */
export function waitForError(facts: Facts, task: StoredTask, code: string): Promise<ErrorView> {
  const { name } = task.settings;
  return waitUntil(`${code} of ${name}`, async () =>
    (await viewTask(facts, name)).errors.find((error) => error.code === code),
  );
}

/**
 * These rows stand in the task's bucket once and no other does, the account says the same, and nothing
 * is shown to stand in the way any more. Reads the bucket past any proxy.
 */
export async function expectMended(
  facts: Facts,
  task: StoredTask,
  expected: readonly string[],
): Promise<void> {
  const { name, prefix, destinationId } = task.settings;
  const account = await waitForRecords(facts, task, expected.length, 90_000);
  const bucket = destinationId === "rig" ? facts.storeConfig.bucket : destinationId;
  const store = createS3ObjectStore({ ...facts.storeConfig, bucket });
  const statement = "SELECT id FROM read_parquet({files})";
  const rows = await queryDataset(store, `${prefix}/`, statement);
  store.close();
  expect(rows.map(({ id }) => String(id)).sort()).toEqual([...expected].sort());
  const { records, rows: delivered, deletesIgnored, dirtyRecords } = account;
  expect(records).toBe(delivered + deletesIgnored + dirtyRecords);
  expect(delivered).toBe(expected.length);
  const objects = await listObjects(facts.database, task);
  expect(objects.filter(({ published_at }) => published_at === null)).toEqual([]);
  await waitUntil("no error", async () => (await viewTask(facts, name)).errors.length === 0);
}
