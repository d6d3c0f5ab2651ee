import type { Database } from "@/lib/db/client";
import { getDatasetVerification, verifyDataset } from "@/lib/services/verifications";
import { waitUntil } from "../wait-until";
import type { Finding } from "./watcher";

const verifyTimeoutMs = 240_000;

/** What the product itself finds when it is asked to compare every object, byte by byte, with its ledger. */
export async function verifyDatasets(
  database: Database,
  names: readonly string[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of names) {
    const { id } = await verifyDataset({ database }, name, { deep: true });
    const look = async () => {
      const { run } = await getDatasetVerification({ database }, name, { run: id });
      return run?.finishedAt ? run : null;
    };
    const run = await waitUntil(`${name} is verified`, look, verifyTimeoutMs);
    if (run.clean !== true) findings.push(`verify: ${name}: ${JSON.stringify(run)}`);
  }
  return findings;
}
