import { describe, expect, it } from "vitest";
import type { ErrorCode } from "./error-codes";
import { chooseError } from "./standing-error";
import {
  type ChannelFacts,
  deriveTaskStatus,
  fullPercent,
  type StandingError,
  type TaskFacts,
  type TaskStatusKind,
} from "./task-status";
import { describeDuration } from "./task-status-text";

const now = 1_700_000_000_000;
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const stream: ChannelFacts = {
  kind: "stream",
  finished: false,
  held: true,
  rows: 10,
  deliveredThroughMs: now - minute,
};
const base: ChannelFacts = { ...stream, kind: "base", deliveredThroughMs: null };

const incremental: TaskFacts = {
  desiredState: "running",
  mode: "differential",
  stage: "stream",
  createdAtMs: now - 2 * hour,
  initialisedAtMs: now - 2 * hour + second,
  completedAtMs: null,
  channels: [{ ...base, finished: true }, stream],
  errors: [],
  lastDeliveredAtMs: now - minute,
  flushSeconds: 120,
  lateAfterSeconds: 600,
  baseRowsExpected: null,
  streamExpirationHours: 24,
  isWorkerAlive: true,
  nowMs: now,
};

function error(code: ErrorCode, rest: Partial<StandingError> = {}): StandingError {
  return {
    code,
    details: {},
    sinceMs: now - minute,
    attempt: 3,
    nextTryAtMs: now + 5 * second,
    ...rest,
  };
}

const full: Partial<TaskFacts> = {
  stage: "base",
  channels: [{ ...base, finished: true }, base],
};
const initialising: Partial<TaskFacts> = {
  stage: "initialising",
  initialisedAtMs: null,
  createdAtMs: now - 10 * second,
  channels: [],
  lastDeliveredAtMs: null,
};
const late: Partial<TaskFacts> = {
  lastDeliveredAtMs: now - 11 * minute,
  channels: [{ ...stream, deliveredThroughMs: now - 11 * minute }],
};
const expiring: Partial<TaskFacts> = {
  channels: [{ ...stream, deliveredThroughMs: now - 20 * hour }],
};
const userError = error("destination.access_denied");
const transientError = error("destination.unavailable");

function statusOf(...changes: Partial<TaskFacts>[]) {
  return deriveTaskStatus(Object.assign({}, incremental, ...changes));
}

describe("deriveTaskStatus", () => {
  it.each<[TaskStatusKind, string, string, Partial<TaskFacts>]>([
    ["incremental", "Incremental", "good", {}],
    ["full", "Full 50 %", "busy", full],
    ["initialising", "Initialising", "busy", initialising],
    ["completed", "Completed", "good", { mode: "full", completedAtMs: now }],
    [
      "paused",
      "Paused",
      "neutral",
      { desiredState: "paused", channels: [{ ...stream, held: false }] },
    ],
    ["pausing", "Pausing", "busy", { desiredState: "paused" }],
    ["late", "Late", "warn", late],
    ["retrying", "Retrying", "warn", { errors: [transientError] }],
    ["retrying", "Retrying", "bad", { errors: [error("internal.unexpected", { sinceMs: now })] }],
    ["action_required", "Action required", "bad", { errors: [userError] }],
    ["expiring", "Expiring", "bad", expiring],
    ["expired", "Expired", "bad", { errors: [error("source.tunnel_expired")] }],
    ["deleting", "Deleting", "busy", { desiredState: "deleted" }],
  ])("shows %s as %s, %s", (kind, label, tone, facts) => {
    expect(statusOf(facts)).toMatchObject({ kind, label, tone });
  });

  // Each line holds for itself; put together, the earlier one has to win over every later one.
  const precedence: [TaskStatusKind, Partial<TaskFacts>][] = [
    ["deleting", { desiredState: "deleted" }],
    ["completed", { completedAtMs: now }],
    ["expired", { errors: [transientError, userError, error("source.tunnel_expired")] }],
    ["action_required", { desiredState: "running", errors: [transientError, userError] }],
    ["expiring", { ...expiring, initialisedAtMs: now - 20 * hour }],
    ["paused", { desiredState: "paused", channels: [{ ...stream, held: false }] }],
    ["retrying", { errors: [transientError] }],
    ["initialising", { stage: "initialising" }],
    ["late", late],
    ["full", full],
    ["incremental", {}],
  ];
  const pairs = precedence.flatMap(([winner, winning], at) =>
    precedence
      .slice(at + 1)
      .map(([loser, losing]): [TaskStatusKind, TaskStatusKind, Partial<TaskFacts>] => [
        winner,
        loser,
        { ...losing, ...winning },
      ]),
  );

  it.each(precedence)("shows %s by itself", (kind, facts) => {
    expect(statusOf(facts).kind).toBe(kind);
  });

  it.each(pairs)("puts %s before %s", (winner, _loser, facts) => {
    expect(statusOf(facts).kind).toBe(winner);
  });

  it("puts a pause before a user error, and keeps the error beside it", () => {
    const status = statusOf({ desiredState: "paused", errors: [userError] });
    expect(status.kind).toBe("pausing");
    expect(status.error).toMatchObject({
      code: "destination.access_denied",
      documentedName: "UnAuthorized",
    });
  });

  it("warns that a paused task will lose changes", () => {
    const status = statusOf({ desiredState: "paused", ...expiring });
    expect(status.kind).toBe("expiring");
    expect(status.detail).toBe(
      "The task is paused. The source drops undelivered changes in 4 hours.",
    );
  });

  it("says so when a user error is about to cost changes", () => {
    expect(statusOf({ ...expiring, errors: [userError] }).detail).toBe(
      "Since 60 seconds. The source drops undelivered changes in 4 hours.",
    );
  });

  it("begins to warn when a quarter of the keeping time is left, and not before", () => {
    const at = (hours: number) =>
      statusOf({
        channels: [{ ...stream, deliveredThroughMs: now - hours * hour }],
        lateAfterSeconds: 86_400,
      }).kind;
    expect(at(18)).toBe("incremental");
    expect(at(18.01)).toBe("expiring");
    expect(at(30)).toBe("expiring");
  });

  it("counts the keeping time from the start while the full phase runs", () => {
    expect(statusOf(full, { initialisedAtMs: now - 20 * hour }).kind).toBe("expiring");
    expect(statusOf(full, { initialisedAtMs: now - 20 * hour, mode: "full" }).kind).not.toBe(
      "expiring",
    );
    expect(
      statusOf(full, { initialisedAtMs: now - 20 * hour, streamExpirationHours: null }).kind,
    ).toBe("full");
  });

  it("hides a transient failure until it has lasted half a minute", () => {
    const at = (ms: number) =>
      statusOf({ errors: [error("source.unavailable", { sinceMs: now - ms })] });
    expect(at(29_999).kind).toBe("incremental");
    expect(at(29_999).error?.code).toBe("source.unavailable");
    expect(at(30_000).kind).toBe("retrying");
    expect(at(30_000).detail).toBe("Attempt 3 failed; next try in 5 seconds.");
  });

  it("says that it tries again now when the time has come", () => {
    for (const nextTryAtMs of [null, now, now - 1]) {
      const { detail } = statusOf({ errors: [error("source.unavailable", { nextTryAtMs })] });
      expect(detail).toContain("trying again now");
    }
  });

  it("is late by the slowest open stream channel only", () => {
    const slow = { ...stream, deliveredThroughMs: now - 11 * minute };
    expect(statusOf({ channels: [stream, slow] }).kind).toBe("late");
    expect(statusOf({ channels: [stream, { ...slow, finished: true }] }).kind).toBe("incremental");
    expect(statusOf({ channels: [] }).kind).toBe("incremental");
  });

  it("counts a channel that delivered nothing yet from the task's start", () => {
    const fresh = { ...stream, deliveredThroughMs: null };
    expect(statusOf({ channels: [fresh], initialisedAtMs: now - 5 * minute }).kind).toBe(
      "incremental",
    );
    expect(statusOf({ channels: [fresh] }).kind).toBe("late");
  });

  it("is never late within the flush time that the person chose", () => {
    const facts = { channels: [{ ...stream, deliveredThroughMs: now - 11 * minute }] };
    expect(statusOf(facts, { flushSeconds: 900 }).kind).toBe("incremental");
  });

  it("is late in the full phase when nothing was delivered for too long", () => {
    expect(statusOf(full, { lastDeliveredAtMs: now - 11 * minute })).toMatchObject({
      kind: "late",
      detail: "Nothing was delivered for 11 minutes.",
    });
    expect(statusOf(full, { lastDeliveredAtMs: null, initialisedAtMs: now - minute }).kind).toBe(
      "full",
    );
  });

  it("says that no worker runs, in whichever state that matters", () => {
    const dead = { isWorkerAlive: false };
    expect(statusOf(dead)).toMatchObject({
      kind: "late",
      tone: "bad",
      detail: "No delivery worker is running.",
    });
    expect(statusOf(initialising, dead)).toMatchObject({ kind: "initialising", tone: "warn" });
    expect(statusOf(dead, { desiredState: "deleted" }).detail).toContain("none is running");
    expect(statusOf(dead, { desiredState: "paused" }).kind).toBe("paused");
  });

  it("wonders about an initialisation beyond the documented minute", () => {
    expect(statusOf(initialising, { createdAtMs: now - 61 * second })).toMatchObject({
      tone: "warn",
      detail: expect.stringContaining("61 seconds"),
    });
  });

  it("shows rows and channels of the full phase, exactly", () => {
    expect(
      statusOf(full, { channels: [{ ...base, rows: 1_234_567, finished: true }, base] }).detail,
    ).toBe("1,234,577 rows so far, 1 of 2 channels done.");
    expect(statusOf(full, { channels: [] }).label).toBe("Full");
  });

  it("shows no error on a completed task", () => {
    expect(statusOf({ completedAtMs: now, errors: [userError] }).error).toBeNull();
  });
});

describe("fullPercent", () => {
  const of = (channels: ChannelFacts[], baseRowsExpected: number | null = null) =>
    fullPercent({ channels, baseRowsExpected });

  it("goes by rows when the table's are known, and never says 100 before the end", () => {
    expect(of([{ ...base, rows: 629 }], 1_000)).toBe(62);
    expect(of([{ ...base, rows: 5_000 }], 1_000)).toBe(99);
    expect(of([{ ...base, rows: 1, finished: true }], 1_000)).toBe(100);
  });

  it("goes by finished channels otherwise, streams left out", () => {
    const done = { ...base, finished: true };
    expect(of([done, base, base, stream])).toBe(33);
    expect(of([done, done])).toBe(100);
    expect(of([stream])).toBeNull();
  });
});

describe("chooseError", () => {
  it("prefers what somebody has to mend, then internal errors, then what mends itself", () => {
    const internal = error("internal.unexpected");
    expect(chooseError([transientError, internal, userError])).toBe(userError);
    expect(chooseError([transientError, internal])).toBe(internal);
    expect(chooseError([])).toBeNull();
  });

  it("takes the oldest of equals and leaves the list as it was", () => {
    const older = error("source.unavailable", { sinceMs: now - hour });
    const errors = [transientError, older];
    expect(chooseError(errors)).toBe(older);
    expect(errors[0]).toBe(transientError);
  });
});

describe("describeDuration", () => {
  it.each([
    [-5, "0 seconds"],
    [1_000, "1 second"],
    [119_999, "119 seconds"],
    [120_000, "2 minutes"],
    [7_199_999, "119 minutes"],
    [47 * hour, "47 hours"],
    [48 * hour, "2 days"],
  ])("says %d ms as %s", (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});
