import { AppError } from "@/lib/core/error";
import { chargeBytes, enterPace, type SlotPace, slotLimits } from "@/lib/core/stream-slots";
import type { Clock } from "@/lib/platform/clock";

/** Packs that one console holds from their first byte until their window is decided. */
const heldBytesMax = 256 * 1024 * 1024;
/** Those who share a session come in bursts, when a window has answered all of them at once. */
const waitMaxMs = 1_000;
const retryBusyAfterSeconds = 1;
const pacesKeptMax = 1_000;

export type FlushOnItsWay = {
  readonly session: { readonly id: string; readonly slots: number };
  /** Of which dataset and folder. */
  readonly partition: string;
  /** That the pack may have. */
  readonly bytes: number;
};

/** A flush that was let in. Both may be called again. */
export type EnteredFlush = {
  /** Its pack has come, or will not: frees the slot. Counts what came. */
  readonly received: (bytes: number) => void;
  /** The pack is held no longer. */
  readonly released: () => void;
};

/**
 * What one console lets in: as many flushes at a time as the session has slots and as a partition takes,
 * at their slots' pace, and as many bytes as it may hold. Who finds no slot waits for a moment.
 */
export class StreamGate {
  readonly #clock: Pick<Clock, "monotonic" | "sleep">;
  readonly #inUse = new Map<string, number>();
  readonly #paces = new Map<string, SlotPace>();
  #heldBytes = 0;
  #receiving = 0;
  /** In the order in which they came. */
  readonly #waiting = new Set<() => boolean>();

  constructor(clock: Pick<Clock, "monotonic" | "sleep">) {
    this.#clock = clock;
  }

  /** Flushes that hold a slot now. */
  get receiving(): number {
    return this.#receiving;
  }

  /** Throws `session.flow_exceeded` or `session.slots_exceeded`; nothing of the body was read then. */
  async enter(flush: FlushOnItsWay): Promise<EnteredFlush> {
    this.#takePace(flush);
    if (!this.#take(flush) && !(await this.#waitFor(flush))) throw slotsExceeded(flush);
    let isReceiving = true;
    let heldBytes = flush.bytes;
    const release = (bytes: number) => {
      const freed = Math.max(0, heldBytes - bytes);
      heldBytes -= freed;
      this.#heldBytes -= freed;
    };
    return {
      received: (bytes) => {
        if (!isReceiving) return;
        isReceiving = false;
        this.#free(flush);
        this.#charge(flush, bytes);
        release(bytes);
        this.#letIn();
      },
      released: () => {
        release(0);
        this.#letIn();
      },
    };
  }

  #takePace({ session }: FlushOnItsWay): void {
    const nowMs = this.#clock.monotonic();
    const answer = enterPace(this.#paces.get(session.id) ?? null, session.slots, nowMs);
    if (answer.kind === "wait") {
      const perSecond =
        answer.what === "requests"
          ? `${slotLimits.requestsPerSecond * session.slots} flushes`
          : `${slotLimits.bytesPerSecond * session.slots} bytes`;
      const limit = `${perSecond} a second through ${session.slots} slots`;
      const details = { limit, retryAfterSeconds: Math.ceil(answer.waitMs / 1_000) };
      throw new AppError("session.flow_exceeded", limit, { details });
    }
    this.#paces.set(session.id, answer.pace);
    if (this.#paces.size > pacesKeptMax) this.#forgetPaces(nowMs);
  }

  /** Of sessions that may send at once anyway. */
  #forgetPaces(nowMs: number): void {
    for (const [id, { requestsUntilMs, bytesUntilMs }] of this.#paces) {
      if (Math.max(requestsUntilMs, bytesUntilMs) <= nowMs) this.#paces.delete(id);
    }
  }

  #charge({ session }: FlushOnItsWay, bytes: number): void {
    const pace = this.#paces.get(session.id);
    if (pace === undefined) return;
    const nowMs = this.#clock.monotonic();
    this.#paces.set(session.id, chargeBytes(pace, bytes, session.slots, nowMs));
  }

  #take(flush: FlushOnItsWay): boolean {
    const ofSession = this.#inUse.get(flush.session.id) ?? 0;
    const ofPartition = this.#inUse.get(flush.partition) ?? 0;
    const isFull =
      ofSession >= flush.session.slots ||
      ofPartition >= slotLimits.perPartition ||
      this.#heldBytes + flush.bytes > heldBytesMax;
    if (isFull) return false;
    this.#inUse.set(flush.session.id, ofSession + 1);
    this.#inUse.set(flush.partition, ofPartition + 1);
    this.#heldBytes += flush.bytes;
    this.#receiving += 1;
    return true;
  }

  #free(flush: FlushOnItsWay): void {
    this.#receiving -= 1;
    for (const key of [flush.session.id, flush.partition]) {
      const left = (this.#inUse.get(key) ?? 0) - 1;
      if (left > 0) this.#inUse.set(key, left);
      else this.#inUse.delete(key);
    }
  }

  async #waitFor(flush: FlushOnItsWay): Promise<boolean> {
    const entered = new AbortController();
    let isIn = false;
    const tryNow = () => {
      isIn = this.#take(flush);
      if (isIn) entered.abort();
      return isIn;
    };
    this.#waiting.add(tryNow);
    await this.#clock.sleep(waitMaxMs, entered.signal);
    this.#waiting.delete(tryNow);
    return isIn;
  }

  #letIn(): void {
    for (const tryNow of this.#waiting) if (tryNow()) this.#waiting.delete(tryNow);
  }
}

function slotsExceeded({ session }: FlushOnItsWay): AppError {
  return new AppError("session.slots_exceeded", "All slots are in use", {
    details: { slots: session.slots, retryAfterSeconds: retryBusyAfterSeconds },
  });
}
