import type { Clock } from "@/lib/platform/clock";

const encodedLength = 26;

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
    this.#lastAutoIncrement = stored?.readBigInt64BE(18) ?? 0n;
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
   * A positive number greater than all it gave before. It follows the clock in microseconds, as the
   * real service's numbers do, and is stored with the commit that it is used in.
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
    stored.writeBigInt64BE(this.#lastAutoIncrement, 18);
    return stored;
  }
}
