import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DatasetMutant, datasetMutants } from "./testing/simulation/datasets/dataset-mutants";
import { runDatasetSchedule } from "./testing/simulation/datasets/dataset-schedule";
import { runSchedules } from "./testing/simulation/run-schedules";

const schedulesMax = 1_000;

const stackTraceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe("the simulation of datasets finds what breaks without", () => {
  it.each(Object.entries(datasetMutants) as [DatasetMutant, string][])(
    "%s: %s",
    {
      timeout: 300_000,
    },
    async (mutant, breaks) => {
      const { failures } = await runSchedules({
        ...{ firstSeed: 1, schedules: schedulesMax, failuresMax: 1 },
        run: (seed) => runDatasetSchedule(seed, { mutant }),
      });
      const [failure] = failures;
      expect(failure?.cause).toMatchObject({ message: expect.stringMatching(`^(${breaks})`) });
      expect(failure?.message).toContain(
        `npm run simulate -- --seed ${failure?.seed} --schedules 1 --world datasets`,
      );
    },
  );
});
