import type { Database } from "@/lib/db/client";
import type { StoredTask } from "@/lib/db/tasks";
import { askForVerifyRun, getVerifyRun, type VerifyRunFacts } from "@/lib/db/verify-requests";
import { waitUntil } from "./wait-until";

/** Asks for a verification as a person does, and waits for its outcome. */
export async function verify(
  database: Database,
  task: StoredTask,
  options: { readonly redeliver?: boolean; readonly deep?: boolean } = {},
): Promise<VerifyRunFacts> {
  const { redeliver = false, deep = false } = options;
  const subject = { kind: "task", id: task.id } as const;
  const id = await askForVerifyRun(database, { subject, redeliver, deep });
  const look = async () => {
    const run = await getVerifyRun(database, subject, id);
    return run?.finishedAt ? run : null;
  };
  return waitUntil(`the verification of ${task.settings.name}`, look, 150_000);
}

/** The report of a verification that has to come to an end with one. */
export async function reportOf(
  database: Database,
  task: StoredTask,
  options?: Parameters<typeof verify>[2],
): Promise<NonNullable<VerifyRunFacts["report"]>> {
  const { report, error } = await verify(database, task, options);
  if (!report) throw new Error(`There is no report: ${JSON.stringify(error)}`);
  return report;
}
