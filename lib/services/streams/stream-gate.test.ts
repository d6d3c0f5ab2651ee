import { describe, expect, it } from "vitest";
import { AppError } from "@/lib/core/error";
import { slotLimits } from "@/lib/core/stream-slots";
import { createManualClock } from "@/lib/platform/testing/manual-clock";
import { CommitWatch } from "./commit-watch";
import { StreamGate } from "./stream-gate";

const flushOf = (changes: object = {}) => ({
  session: { id: "s", slots: 2 },
  partition: "p",
  bytes: 100,
  ...changes,
});
const codeOf = (thrown: unknown) => (thrown instanceof AppError ? thrown.code : thrown);

describe("the gate", () => {
  it("lets in as many as there are slots, the next ones in their order, and refuses who waited in vain", async () => {
    const clock = createManualClock();
    const gate = new StreamGate(clock);
    const [first, second] = [await gate.enter(flushOf()), await gate.enter(flushOf())];
    const order: string[] = [];
    const waiting = ["third", "fourth", "fifth"].map((name) =>
      gate.enter(flushOf()).then(
        () => order.push(name),
        (thrown) => order.push(`${name}: ${codeOf(thrown)}`),
      ),
    );
    expect(gate.receiving).toBe(2);
    second.received(10);
    first.received(10);
    first.received(10);
    await Promise.all(waiting.slice(0, 2));
    expect([order, gate.receiving]).toEqual([["third", "fourth"], 2]);
    await clock.move(1_000);
    await Promise.all(waiting);
    expect(order.at(-1)).toBe("fifth: session.slots_exceeded");
  });

  it("bounds a partition whatever sessions it comes through", async () => {
    const clock = createManualClock();
    const gate = new StreamGate(clock);
    const enter = (session: number, partition = "p") =>
      gate.enter(flushOf({ session: { id: `s${session}`, slots: 500 }, partition }));
    for (let session = 0; session < slotLimits.perPartition; session += 1) await enter(session);
    const more = enter(99).catch(codeOf);
    await enter(99, "other");
    await clock.move(1_000);
    expect(await more).toBe("session.slots_exceeded");
  });

  it("holds no more bytes than it may, until packs are decided", async () => {
    const clock = createManualClock();
    const gate = new StreamGate(clock);
    const huge = { bytes: 200 * 1024 * 1024 };
    const one = await gate.enter(flushOf({ ...huge, session: { id: "one", slots: 500 } }));
    one.received(150 * 1024 * 1024);
    const other = gate.enter(flushOf({ ...huge, session: { id: "other", slots: 500 } }));
    await clock.move(10);
    expect(gate.receiving).toBe(0);
    one.released();
    await other;
    expect(gate.receiving).toBe(1);
  });

  it("refuses what comes faster than its slots may send, and says when to come again", async () => {
    const clock = createManualClock();
    const gate = new StreamGate(clock);
    const flush = flushOf({ session: { id: "s", slots: 1 } });
    for (let count = 0; count < slotLimits.requestsPerSecond; count += 1) {
      (await gate.enter(flush)).received(0);
    }
    const refused = await gate.enter(flush).catch((thrown: AppError) => thrown);
    expect(refused).toMatchObject({
      ...{ code: "session.flow_exceeded", details: { retryAfterSeconds: 1 } },
    });
    await clock.move(1_000);
    (await gate.enter(flush)).received(4 * slotLimits.bytesPerSecond);
    const heavy = await gate.enter(flush).catch((thrown: AppError) => thrown);
    expect(heavy).toMatchObject({ details: { retryAfterSeconds: 3 } });
    await clock.move(3_000);
    await gate.enter(flush);
  });
});

describe("the watch", () => {
  it("T1: tells of a commit once it is visible or lost, and that nothing is known when time is up", async () => {
    const clock = createManualClock();
    const known = new Map<string, Date | null>();
    let isAway = false;
    const watch = new CommitWatch(async (ids) => {
      if (isAway) throw new Error("The database is away");
      return ids.flatMap((commitId) => {
        const publishedAt = known.get(commitId);
        return publishedAt === undefined ? [] : [{ commitId, publishedAt, isLost: !publishedAt }];
      });
    }, clock);
    const [seen, again, lost, late] = ["a", "a", "b", "c"].map((id) => watch.wait(id, 5_000));
    isAway = true;
    await clock.move(25);
    isAway = false;
    known.set("a", new Date(7)).set("b", null);
    await clock.move(500);
    expect(await Promise.all([seen, again, lost])).toEqual([
      { kind: "visible", at: new Date(7) },
      { kind: "visible", at: new Date(7) },
      { kind: "lost" },
    ]);
    await clock.move(5_000);
    expect(await late).toEqual({ kind: "pending" });
  });
});
