import { AppError } from "@/lib/core/error";
import type { MergeEngine } from "../../../merge/merge-engine";
import { encodeRows, readRows } from "./dataset-rows";
import type { SimulatedDisk } from "./simulated-disk";

const slowMsMax = 1_400;

/** How a process that merges may end. */
export type EngineOutcome = "merged" | "failed" | "copy differs" | "row lost";

/** In DuckDB's place: rows in are rows out, after a while, unless it fails as the real one can. */
export function createStandInEngine(options: {
  readonly disk: SimulatedDisk;
  readonly outcome: () => EngineOutcome;
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}): MergeEngine {
  const { disk, outcome, random, sleep } = options;
  return {
    async merge({ inputs, output }, signal) {
      await sleep(random() * slowMsMax, signal);
      signal.throwIfAborted();
      const how = outcome();
      if (how === "failed") throw new AppError("merge.engine_failed", "Simulated");
      if (how === "copy differs") {
        return { verdict: { kind: "copy_differs", what: "sum" }, peakBytes: 0 };
      }
      const rows: number[] = [];
      for (const input of inputs) rows.push(...(await readRows(disk.files.get(input) as Buffer)));
      const written = how === "row lost" ? rows.slice(1) : rows;
      disk.files.set(output, Buffer.from(await encodeRows(written)));
      return { verdict: { kind: "merged", rows: rows.length }, peakBytes: 0 };
    },
  };
}
