import { FailedSchedule } from "./failed-schedule";
import type { SeededWorld } from "./seeded-world";

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
  /** One schedule, to its end. Throws FailedSchedule. */
  readonly run: (seed: number) => Promise<Pick<SeededWorld, "met" | "queue">>;
  readonly onSchedule?: (totals: ScheduleTotals) => void;
}): Promise<ScheduleTotals> {
  const { firstSeed, schedules, failuresMax, run, onSchedule } = request;
  const totals: ScheduleTotals = { schedules: 0, events: 0, met: new Map(), failures: [] };
  for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
    totals.schedules += 1;
    try {
      const { met, queue } = await run(seed);
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
