import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as machine from "@/lib/core/delivery";
import { stagedAgainByTwo } from "./testing/simulation/directed";
import { faultNames } from "./testing/simulation/faults";
import { runSchedules } from "./testing/simulation/run-schedules";
import { runSchedule } from "./testing/simulation/schedule";

/** `npm run simulate` runs a hundred thousand. */
const schedules = 5_000;
const calmSchedules = 300;
const directedSchedules = 50;

/** What the schedules have to bring about before their silence means anything. */
const situations = [
  ...faultNames.map((name) => `fault: ${name}`),
  ...["lost request", "lost answer", "late request", "answer after the time-out"],
  ...["request of a dead worker", "ledger away", "store away", "tunnel away"],
  ...["decide: decided", "decide: decided before", "decide: fenced"],
  ...["complete: completed", "complete: upload_gone", "complete: key_taken"],
  ...["replaceUpload: replaced", "replaceUpload: fenced", "markAcked: acked", "markAcked: fenced"],
  ...["age", "size", "schema", "finished", "released"].map((why) => `batchDecided: ${why}`),
  ...["finished", "released", "fenced", "deleted"].map((why) => `channelStopped: ${why}`),
  ...["schemaGrown", "uploadsRestaged", "uploadSwept", "leaseLost", "tunnelConnected"],
  ...["channelsAdded", "taskCompleted", "taskForgotten", "workerStopped"],
  ...["destination.unavailable", "destination.key_taken", "internal.database_unavailable"].map(
    (code) => `commandFailed: ${code}`,
  ),
  ...["source.unavailable", "source.client_gone"].map((code) => `commandFailed: ${code}`),
  ...["taskFailed: internal.database_unavailable", "sweepFailed: destination.unavailable"],
];

/** Every cell of the machine's table that its loop can bring about (SPEC.md, Transitions). */
const cells = [
  ...["pageRead", "failed", "fenced", "stopRequested"].map((fact) => `reading ${fact}`),
  ...["appended", "stopRequested"].map((fact) => `appending ${fact}`),
  ...["grown", "failed", "stopRequested"].map((fact) => `growing ${fact}`),
  ...["stagedAhead", "openLost"].map((fact) => `stagingAhead ${fact}`),
  ...["staged", "failed", "openLost", "fenced", "stopRequested"].map((fact) => `staging ${fact}`),
  ...["decided", "failed", "fenced", "stopRequested"].map((fact) => `deciding ${fact}`),
  ...["published", "uploadsGone", "failed", "fenced", "stopRequested"].map(
    (fact) => `publishing ${fact}`,
  ),
  ...["restaged", "failed", "fenced", "stopRequested"].map((fact) => `restaging ${fact}`),
  ...["acked", "failed", "fenced", "stopRequested"].map((fact) => `acking ${fact}`),
  ...["elapsed", "stopRequested"].map((fact) => `waiting ${fact}`),
];

/** What is thrown here is expected, by the thousand: where it was thrown is of no use to anybody. */
const stackTraceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

const messages = (failures: readonly Error[]) => failures.map(({ message }) => message);

describe("delivery under random schedules", () => {
  it(`keeps D1–D4, D6, D7, J1, J2 and P1 over ${schedules} schedules of crashes, stolen leases, lost and late requests, vanished uploads and all other faults`, {
    timeout: 900_000,
  }, async () => {
    const step = vi.spyOn(machine, "stepDelivery");
    const seen = new Set<string>();
    const totals = await runSchedules({
      ...{ firstSeed: 1, schedules, failuresMax: 1, run: runSchedule },
      onSchedule() {
        for (const [state, fact] of step.mock.calls) seen.add(`${state.doing.kind} ${fact.kind}`);
        step.mockClear();
      },
    });
    step.mockRestore();
    expect(messages(totals.failures)).toEqual([]);
    expect([...totals.met.keys()]).toEqual(expect.arrayContaining(situations));
    expect(cells.filter((cell) => !seen.has(cell))).toEqual([]);
  });

  it("seals in time while the destination works, though the source is away (D5)", {
    timeout: 300_000,
  }, async () => {
    const calm = { firstSeed: 1, schedules: calmSchedules, failuresMax: 1 };
    const totals = await runSchedules({
      ...calm,
      run: (seed) => runSchedule(seed, { isCalm: true }),
    });
    expect(messages(totals.failures)).toEqual([]);
    expect([...totals.met.keys()]).toContain("tunnel away");
  });

  it("decides a position that moved without a record once a minute, and nothing more", async () => {
    const quiet = { firstSeed: 1, schedules: 10, failuresMax: 1 };
    const totals = await runSchedules({
      ...quiet,
      run: (seed) => runSchedule(seed, { isCalm: true, lastsMs: 75_000 }),
    });
    expect(messages(totals.failures)).toEqual([]);
    const idle = totals.met.get("batchDecided: idle") ?? 0;
    expect(idle).toBeGreaterThan(0);
    expect(idle).toBeLessThan(10 * 8);
  });

  it("never brings back what its heir published and somebody deleted, when a zombie staged it too", async () => {
    const directed = { firstSeed: 1, schedules: directedSchedules, failuresMax: 1 };
    const totals = await runSchedules({
      ...directed,
      run: (seed) => runSchedule(seed, { directed: stagedAgainByTwo }),
    });
    expect(messages(totals.failures)).toEqual([]);
    const deleted = totals.met.get("directed: deleted before the zombie woke") ?? 0;
    expect(deleted).toBeGreaterThanOrEqual(directedSchedules);
  });

  it("is the same schedule for the same seed", async () => {
    const [one, other] = [await runSchedule(7, traced), await runSchedule(7, traced)];
    expect(one.trace).toEqual(other.trace);
    expect(one.trace.length).toBeGreaterThan(100);
  });
});

const traced = { isTraced: true };
