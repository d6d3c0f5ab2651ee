import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Directed, stagedAgainByTwo } from "./testing/simulation/directed";
import { type Mutant, mutants } from "./testing/simulation/mutants";
import { runSchedules } from "./testing/simulation/run-schedules";
import { runSchedule } from "./testing/simulation/schedule";

/** Most are found within ten seeds, the rarest within 140. */
const schedulesMax = 1_000;

/** Too rare for random seeds: a zombie and its heir have to do the same at the same time. */
const directedAt: Partial<Record<Mutant, Directed>> = {
  "staged again whether published or not": stagedAgainByTwo,
};

const stackTraceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe("the simulation finds what breaks without", () => {
  it.each(Object.entries(mutants) as [Mutant, string][])(
    "%s: %s",
    {
      timeout: 300_000,
    },
    async (mutant, breaks) => {
      const { failures } = await runSchedules({
        ...{ firstSeed: 1, schedules: schedulesMax, failuresMax: 1 },
        run: (seed) => runSchedule(seed, { mutant, directed: directedAt[mutant] }),
      });
      const [failure] = failures;
      expect(failure?.cause).toMatchObject({ message: expect.stringMatching(`^${breaks}`) });
      expect(failure?.message).toContain(
        `npm run simulate -- --seed ${failure?.seed} --schedules 1`,
      );
    },
  );
});
