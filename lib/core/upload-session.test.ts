import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RateWindow, takeFromWindow } from "./rate-window";
import {
  answerAbort,
  answerCommit,
  sessionLifetimeMs,
  type UploadSessionFacts,
  type UploadSessionStatus,
  uploadSessionStatus,
} from "./upload-session";

const fresh: UploadSessionFacts = {
  expiresAtMs: sessionLifetimeMs,
  isAborted: false,
  commit: null,
};

describe("U1–U4: an upload session", () => {
  const blockId = fc.nat(3);
  const step = fc.oneof(
    blockId.map((id) => ({ do: "write" as const, id })),
    fc.array(blockId, { maxLength: 4 }).map((list) => ({ do: "commit" as const, list })),
    fc.constant({ do: "commit present" as const }),
    fc.constant({ do: "abort" as const }),
    fc.constant({ do: "finish" as const }),
    fc.constant({ do: "lose" as const }),
    fc.nat(sessionLifetimeMs).map((ms) => ({ do: "wait" as const, ms })),
  );

  it("decides at most once, exactly what was there, and takes nothing afterwards", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let facts = fresh;
        let nowMs = 0;
        const present = new Map<number, number>();
        let decided: Map<number, number> | null = null;
        const seen: UploadSessionStatus[] = [];
        const commit = (list: readonly number[]) => {
          const answer = answerCommit(facts, nowMs, list, [...present.keys()]);
          if (answer.kind !== "decide") return answer;
          expect(decided).toBeNull();
          expect(facts.isAborted).toBe(false);
          decided = new Map(present);
          expect(new Set(answer.blockIds)).toEqual(new Set(present.keys()));
          const blockIds = answer.blockIds;
          facts = { ...facts, commit: { blockIds, isFinished: false, isLost: false } };
          return answer;
        };
        for (const [index, one] of steps.entries()) {
          const before = uploadSessionStatus(facts, nowMs);
          if (one.do === "wait") nowMs += one.ms;
          if (one.do === "write" && before === "normal") present.set(one.id, index);
          if (one.do === "commit") commit(one.list);
          if (one.do === "commit present") {
            const again = commit([...present.keys()]);
            if (decided) expect(["decide", "decided_already"]).toContain(again.kind);
          }
          if (one.do === "abort") {
            const answer = answerAbort(facts, nowMs);
            expect(answer.kind === "refused").toBe(facts.commit !== null);
            if (answer.kind === "abort") facts = { ...facts, isAborted: true };
          }
          const { commit: made } = facts;
          if (made && !made.isFinished) {
            if (one.do === "finish") facts = { ...facts, commit: { ...made, isFinished: true } };
            if (one.do === "lose") facts = { ...facts, commit: { ...made, isLost: true } };
          }
          if (decided) expect(present).toEqual(decided);
          seen.push(uploadSessionStatus(facts, nowMs));
        }
        // An end is an end; only what is decided goes on, to its end.
        const next: Record<UploadSessionStatus, UploadSessionStatus[]> = {
          normal: ["normal", "committing", "aborted", "expired"],
          committing: ["committing", "committed", "critical"],
          critical: ["critical", "committed"],
          committed: ["committed"],
          aborted: ["aborted"],
          expired: ["expired", "aborted"],
        };
        for (const [index, status] of seen.entries()) {
          if (index > 0) expect(next[seen[index - 1] ?? "normal"]).toContain(status);
        }
      }),
    );
  });

  it("says which blocks a list lacks and which it leaves out", () => {
    expect(answerCommit(fresh, 0, [2, 0, 2], [0, 1])).toEqual({
      kind: "list_differs",
      difference: { missing: [2], surplus: [1] },
    });
    expect(answerCommit(fresh, 0, [1, 0, 1], [0, 1])).toEqual({ kind: "decide", blockIds: [0, 1] });
    expect(answerCommit(fresh, 0, [], [])).toEqual({ kind: "decide", blockIds: [] });
  });

  it("takes nothing from its 24th hour on, and finishes what was decided before", () => {
    expect(uploadSessionStatus(fresh, sessionLifetimeMs - 1)).toBe("normal");
    expect(answerCommit(fresh, sessionLifetimeMs, [], [])).toEqual({
      kind: "refused",
      status: "expired",
    });
    const commit = { blockIds: [1], isFinished: false, isLost: false };
    expect(uploadSessionStatus({ ...fresh, commit }, sessionLifetimeMs)).toBe("committing");
    expect(answerCommit({ ...fresh, commit }, sessionLifetimeMs, [1], [])).toEqual({
      kind: "decided_already",
    });
    expect(answerCommit({ ...fresh, commit }, 0, [2], [])).toMatchObject({ kind: "refused" });
  });
});

describe("a rate window", () => {
  it("never lets more through in any stretch of its length, and says when there is room again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (gaps, countMax) => {
          const limit = { countMax, windowMs: 100 };
          let window: RateWindow = [];
          let nowMs = 0;
          const taken: number[] = [];
          for (const gap of gaps) {
            nowMs += gap;
            const answer = takeFromWindow(window, limit, nowMs);
            window = answer.window;
            if (answer.kind === "taken") taken.push(nowMs);
            else {
              expect(takeFromWindow(window, limit, nowMs + answer.waitMs - 1).kind).toBe("full");
              expect(takeFromWindow(window, limit, nowMs + answer.waitMs).kind).toBe("taken");
            }
          }
          for (const at of taken) {
            const within = taken.filter((other) => other > at - 100 && other <= at);
            expect(within.length).toBeLessThanOrEqual(countMax);
          }
        },
      ),
    );
  });
});
