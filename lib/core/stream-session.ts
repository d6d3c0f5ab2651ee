/**
 * A stream session: packs of rows that become visible one flush after the other, many clients at once.
 *
 *        flush(id, pack)      take(version)
 *        ┌──────────────┐   ┌──────────┐
 *        │    normal ◀──┘ ◀─┘          │
 *        └──┬────────┬─────────────────┘
 *       end │        │ 24 h, or an hour without a flush
 *           ▼        ▼
 *         ended   expired
 *
 * T1  A flush is answered only when its rows are decided, in the bucket for everybody who lists it, and
 *     durable.
 * T2  A flush id is decided once in its session: whoever asks again, anywhere and at any time, is told
 *     what was recorded the first time, and another pack under the same id is refused.
 * T3  A pack is decided whole or not at all, and what is wrong with one keeps no other back.
 * T4  Every decided pack was read with the dataset's schema version of that moment.
 * T5  No stream decides into a partition while an overwrite of it is open or unfinished, and no
 *     overwrite of a partition begins while a stream is on it.
 * T6  Nothing of a session is decided after it ended; what was decided before is recorded.
 *
 * The status is derived from facts; only the end is stored. A session that flushes puts its expiry off.
 */
export type StreamSessionStatus = "normal" | "ended" | "expired";

export type StreamSessionFacts = {
  readonly expiresAtMs: number;
  readonly isEnded: boolean;
};

export const streamLifetimeMs = 24 * 60 * 60 * 1_000;
/** A session that nobody uses gives its slots back after this long. */
export const streamIdleMs = 60 * 60 * 1_000;

export function streamSessionStatus(facts: StreamSessionFacts, nowMs: number): StreamSessionStatus {
  if (facts.isEnded) return "ended";
  return nowMs >= facts.expiresAtMs ? "expired" : "normal";
}

/** What a session's windows wait for, whichever comes first. */
export type FlushSettings = {
  /** Of packs as they came. */
  readonly bytes: number;
  readonly milliseconds: number;
};

export const flushBounds = {
  bytesMin: 1,
  bytesDefault: 64 * 1024 * 1024,
  bytesMax: 64 * 1024 * 1024,
  millisecondsMin: 0,
  millisecondsDefault: 1_000,
  millisecondsMax: 60_000,
} as const;

/** The body of one flush, at most. */
export const packBytesMax = 16 * 1024 * 1024;

/** The id that a client gives a flush. */
const flushIdPattern = /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$/;

export function isFlushId(text: string): boolean {
  return flushIdPattern.test(text);
}
