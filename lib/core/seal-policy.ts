import type { SealReason } from "./ports/ledger";

export type SealLimits = {
  /** Estimated bytes of the batch's objects. */
  readonly bytesMax: number;
  /** Wall-clock age of the batch's first record: the flush time. */
  readonly ageMaxMs: number;
  /** Rows of one batch; unbounded when absent. */
  readonly rowsMax?: number;
  /** Partitions of one batch; unbounded when absent. Each is an open writer and becomes an object. */
  readonly partitionsMax?: number;
};

/** An open batch as the policy sees it, right after a read (a read may bring nothing). */
export type SealFacts = {
  readonly records: number;
  readonly rows: number;
  readonly bytes: number;
  readonly partitions: number;
  /** When the first record was read, ms of a clock that never steps; null while there is none. */
  readonly openedAtMs: number | null;
  /** The position is not where the batch began. */
  readonly moved: boolean;
  /** The channel ends here. */
  readonly finished: boolean;
  /** When this channel's position was last decided, ms of the same clock. */
  readonly decidedAtMs: number;
  readonly nowMs: number;
};

/**
 * A position that moved with no record is decided at most once a minute: often enough that an idle
 * tunnel does not expire, seldom enough that a thousand idle channels do not busy the database.
 */
export const idleDecideAfterMs = 60_000;

/**
 * Whether a batch is to be sealed now, and why. The first that holds wins:
 *
 * | reason   | when                                                                        |
 * |----------|-----------------------------------------------------------------------------|
 * | finished | the channel ended; its end must be decided even when it brought no record   |
 * | size     | rows, bytes or partitions reached their limit                               |
 * | age      | the first record waited for the flush time, whether or not more came        |
 * | idle     | no record, but the position moved and was last decided a minute ago         |
 *
 * `schema` and `released` are not limits: the delivery machine seals for them by itself. A clock that
 * was set back makes ages negative; that delays a seal and never loses one.
 */
export function sealReasonOf(facts: SealFacts, limits: SealLimits): SealReason | null {
  if (facts.finished) return "finished";
  if (facts.records === 0) {
    return facts.moved && facts.nowMs - facts.decidedAtMs >= idleDecideAfterMs ? "idle" : null;
  }
  if (facts.bytes >= limits.bytesMax) return "size";
  if (limits.rowsMax !== undefined && facts.rows >= limits.rowsMax) return "size";
  if (limits.partitionsMax !== undefined && facts.partitions >= limits.partitionsMax) return "size";
  const isOld = facts.openedAtMs !== null && facts.nowMs - facts.openedAtMs >= limits.ageMaxMs;
  return isOld ? "age" : null;
}
