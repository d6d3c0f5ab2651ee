import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { datasetFaultNames } from "./testing/simulation/datasets/dataset-faults";
import { runDatasetSchedule } from "./testing/simulation/datasets/dataset-schedule";
import { runSchedules } from "./testing/simulation/run-schedules";

/** `npm run simulate` runs a hundred thousand. */
const schedules = 500;

/** What the schedules have to bring about before their silence means anything. */
const situations = [
  ...datasetFaultNames.map((name) => `fault: ${name}`),
  ...["lost request", "lost answer", "late request", "answer after the time-out"],
  ...["request of a dead worker", "ledger away", "store away"],
  ...["lost request to a console", "lost answer of a console", "answer after a client gave up"],
  "a client gave up waiting",
  ...["made", "overwrite", "stream"].map((what) => `upload begun: ${what}`),
  ...["saved", "refused"].map((what) => `block: ${what}`),
  ...["aborted", "refused"].map((what) => `abort: ${what}`),
  ...["status committed", "status committing", "status critical", "too_many"].map(
    (what) => `commit: ${what}`,
  ),
  ...["list_differs", "refused committed", "refused critical", "refused expired"].map(
    (what) => `commit: ${what}`,
  ),
  ...["visible", "pending", "lost", "differs", "ended", "expired", "schema_modified"].map(
    (what) => `flush: ${what}`,
  ),
  ...["overwritten", "too_many_partitions"].map((what) => `flush: ${what}`),
  ...["decide", "recorded", "ended", "expired", "schema_modified", "overwritten"].map(
    (verdict) => `verdict: ${verdict}`,
  ),
  ...["too_many_partitions", "differs"].map((verdict) => `verdict: ${verdict}`),
  ...["completed", "upload_gone", "key_taken"].map((outcome) => `complete: ${outcome}`),
  ...["decided", "outdated", "fenced"].map((outcome) => `decideMerge: ${outcome}`),
  ...["mergePaused", "mergeResumed", "merge undone", "originals released", "uploadSwept"],
  ...["merge.engine_failed", "merge.copy_differs", "merge.disk_full"].map(
    (code) => `mergeFailed: ${code}`,
  ),
  ...["destination.unavailable", "destination.upload_gone", "destination.key_taken"].map(
    (code) => `commitFailed: ${code}`,
  ),
  "commitFailed: internal.database_unavailable",
];

/** What is thrown here is expected, by the thousand: where it was thrown is of no use to anybody. */
const stackTraceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe("a dataset's writers under random schedules", () => {
  it(`keep U1–U7, T1–T6, D7, D8, J1, J2, S1 and S2 over ${schedules} schedules of killed consoles and workers, lost and late requests, vanished uploads and all other faults`, {
    timeout: 900_000,
  }, async () => {
    const totals = await runSchedules({
      ...{ firstSeed: 1, schedules, failuresMax: 1, run: runDatasetSchedule },
    });
    expect(totals.failures.map(({ message }) => message)).toEqual([]);
    expect([...totals.met.keys()]).toEqual(expect.arrayContaining(situations));
  });

  it("is the same schedule for the same seed", async () => {
    const traced = { isTraced: true };
    const [one, other] = [await runDatasetSchedule(7, traced), await runDatasetSchedule(7, traced)];
    expect(one.trace).toEqual(other.trace);
    expect(one.trace.length).toBeGreaterThan(100);
  });
});
