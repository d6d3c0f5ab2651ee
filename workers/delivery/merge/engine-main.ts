import { constants, setPriority } from "node:os";
import { createInterface } from "node:readline";
import type { MergeResult, MergeWork } from "./merge-engine";
import { mergeFiles } from "./merge-files";

/**
 * The process that merges: takes its work as one line of JSON, answers with another, and ends. It has no
 * credentials and no connections, and ends with the worker that it works for.
 */
async function main(): Promise<void> {
  setPriority(constants.priority.PRIORITY_LOW);
  const lines = createInterface({ input: process.stdin });
  const work = await new Promise<string>((resolve) => lines.once("line", resolve));
  lines.once("close", () => process.exit(1));
  const verdict = await mergeFiles(JSON.parse(work) as MergeWork);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const result: MergeResult = { verdict, peakBytes };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

main().catch((thrown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`, () =>
    process.exit(1),
  );
});
