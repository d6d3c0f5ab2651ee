/**
 * An upload session: blocks that are staged one by one and become visible together.
 *
 *              write(block)                 commit(list)            the worker
 *        ┌──────────────┐
 *        │   normal  ◀──┘ ──────────▶ committing ──────────────▶ committed
 *        └──┬───────┬──────             (decided)  ╲
 *     abort │       │ 24 h                          ╲ an upload vanished
 *           ▼       ▼                                ▼
 *        aborted  expired                         critical
 *
 * U1  Nothing of a session is visible before its commit is decided; afterwards all of it becomes so.
 * U2  A commit decides exactly the blocks of its list, each as it was written last and whole.
 * U3  After a commit or an abort no block changes; a block that completes later is given up.
 * U4  A session is committed once: the same list again is the same commit, another list is refused.
 * U5  An overwrite takes away what was decided in its partition before it, and nothing decided later,
 *     and only once its own objects are visible.
 * U6  A session is called committed only when all that it committed is visible, and what that replaces
 *     is gone.
 * U7  An overwrite of which the store lost anything takes nothing away.
 *
 * The status is derived from facts; only "aborted" and the commit are stored, and never both.
 */
export type UploadSessionStatus =
  | "normal"
  | "committing"
  | "committed"
  | "critical"
  | "aborted"
  | "expired";

export type UploadSessionFacts = {
  readonly expiresAtMs: number;
  readonly isAborted: boolean;
  readonly commit: {
    /** As they were decided, ascending. */
    readonly blockIds: readonly number[];
    readonly isFinished: boolean;
    /** The store lost what was decided, and only the client has the rows. */
    readonly isLost: boolean;
  } | null;
};

export const sessionLifetimeMs = 24 * 60 * 60 * 1_000;
/** Blocks are numbered from 0. */
export const blocksMax = 20_000;

export function uploadSessionStatus(facts: UploadSessionFacts, nowMs: number): UploadSessionStatus {
  if (facts.isAborted) return "aborted";
  if (facts.commit) {
    if (facts.commit.isLost) return "critical";
    return facts.commit.isFinished ? "committed" : "committing";
  }
  // A commit that was decided in time is finished, however long that takes.
  return nowMs >= facts.expiresAtMs ? "expired" : "normal";
}

export type BlockListDifference = {
  /** Asked for and not there. */
  readonly missing: readonly number[];
  /** There and not asked for. */
  readonly surplus: readonly number[];
};

export type CommitAnswer =
  | { readonly kind: "decide"; readonly blockIds: readonly number[] }
  | CommitRefusal;

export type CommitRefusal =
  /** Decided before with the same list: the answer to it may have been lost. */
  | { readonly kind: "decided_already" }
  | { readonly kind: "refused"; readonly status: UploadSessionStatus }
  | { readonly kind: "list_differs"; readonly difference: BlockListDifference };

/** What to do about a commit with this list, when these blocks are there. */
export function answerCommit(
  facts: UploadSessionFacts,
  nowMs: number,
  given: readonly number[],
  present: readonly number[],
): CommitAnswer {
  const wanted = [...new Set(given)].sort((one, other) => one - other);
  const status = uploadSessionStatus(facts, nowMs);
  if (facts.commit) {
    return isSameList(wanted, facts.commit.blockIds)
      ? { kind: "decided_already" }
      : { kind: "refused", status };
  }
  if (status !== "normal") return { kind: "refused", status };
  const difference = compareBlockLists(wanted, present);
  return difference.missing.length + difference.surplus.length > 0
    ? { kind: "list_differs", difference }
    : { kind: "decide", blockIds: wanted };
}

function isSameList(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}

function compareBlockLists(
  wanted: readonly number[],
  present: readonly number[],
): BlockListDifference {
  const there = new Set(present);
  const asked = new Set(wanted);
  return {
    missing: wanted.filter((id) => !there.has(id)),
    surplus: present.filter((id) => !asked.has(id)),
  };
}

export type AbortAnswer =
  | { readonly kind: "abort" }
  /** Nothing of it will ever be visible already. */
  | { readonly kind: "ended_already" }
  | { readonly kind: "refused"; readonly status: UploadSessionStatus };

export function answerAbort(facts: UploadSessionFacts, nowMs: number): AbortAnswer {
  const status = uploadSessionStatus(facts, nowMs);
  switch (status) {
    case "normal":
    case "expired":
      return { kind: "abort" };
    case "aborted":
      return { kind: "ended_already" };
    case "committing":
    case "committed":
    case "critical":
      return { kind: "refused", status };
  }
}
