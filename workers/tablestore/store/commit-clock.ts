import type { Clock } from "@/lib/platform/clock";

const encodedLength = 18;

/**
 * Numbers and times of commits. Times never go back, also not over a restart or when the wall clock
 * is set back: an update must not lose against the version it replaces.
 */
export class CommitClock {
  readonly #clock: Clock;
  #sequence: number;
  #lastMs: number;
  #lastId: number;
  #lastAutoIncrement: bigint;

  constructor(clock: Clock, stored: Buffer | undefined) {
    this.#clock = clock;
    this.#sequence = stored?.readUIntBE(0, 6) ?? 0;
    this.#lastMs = stored?.readDoubleBE(6) ?? 0;
    this.#lastId = stored?.readUInt32BE(14) ?? 0;
    // Numbers given within the last stored millisecond are not known any more: start after it.
    this.#lastAutoIncrement = BigInt(this.#lastMs + 1) * 1000n;
  }

  nowMs(): number {
    this.#lastMs = Math.max(this.#lastMs, this.#clock.now());
    return this.#lastMs;
  }

  /** The number of a commit job: later jobs have greater ones. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** An id for a table, a channel or a cut: never given twice. Only for use inside a commit job. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /**
   * A number that no earlier call gave. It follows the clock in microseconds, so that it need not be
   * stored: a restart takes longer than a microsecond per number given.
   */
  readonly nextAutoIncrement = (): bigint => {
    const fromClock = BigInt(this.nowMs()) * 1000n;
    const next = this.#lastAutoIncrement + 1n;
    this.#lastAutoIncrement = next > fromClock ? next : fromClock;
    return this.#lastAutoIncrement;
  };

  encode(): Buffer {
    const stored = Buffer.allocUnsafe(encodedLength);
    stored.writeUIntBE(this.#sequence, 0, 6);
    stored.writeDoubleBE(this.#lastMs, 6);
    stored.writeUInt32BE(this.#lastId, 14);
    return stored;
  }
}
