import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "./error-codes";
import { describeError } from "./error-codes";
import { chooseError } from "./standing-error";
import { type ChannelFacts, deriveTaskStatus, fullPercent, type TaskFacts } from "./task-status";

const instant = fc.integer({ min: 0, max: 1_000_000_000 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 2 });
const channel: fc.Arbitrary<ChannelFacts> = fc.record({
  kind: fc.constantFrom("base" as const, "stream" as const),
  finished: fc.boolean(),
  held: fc.boolean(),
  rows: fc.nat({ max: 1_000 }),
  deliveredThroughMs: maybe(instant),
});
const code = fc.constantFrom<ErrorCode>(
  ...(["source.tunnel_expired", "destination.key_taken", "destination.unavailable"] as const),
  ...(["internal.unexpected", "source.unavailable"] as const),
);
const error = fc.record({
  ...{ code, details: fc.constant({}), sinceMs: instant, attempt: fc.nat({ max: 9 }) },
  nextTryAtMs: maybe(instant),
});
const facts: fc.Arbitrary<TaskFacts> = fc.record({
  desiredState: fc.constantFrom("running" as const, "paused" as const, "deleted" as const),
  mode: fc.constantFrom("full" as const, "incremental" as const, "differential" as const),
  stage: fc.constantFrom("initialising" as const, "base" as const, "stream" as const),
  createdAtMs: instant,
  initialisedAtMs: maybe(instant),
  completedAtMs: maybe(instant),
  channels: fc.array(channel, { maxLength: 4 }),
  errors: fc.array(error, { maxLength: 3 }),
  lastDeliveredAtMs: maybe(instant),
  flushSeconds: fc.integer({ min: 5, max: 900 }),
  lateAfterSeconds: fc.integer({ min: 1, max: 10_000 }),
  baseRowsExpected: maybe(fc.nat({ max: 2_000 })),
  streamExpirationHours: maybe(fc.integer({ min: 1, max: 168 })),
  isWorkerAlive: fc.boolean(),
  nowMs: fc.integer({ min: 0, max: 2_000_000_000 }),
});
const checkAll = (check: (given: TaskFacts) => void) =>
  fc.assert(fc.property(facts, check), { numRuns: 1_000 });
const faultsOf = ({ errors }: TaskFacts) => errors.map((one) => describeError(one.code, {}).fault);
const healthy = {
  ...{ desiredState: "running" as const, completedAtMs: null, errors: [], isWorkerAlive: true },
  streamExpirationHours: null,
};

describe("what people see of a task", () => {
  it("is what they asked for before anything else: a deleted task is being deleted", () => {
    checkAll((given) => {
      const isDeleted = given.desiredState === "deleted";
      expect(deriveTaskStatus(given).kind === "deleting").toBe(isDeleted);
    });
  });

  it("is completed exactly when everything was delivered, and then without an error", () => {
    checkAll((given) => {
      const { kind, error: shown } = deriveTaskStatus(given);
      const isCompleted = given.desiredState !== "deleted" && given.completedAtMs !== null;
      expect(kind === "completed").toBe(isCompleted);
      if (isCompleted) expect(shown).toBe(null);
    });
  });

  it("is never good while somebody has to act", () => {
    checkAll((given) => {
      if (given.desiredState !== "running" || given.completedAtMs !== null) return;
      if (!faultsOf(given).includes("user")) return;
      const { kind, tone, error: shown } = deriveTaskStatus(given);
      expect(["action_required", "expired"]).toContain(kind);
      expect(tone).toBe("bad");
      expect(shown).not.toBe(null);
    });
  });

  it("says that a stream is lost whatever else stands", () => {
    checkAll((given) => {
      const isLost = given.errors.some((one) => one.code === "source.tunnel_expired");
      const isOver = given.desiredState === "deleted" || given.completedAtMs !== null;
      expect(deriveTaskStatus(given).kind === "expired").toBe(isLost && !isOver);
    });
  });

  it("has a sentence, and names an error that stands unless the task is completed", () => {
    checkAll((given) => {
      const status = deriveTaskStatus(given);
      expect(status.detail).toMatch(/^[A-Z0-9].*[.]$/s);
      expect(status.detail).not.toMatch(/NaN|undefined|null|Infinity|-\d/);
      const isNamed = given.errors.length > 0 && status.kind !== "completed";
      expect(status.error !== null).toBe(isNamed);
    });
  });

  it("is never late within the flush time that somebody chose, and late as soon as no worker runs", () => {
    checkAll((given) => {
      const nowMs = Math.max(given.nowMs, given.createdAtMs, given.initialisedAtMs ?? 0);
      const calm = { ...given, ...healthy, stage: "stream" as const, initialisedAtMs: 0, nowMs };
      const through = nowMs - calm.flushSeconds * 1_000;
      const channels = calm.channels.map((one) => ({ ...one, deliveredThroughMs: through }));
      expect(deriveTaskStatus({ ...calm, channels }).kind).toBe("incremental");
      expect(deriveTaskStatus({ ...calm, isWorkerAlive: false }).kind).toBe("late");
    });
  });

  it("says that changes are about to be lost whether it runs or is paused", () => {
    const open = { kind: "stream" as const, finished: false, held: false, rows: 0 };
    checkAll((given) => {
      const channels = [{ ...open, deliveredThroughMs: 0 }];
      const hours = given.streamExpirationHours ?? 1;
      const stream = { mode: "incremental" as const, stage: "stream" as const, channels };
      const nowMs = hours * 3_600_000 * 0.75 + 1 + (given.nowMs % 1_000);
      const calm = { ...given, ...healthy, ...stream, initialisedAtMs: 0, nowMs };
      for (const desiredState of ["running", "paused"] as const) {
        const status = deriveTaskStatus({ ...calm, desiredState, streamExpirationHours: hours });
        expect(status.kind).toBe("expiring");
      }
    });
  });

  it("does not become less late by time alone", () => {
    checkAll((given) => {
      const calm = { ...given, ...healthy, stage: "stream" as const, initialisedAtMs: 0 };
      if (deriveTaskStatus(calm).kind !== "late") return;
      expect(deriveTaskStatus({ ...calm, nowMs: calm.nowMs + 60_000 }).kind).toBe("late");
    });
  });

  it("counts a full phase in whole percents that only reach 100 when it is done, and never goes back", () => {
    checkAll((given) => {
      const percent = fullPercent(given);
      const base = given.channels.filter(({ kind }) => kind === "base");
      expect(percent === null).toBe(base.length === 0);
      if (percent === null) return;
      expect(Number.isInteger(percent) && percent >= 0 && percent <= 100).toBe(true);
      expect(percent === 100).toBe(base.every(({ finished }) => finished));
      const more = given.channels.map((one) => ({ ...one, rows: one.rows + 10 }));
      expect(fullPercent({ ...given, channels: more }) ?? 0).toBeGreaterThanOrEqual(percent);
    });
  });
});

describe("the one error that is shown", () => {
  it("is the same whatever order they come in, and one of them", () => {
    const many = fc.uniqueArray(error, { maxLength: 4, selector: ({ sinceMs }) => sinceMs });
    fc.assert(
      fc.property(many, (errors) => {
        const chosen = chooseError(errors);
        expect(chooseError([...errors].reverse())).toBe(chosen);
        if (errors.length > 0) expect(errors).toContain(chosen);
      }),
    );
  });

  it("is what somebody can mend before what mends itself, and of equals the one that stands longest", () => {
    const order = ["user", "internal", "transient"];
    const rank = (one: { code: ErrorCode }) =>
      one.code === "source.tunnel_expired" ? -1 : order.indexOf(describeError(one.code, {}).fault);
    fc.assert(
      fc.property(fc.array(error, { minLength: 1, maxLength: 4 }), (errors) => {
        const chosen = chooseError(errors);
        if (!chosen) throw new Error("One of them is shown");
        for (const one of errors) {
          expect(rank(chosen)).toBeLessThanOrEqual(rank(one));
          if (rank(one) === rank(chosen)) expect(chosen.sinceMs).toBeLessThanOrEqual(one.sinceMs);
        }
      }),
    );
  });
});
