import { describe, expect, it } from "vitest";
import { FailedSchedule, runSchedule } from "./testing/simulation/schedule";
import type { Mutant } from "./testing/simulation/world";

/** SIMULATION_SEED replays one schedule; SIMULATION_SCHEDULES runs as many, as a nightly run does. */
const replayed = process.env.SIMULATION_SEED;
const schedules = Number(process.env.SIMULATION_SCHEDULES ?? 300);
const seeds = replayed
  ? [Number(replayed)]
  : Array.from({ length: schedules }, (_, index) => index + 1);
const mutantSchedulesMax = 200;
const calmSchedules = 60;

/** What the schedules have to bring about before their silence means anything. */
const situations = [
  ...["decide: decided", "decide: decided before", "decide: fenced", "schemaGrown"],
  ...["complete: completed", "complete: completed (dead)", "complete: upload_gone"],
  ...["uploadsRestaged", "channelStopped", "commandFailed: destination.unavailable"],
  ...["commandFailed: internal.database_unavailable", "commandFailed: source.unavailable"],
];

describe("delivery under random schedules", () => {
  it(`keeps D1–D4, D6 and D7 over ${seeds.length} schedules of crashes, stolen leases, lost answers, late requests and vanished uploads`, {
    timeout: 600_000,
  }, async () => {
    const met = new Set<string>();
    for (const seed of seeds) for (const what of (await runSchedule(seed)).met) met.add(what);
    if (!replayed) expect([...met]).toEqual(expect.arrayContaining(situations));
  });

  it("seals in time while the destination works, though the source is away (D5)", async () => {
    for (let seed = 1; seed <= calmSchedules; seed += 1) await runSchedule(seed, { isCalm: true });
  });

  it("is the same schedule for the same seed", async () => {
    const [one, other] = [await runSchedule(7), await runSchedule(7)];
    expect(one.trace).toEqual(other.trace);
    expect(one.trace.length).toBeGreaterThan(100);
  });

  it.each([
    { mutant: "no epoch check", breaks: "D6" },
    { mutant: "no fence", breaks: "D" },
    { mutant: "ack at decide", breaks: "D3" },
    { mutant: "no re-read fallback", breaks: "D3" },
  ] as const)("finds what breaks with $mutant ($breaks)", async ({ mutant, breaks }) => {
    const failure = await firstFailure(mutant);
    expect(failure?.cause).toMatchObject({ message: expect.stringMatching(`^${breaks}`) });
    expect(failure?.message).toContain(`SIMULATION_SEED=${failure?.seed} `);
  });
});

async function firstFailure(mutant: Mutant): Promise<FailedSchedule | null> {
  for (let seed = 1; seed <= mutantSchedulesMax; seed += 1) {
    try {
      await runSchedule(seed, { mutant });
    } catch (thrown) {
      if (thrown instanceof FailedSchedule) return thrown;
      throw thrown;
    }
  }
  return null;
}
