import { FailedSchedule, runSchedule } from "./schedule";
import type { WorldOptions } from "./world";

export type ScheduleTotals = {
  schedules: number;
  events: number;
  /** How often each fault, outcome and event was met, over all schedules. */
  readonly met: Map<string, number>;
  readonly failures: FailedSchedule[];
};

/** Seeds from `firstSeed` on. Goes on after a failure, until there are `failuresMax` of them. */
export async function runSchedules(request: {
  readonly firstSeed: number;
  readonly schedules: number;
  readonly failuresMax: number;
  readonly options?: WorldOptions;
  readonly onSchedule?: (totals: ScheduleTotals) => void;
}): Promise<ScheduleTotals> {
  const { firstSeed, schedules, failuresMax, options, onSchedule } = request;
  const totals: ScheduleTotals = { schedules: 0, events: 0, met: new Map(), failures: [] };
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
    totals.schedules += 1;
    try {
      const { met, queue } = await runSchedule(seed, options);
      totals.events += queue.events;
      for (const [what, count] of met) totals.met.set(what, (totals.met.get(what) ?? 0) + count);
    } catch (thrown) {
      if (!(thrown instanceof FailedSchedule)) throw thrown;
      totals.failures.push(thrown);
      if (totals.failures.length >= failuresMax) break;
    }
    onSchedule?.(totals);
    // Whoever watches the process hears from it between two schedules.
    if (seed % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return totals;
}
