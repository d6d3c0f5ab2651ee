import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zeroCounts } from "./account";
import { startDelivery, stepDelivery } from "./delivery";
import type { Command, DeliveryLimits, Fact, Step, UnackedBatch } from "./delivery-state";
import type { Fault } from "./error-kind";

const limits: DeliveryLimits = {
  bytesMax: 1_000,
  ageMaxMs: 5_000,
  heldBytesMax: 600,
};

/** What the world does to a command, by numbers that each command reads in its own way. */
type Answer = {
  readonly fails: boolean;
  readonly fault: Fault;
  readonly records: number;
  readonly bytes: number;
  readonly passedMs: number;
  readonly flag: boolean;
  readonly stop: "release" | "delete" | "fenced" | null;
};

const seldom = (of: number) => fc.nat({ max: of }).map((dice) => dice === 0);
const answer: fc.Arbitrary<Answer> = fc.record({
  fails: seldom(5),
  fault: fc.constantFrom<Fault>("user", "transient", "internal"),
  records: fc.nat({ max: 4 }),
  bytes: fc.nat({ max: 700 }),
  passedMs: fc.oneof(fc.nat({ max: 400 }), fc.nat({ max: 20_000 })),
  flag: fc.boolean(),
  stop: fc.oneof(
    { weight: 60, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom("release" as const, "delete" as const) },
    { weight: 1, arbitrary: fc.constant("fenced" as const) },
  ),
});
const claim = fc.record({
  batchNumber: fc.nat({ max: 9 }),
  unacked: fc.array(fc.boolean(), { maxLength: 2 }),
});
const life = fc.tuple(claim, fc.array(answer, { minLength: 1, maxLength: 120, size: "max" }));

type Moment = { readonly before: Step; readonly fact: Fact; readonly after: Step; nowMs: number };
type Life = { readonly first: Step; readonly moments: Moment[]; readonly claimed: UnackedBatch[] };

/** One owner's time with a channel, from its claim to its stop or the end of the answers. */
function live([{ batchNumber, unacked }, answers]: [
  { batchNumber: number; unacked: boolean[] },
  Answer[],
]): Life {
  const claimed = unacked.map((published, index) => ({
    number: batchNumber + index + 1,
    endCheckpoint: `u${index}`,
    finished: false,
    published,
  }));
  const first = startDelivery({
    checkpoint: "0",
    finished: false,
    batchNumber: batchNumber + unacked.length,
    unacked: claimed,
    nowMs: 0,
  });
  const moments: Moment[] = [];
  let before = first;
  let nowMs = 0;
  for (const one of answers) {
    if (before.command.kind === "stop") break;
    nowMs += one.passedMs;
    const fact = factOf(before.command, one, nowMs, before);
    const after = stepDelivery(before.state, fact, limits);
    moments.push({ before, fact, after, nowMs });
    before = after;
  }
  return { first, moments, claimed };
}

function factOf(command: Command, one: Answer, nowMs: number, { state }: Step): Fact {
  if (one.stop === "fenced") return { kind: "fenced" };
  if (one.stop) return { kind: "stopRequested", how: one.stop };
  const canFail = command.kind !== "wait" && command.kind !== "append";
  if (one.fails && canFail) {
    const when = { fault: one.fault, nowMs, jitter: 0.5 };
    const isStaging = command.kind === "stage" || command.kind === "stageAhead";
    if (isStaging && one.flag) return { kind: "openLost", ...when };
    return { kind: "failed", code: "destination.unavailable", ...when };
  }
  switch (command.kind) {
    case "read": {
      const next = String(Number(command.checkpoint.replace("u", "")) + one.records);
      const isEmpty = one.records === 0;
      return {
        kind: "pageRead",
        nowMs,
        tookMs: one.bytes % 3 === 0 ? 0 : one.passedMs,
        page: {
          ...{ records: one.records, next, finished: isEmpty && one.bytes < 20 },
          ...{ mayHaveMore: one.flag, hasUnseenColumns: !isEmpty && one.bytes % 7 === 0 },
        },
      };
    }
    case "append": {
      const { doing, open } = state;
      const records = doing.kind === "appending" ? doing.page.records : 0;
      const counts = { ...zeroCounts(), records, rows: records };
      const bytes = open.bytes + one.bytes;
      const memory = { heldBytes: open.heldBytes + one.bytes, wholeParts: one.flag ? 1 : 0 };
      return { kind: "appended", counts, bytes, ...memory, partitions: 1, nowMs };
    }
    case "stageAhead":
      return { kind: "stagedAhead", heldBytes: one.bytes, nowMs };
    case "growSchema":
      return { kind: "grown" };
    case "stage":
      return { kind: "staged" };
    case "decide":
      return { kind: "decided", nowMs };
    case "publish":
      return one.bytes % 5 === 0
        ? { kind: "uploadsGone", objectIds: ["o"] }
        : { kind: "published" };
    case "restage":
      return { kind: "restaged" };
    case "ack":
      return { kind: "acked" };
    case "wait":
      return { kind: "elapsed", nowMs: Math.max(nowMs, command.untilMs) };
    case "stop":
      throw new Error("Nothing follows a stop");
  }
}

/** The commands of a life in the order in which they were carried out, with what came of them. */
const done = ({ moments }: Life, kind: Fact["kind"]) =>
  moments.filter(({ fact }) => fact.kind === kind);

function checkLives(check: (life: Life) => void): void {
  fc.assert(
    fc.property(life, (one) => check(live(one))),
    { numRuns: 500 },
  );
}

describe("the delivery of a channel, whatever happens", () => {
  it("D3: acks a batch only after it was published, by this owner or an earlier one", () => {
    checkLives(({ claimed, moments }) => {
      const published = new Set(claimed.filter((one) => one.published).map(({ number }) => number));
      for (const { before, fact } of moments) {
        const { command } = before;
        if (command.kind === "ack") expect(published).toContain(command.batch.number);
        if (command.kind === "publish" && fact.kind === "published")
          published.add(command.batch.number);
      }
    });
  });

  it("D3: acks in order, each batch once", () => {
    checkLives((one) => {
      const acked = done(one, "acked").map(({ before }) =>
        before.command.kind === "ack" ? before.command.batch.number : -1,
      );
      acked.forEach((number, index) => {
        expect(number).toBe((acked[0] ?? 0) + index);
      });
    });
  });

  it("D4: numbers batches from the claim on without a hole, each where the last one ended", () => {
    checkLives((one) => {
      let number = one.first.state.batchNumber;
      let checkpoint = one.first.state.open.startCheckpoint;
      for (const { before } of done(one, "decided")) {
        const { command } = before;
        if (command.kind !== "decide") throw new Error("Only a decide is decided");
        expect(command.number).toBe(number + 1);
        expect(command.open.startCheckpoint).toBe(checkpoint);
        number = command.number;
        checkpoint = command.open.endCheckpoint;
      }
    });
  });

  it("D2: decides exactly what was appended since the last decide", () => {
    checkLives(({ moments }) => {
      let appended = 0;
      for (const { before, fact } of moments) {
        if (fact.kind === "appended") appended += fact.counts.records;
        // What was lost is read again, and appended again.
        if (fact.kind === "openLost") appended = 0;
        if (fact.kind !== "decided" || before.command.kind !== "decide") continue;
        expect(before.command.open.counts.records).toBe(appended);
        appended = 0;
      }
    });
  });

  it("D5: never goes on with an open batch that is due, after a page, a failed read or a wait for one", () => {
    checkLives(({ moments }) => {
      for (const { before, fact, after, nowMs } of moments) {
        const { doing, open } = before.state;
        const mayWait = (kind: string) => kind === "reading" || kind === "stagingAhead";
        const reads = mayWait(doing.kind) || doing.kind === "appending";
        const waits = doing.kind === "waiting" && mayWait(doing.resume.kind);
        const isStopping = before.state.stopping !== null || fact.kind === "stopRequested";
        const isGone = fact.kind === "fenced" || fact.kind === "openLost";
        if (!(reads || waits) || isGone || isStopping) continue;
        const atMs = fact.kind === "elapsed" ? fact.nowMs : nowMs;
        const isDue = open.openedAtMs !== null && atMs - open.openedAtMs >= limits.ageMaxMs;
        const isAppending = after.command.kind === "append";
        if (isDue && !isAppending) expect(after.command.kind).toBe("stage");
      }
    });
  });

  it("D6: does nothing any more once it was fenced", () => {
    checkLives((one) => {
      for (const { after } of done(one, "fenced"))
        expect(after.command).toEqual({ kind: "stop", why: "fenced" });
    });
  });

  it("reads and decides nothing while a decided batch is not acked", () => {
    checkLives(({ moments }) => {
      for (const { before } of moments) {
        const isBusy = before.state.unacked.length > 0;
        if (isBusy)
          expect(["read", "append", "stageAhead", "stage", "decide"]).not.toContain(
            before.command.kind,
          );
      }
    });
  });

  it("reads again from the open batch's start when its rows are lost, and nothing that is decided", () => {
    checkLives((one) => {
      for (const { before, after } of done(one, "openLost")) {
        const { startCheckpoint } = before.state.open;
        const empty = { startCheckpoint, endCheckpoint: startCheckpoint, counts: zeroCounts() };
        expect(after.state.open).toMatchObject({ ...empty, heldBytes: 0, openedAtMs: null });
        expect(after.state.heldPage).toBeNull();
        expect(after.state.batchNumber).toBe(before.state.batchNumber);
        const { doing } = after.state;
        if (doing.kind === "waiting") expect(doing.resume.kind).toBe("reading");
      }
    });
  });

  it("tries what failed again, and loses nothing by it", () => {
    checkLives((one) => {
      for (const { before, after } of done(one, "failed")) {
        const { doing } = after.state;
        if (doing.kind !== "waiting") continue;
        expect(doing.resume).toEqual(before.state.doing);
        expect(after.state.open).toEqual(before.state.open);
        expect(after.state.unacked).toEqual(before.state.unacked);
      }
    });
  });

  it("comes that far in these lives: every fact is met, most of them often", () => {
    const met = new Map<string, number>();
    for (const one of fc.sample(life, { numRuns: 500, seed: 1 }))
      for (const { fact } of live(one).moments) met.set(fact.kind, (met.get(fact.kind) ?? 0) + 1);
    for (const kind of [
      "decided",
      "published",
      "acked",
      "uploadsGone",
      "failed",
      "elapsed",
      "grown",
      "stagedAhead",
      "openLost",
    ])
      expect(met.get(kind) ?? 0).toBeGreaterThan(100);
    for (const kind of ["fenced", "stopRequested"]) expect(met.get(kind) ?? 0).toBeGreaterThan(50);
  });

  it("gives up what is open only when its task is deleted, or a stop meets a failure", () => {
    checkLives(({ moments }) => {
      const last = moments.at(-1);
      if (last?.after.command.kind !== "stop" || last.after.command.why !== "released") return;
      const isOpen = last.after.state.open.counts.records > 0;
      const wasWaiting = last.before.state.doing.kind === "waiting";
      if (isOpen) expect(last.fact.kind === "failed" || wasWaiting).toBe(true);
    });
  });
});
