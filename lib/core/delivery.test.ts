import { describe, expect, it } from "vitest";
import { zeroCounts } from "./account";
import { startDelivery, stepDelivery } from "./delivery";
import type { Command, DeliveryLimits, Fact, PageFact, Step } from "./delivery-state";

const limits: DeliveryLimits = {
  bytesMax: 1_000,
  ageMaxMs: 5_000,
  heldBytesMax: 1_000,
};
const claim = { checkpoint: "t0", finished: false, batchNumber: 0, unacked: [], nowMs: 0 };

function page(over: Partial<PageFact> = {}): PageFact {
  return {
    records: 10,
    next: "t1",
    finished: false,
    mayHaveMore: true,
    hasUnseenColumns: false,
    ...over,
  };
}

function run(step: Step, ...facts: Fact[]): Step {
  return facts.reduce((at, fact) => stepDelivery(at.state, fact, limits), step);
}

const pageRead = (
  nowMs: number,
  over: Partial<PageFact> = {},
): Extract<Fact, { kind: "pageRead" }> => ({
  kind: "pageRead",
  page: page(over),
  nowMs,
  tookMs: 1,
});
const appended = (
  nowMs: number,
  bytes: number,
  { records = 10, heldBytes = 0, wholeParts = 0 } = {},
): Fact => ({
  kind: "appended",
  counts: { ...zeroCounts(), records, rows: records },
  ...{ bytes, heldBytes, wholeParts, partitions: 1, nowMs },
});
const failed = (fault: "user" | "transient" | "internal" = "transient"): Fact => ({
  kind: "failed",
  code: "destination.unavailable",
  fault,
  nowMs: 100,
  jitter: 0,
});
const decided: Fact = { kind: "decided", nowMs: 200 };

/** A batch of ten records, sealed by size and staged. */
const staged = run(startDelivery(claim), pageRead(1, {}), appended(1, 2_000), { kind: "staged" });

describe("the delivery of a channel", () => {
  it("reads from the claimed checkpoint", () => {
    expect(startDelivery(claim).command).toEqual({
      ...{ kind: "read", checkpoint: "t0", untilMs: null },
    });
  });

  it("stages, decides, publishes and acks in this order (D3)", () => {
    const order: Command["kind"][] = [];
    let step = run(startDelivery(claim), pageRead(1));
    for (const fact of [
      appended(1, 2_000),
      { kind: "staged" },
      decided,
      { kind: "published" },
      { kind: "acked" },
    ] as Fact[]) {
      step = run(step, fact);
      order.push(step.command.kind);
    }
    expect(order).toEqual(["stage", "decide", "publish", "ack", "read"]);
    expect(step.command).toEqual({ kind: "read", checkpoint: "t1", untilMs: null });
  });

  it("numbers batches without holes (D4)", () => {
    let step = startDelivery({ ...claim, batchNumber: 7 });
    for (const number of [8, 9, 10]) {
      step = run(step, pageRead(1), appended(1, 2_000), { kind: "staged" });
      expect(step.command).toMatchObject({ kind: "decide", number });
      step = run(step, decided, { kind: "published" }, { kind: "acked" });
    }
  });

  it("does not read while a decided batch is not acked", () => {
    const unacked = [
      { number: 1, endCheckpoint: "a", finished: false, published: true },
      { number: 2, endCheckpoint: "b", finished: false, published: false },
    ];
    let step = startDelivery({ ...claim, batchNumber: 2, checkpoint: "b", unacked });
    const order = [step.command.kind];
    for (const fact of [{ kind: "acked" }, { kind: "published" }, { kind: "acked" }] as Fact[]) {
      step = run(step, fact);
      order.push(step.command.kind);
    }
    expect(order).toEqual(["ack", "publish", "ack", "read"]);
  });

  it("seals by age although no new record comes (D5)", () => {
    const open = run(startDelivery(claim), pageRead(1_000), appended(1_000, 10));
    expect(open.command).toEqual({ kind: "read", checkpoint: "t1", untilMs: 6_000 });
    const after = run(open, pageRead(6_000, { records: 0, mayHaveMore: false }));
    expect(after.command).toMatchObject({ kind: "stage", sealedBy: "age" });
  });

  it("leaves an idle channel alone for longer and longer, until something comes", () => {
    const empty = { records: 0, next: "t0", mayHaveMore: false };
    const first = run(startDelivery(claim), pageRead(1_001, empty));
    expect(first.command).toMatchObject({ kind: "wait", untilMs: 1_010 });
    const second = run(first, { kind: "elapsed", nowMs: 1_010 }, pageRead(1_011, empty));
    expect(second.command).toMatchObject({ kind: "wait", untilMs: 1_060 });
    const brought = run(
      second,
      { kind: "elapsed", nowMs: 1_060 },
      pageRead(1_061),
      appended(1_061, 10),
    );
    expect(brought.command.kind).toBe("read");
    const anew = run(brought, pageRead(1_071, { ...empty, next: "t1" }));
    expect(anew.command).toMatchObject({ kind: "wait", untilMs: 1_080 });
  });

  it("reads an idle channel again at once where the source itself has waited", () => {
    const held: Fact = { ...pageRead(6_000, { records: 0, mayHaveMore: false }), tookMs: 5_000 };
    expect(run(startDelivery(claim), held).command.kind).toBe("read");
  });

  it("leaves an idle channel alone no longer than its open batch may wait (D5)", () => {
    const open = run(startDelivery(claim), pageRead(1_000), appended(1_000, 10));
    const idle = run(open, pageRead(5_999, { records: 0, mayHaveMore: false }));
    expect(idle.command).toMatchObject({ kind: "wait", untilMs: 6_000 });
    expect(run(idle, { kind: "elapsed", nowMs: 6_000 }).command).toMatchObject({
      ...{ kind: "stage", sealedBy: "age" },
    });
  });

  it("takes a read that was not answered for no progress", () => {
    const retried = run(startDelivery(claim), failed(), { kind: "elapsed", nowMs: 400 });
    const unanswered: Fact = { ...pageRead(500, { records: 0, next: "t0" }), tookMs: null };
    const again = run(retried, unanswered, failed());
    expect(again.command).toMatchObject({ kind: "wait", attempt: 2 });
  });

  it("seals by age while the source is away, and tries to read again only then (D5)", () => {
    const open = run(startDelivery(claim), pageRead(1_000), appended(1_000, 10));
    const away = (nowMs: number): Fact => ({
      kind: "failed",
      code: "source.unavailable",
      fault: "transient",
      nowMs,
      jitter: 0,
    });
    const early = run(open, away(1_000));
    expect(early.command).toMatchObject({ kind: "wait", untilMs: 1_250 });
    const again = run(early, { kind: "elapsed", nowMs: 1_250 });
    expect(again.command.kind).toBe("read");
    // The wait ends where the batch is due, however long the back-off has become.
    const late = run(again, away(5_900));
    expect(late.command).toMatchObject({ kind: "wait", untilMs: 6_000, attempt: 2 });
    expect(run(late, { kind: "elapsed", nowMs: 6_000 }).command).toMatchObject({
      kind: "stage",
      sealedBy: "age",
    });
    expect(run(again, away(6_001)).command).toMatchObject({ kind: "stage", sealedBy: "age" });
  });

  it("does not seal an empty batch because the source is away", () => {
    const waiting = run(startDelivery(claim), failed());
    expect(run(waiting, { kind: "elapsed", nowMs: 50_000 }).command.kind).toBe("read");
  });

  it("decides an idle position that moved at most once a minute", () => {
    const idle = (nowMs: number, next: string) => ({
      ...pageRead(nowMs, { records: 0, next, mayHaveMore: false }),
      tookMs: 5_000,
    });
    const early = run(startDelivery(claim), idle(59_000, "t1"));
    expect(early.command).toEqual({ kind: "read", checkpoint: "t1", untilMs: null });
    expect(run(early, idle(60_000, "t2")).command).toMatchObject({
      kind: "stage",
      sealedBy: "idle",
    });
    expect(run(early, idle(60_000, "t0")).command.kind).toBe("read");
  });

  it("decides the end of a channel even when its last page is empty, and stops after its ack", () => {
    const step = run(
      startDelivery(claim),
      pageRead(1, { records: 0, next: "finished", finished: true, mayHaveMore: false }),
    );
    expect(step.command).toMatchObject({ kind: "stage", sealedBy: "finished" });
    const end = run(step, { kind: "staged" }, decided, { kind: "published" }, { kind: "acked" });
    expect(end.command).toEqual({ kind: "stop", why: "finished" });
  });

  it("starts a schema version at a batch border and appends the page under it", () => {
    const open = run(startDelivery(claim), pageRead(1), appended(1, 10));
    const unseen = run(open, pageRead(2, { hasUnseenColumns: true, next: "t2" }));
    expect(unseen.command).toMatchObject({ kind: "stage", sealedBy: "schema" });
    const sealed = run(unseen, { kind: "staged" });
    expect(sealed.command).toMatchObject({ kind: "decide", open: { endCheckpoint: "t1" } });
    const next = run(sealed, decided, { kind: "published" }, { kind: "acked" });
    expect(next.command).toEqual({ kind: "growSchema" });
    expect(run(next, { kind: "grown" }, appended(3, 10)).state.open).toMatchObject({
      startCheckpoint: "t1",
      endCheckpoint: "t2",
    });
  });

  it("reads again what was decided when its upload vanished, then publishes it", () => {
    const publishing = run(staged, decided);
    const gone = run(publishing, { kind: "uploadsGone", objectIds: ["o1"] });
    expect(gone.command).toMatchObject({
      kind: "restage",
      objectIds: ["o1"],
      batch: { number: 1 },
    });
    expect(run(gone, { kind: "restaged" }).command.kind).toBe("publish");
  });

  it("tries the failed command again after a delay that grows, and holds its position", () => {
    const once = run(staged, failed("user"));
    expect(once.command).toEqual({ kind: "wait", untilMs: 1_100, attempt: 1 });
    const again = run(once, { kind: "elapsed", nowMs: 1_100 });
    expect(again.command).toEqual(staged.command);
    expect(run(again, failed("user")).command).toEqual({
      kind: "wait",
      untilMs: 2_100,
      attempt: 2,
    });
  });

  it("commands nothing but stop once it was fenced (D6)", () => {
    for (const step of [startDelivery(claim), staged, run(staged, decided)]) {
      const fenced = run(step, { kind: "fenced" });
      expect(fenced.command).toEqual({ kind: "stop", why: "fenced" });
      expect(run(fenced, failed()).command).toEqual({ kind: "stop", why: "fenced" });
    }
  });

  it("delivers what is open before it releases a channel", () => {
    const open = run(startDelivery(claim), pageRead(1), appended(1, 10));
    const stopping = run(open, { kind: "stopRequested", how: "release" });
    expect(stopping.command).toMatchObject({ kind: "stage", sealedBy: "released" });
    const end = run(
      stopping,
      { kind: "staged" },
      decided,
      { kind: "published" },
      { kind: "acked" },
    );
    expect(end.command).toEqual({ kind: "stop", why: "released" });
  });

  it("drops what is open when its task is deleted, but finishes what is decided", () => {
    const open = run(startDelivery(claim), pageRead(1), appended(1, 10));
    expect(run(open, { kind: "stopRequested", how: "delete" }).command).toEqual({
      kind: "stop",
      why: "deleted",
    });
    const publishing = run(staged, decided, { kind: "stopRequested", how: "delete" });
    expect(publishing.command.kind).toBe("publish");
    expect(run(publishing, { kind: "published" }, { kind: "acked" }).command).toEqual({
      kind: "stop",
      why: "deleted",
    });
  });

  it("refuses a fact that cannot come of the command that is out", () => {
    expect(() => run(startDelivery(claim), { kind: "staged" })).toThrow(/cannot be told staged/);
    expect(() => run(staged, { kind: "acked" })).toThrow(/cannot be told acked/);
  });

  it("refuses a page of which records are missing in the account (D2)", () => {
    expect(() => run(startDelivery(claim), pageRead(1), appended(1, 10, { records: 9 }))).toThrow(
      /accounted for/,
    );
  });
});

describe("the memory of a channel", () => {
  const open = run(startDelivery(claim), pageRead(1));
  const openLost: Fact = { kind: "openLost", fault: "transient", nowMs: 100, jitter: 0 };

  it("stages what makes whole parts ahead of the batch, and reads on", () => {
    const step = run(open, appended(1, 10, { heldBytes: 900, wholeParts: 1 }));
    expect(step.command).toEqual({ kind: "stageAhead" });
    const after = run(step, { kind: "stagedAhead", heldBytes: 100, nowMs: 2 });
    expect(after.command).toEqual({ kind: "read", checkpoint: "t1", untilMs: 5_001 });
    expect(after.state.open.counts.records).toBe(10);
  });

  it("seals the batch when staging ahead does not free enough", () => {
    const step = run(open, appended(1, 10, { heldBytes: 2_000, wholeParts: 1 }));
    expect(step.command.kind).toBe("stageAhead");
    const after = run(step, { kind: "stagedAhead", heldBytes: 1_500, nowMs: 2 });
    expect(after.command).toMatchObject({ kind: "stage", sealedBy: "size", number: 1 });
  });

  it("seals in time although staging ahead fails (D5)", () => {
    const ahead = run(open, appended(1, 10, { wholeParts: 1 }));
    const waiting = run(ahead, failed());
    expect(waiting.command.kind).toBe("wait");
    expect(run(waiting, { kind: "elapsed", nowMs: 200 }).command.kind).toBe("stageAhead");
    expect(run(waiting, { kind: "elapsed", nowMs: 6_000 }).command).toMatchObject({
      ...{ kind: "stage", sealedBy: "age" },
    });
  });

  it("reads a batch again from its start when its open rows are lost, under its own number (D4)", () => {
    const ahead = run(open, appended(1, 10, { wholeParts: 1 }));
    for (const lost of [run(ahead, openLost), run(open, appended(1, 2_000), openLost)]) {
      expect(lost.command.kind).toBe("wait");
      expect(lost.state.open).toMatchObject({ startCheckpoint: "t0", endCheckpoint: "t0" });
      expect(lost.state.open.counts).toEqual(zeroCounts());
      const again = run(lost, { kind: "elapsed", nowMs: 10_000 });
      expect(again.command).toEqual({ kind: "read", checkpoint: "t0", untilMs: null });
      const sealed = run(again, pageRead(3), appended(3, 2_000), { kind: "staged" });
      expect(sealed.command).toMatchObject({ kind: "decide", number: 1 });
    }
  });

  it("stops instead of reading again when somebody asked for it", () => {
    const staging = run(open, appended(1, 2_000), { kind: "stopRequested", how: "release" });
    expect(run(staging, openLost).command).toEqual({ kind: "stop", why: "released" });
  });

  it("looks after the open batch while a read waits for its place (D5)", () => {
    const waits: Fact = { ...pageRead(2, { records: 0, next: "t1" }), tookMs: null };
    const reading = run(open, appended(1, 10), waits);
    expect(reading.command).toEqual({ kind: "read", checkpoint: "t1", untilMs: 5_001 });
    const late = run(reading, pageRead(5_001, { records: 0, next: "t1" }));
    expect(late.command).toMatchObject({ kind: "stage", sealedBy: "age" });
  });
});
