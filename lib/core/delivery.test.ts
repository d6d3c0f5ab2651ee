import { describe, expect, it } from "vitest";
import { zeroCounts } from "./account";
import { startDelivery, stepDelivery } from "./delivery";
import type { Command, DeliveryLimits, Fact, PageFact, Step } from "./delivery-state";

const limits: DeliveryLimits = { bytesMax: 1_000, ageMaxMs: 5_000, idleReadMs: 0 };
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

const pageRead = (nowMs: number, over: Partial<PageFact> = {}): Fact => ({
  kind: "pageRead",
  page: page(over),
  nowMs,
});
const appended = (nowMs: number, bytes: number, records = 10): Fact => ({
  kind: "appended",
  counts: { ...zeroCounts(), records, rows: records },
  bytes,
  partitions: 1,
  nowMs,
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
    expect(startDelivery(claim).command).toEqual({ kind: "read", checkpoint: "t0" });
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
    expect(step.command).toEqual({ kind: "read", checkpoint: "t1" });
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
    const before = run(open, pageRead(5_999, { records: 0, mayHaveMore: false }));
    expect(before.command.kind).toBe("read");
    const after = run(before, pageRead(6_000, { records: 0, mayHaveMore: false }));
    expect(after.command).toEqual({ kind: "stage", sealedBy: "age" });
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
    expect(run(late, { kind: "elapsed", nowMs: 6_000 }).command).toEqual({
      kind: "stage",
      sealedBy: "age",
    });
    expect(run(again, away(6_001)).command).toEqual({ kind: "stage", sealedBy: "age" });
  });

  it("does not seal an empty batch because the source is away", () => {
    const waiting = run(startDelivery(claim), failed());
    expect(run(waiting, { kind: "elapsed", nowMs: 50_000 }).command.kind).toBe("read");
  });

  it("decides an idle position that moved at most once a minute", () => {
    const idle = (nowMs: number, next: string) =>
      pageRead(nowMs, { records: 0, next, mayHaveMore: false });
    const early = run(startDelivery(claim), idle(59_000, "t1"));
    expect(early.command).toEqual({ kind: "read", checkpoint: "t1" });
    expect(run(early, idle(60_000, "t2")).command).toEqual({ kind: "stage", sealedBy: "idle" });
    expect(run(early, idle(60_000, "t0")).command.kind).toBe("read");
  });

  it("decides the end of a channel even when its last page is empty, and stops after its ack", () => {
    const step = run(
      startDelivery(claim),
      pageRead(1, { records: 0, next: "finished", finished: true, mayHaveMore: false }),
    );
    expect(step.command).toEqual({ kind: "stage", sealedBy: "finished" });
    const end = run(step, { kind: "staged" }, decided, { kind: "published" }, { kind: "acked" });
    expect(end.command).toEqual({ kind: "stop", why: "finished" });
  });

  it("starts a schema version at a batch border and appends the page under it", () => {
    const open = run(startDelivery(claim), pageRead(1), appended(1, 10));
    const unseen = run(open, pageRead(2, { hasUnseenColumns: true, next: "t2" }));
    expect(unseen.command).toEqual({ kind: "stage", sealedBy: "schema" });
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
    expect(stopping.command).toEqual({ kind: "stage", sealedBy: "released" });
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
    expect(() => run(startDelivery(claim), pageRead(1), appended(1, 10, 9))).toThrow(
      /accounted for/,
    );
  });
});
