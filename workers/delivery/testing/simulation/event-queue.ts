/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

type Event = { readonly atMs: number; readonly order: number; readonly run: () => unknown };

/** The time and everything that happens in a simulated world, one event after the other. */
export class EventQueue {
  nowMs = 0;
  events = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  schedule(delayMs: number, run: () => unknown): void {
    this.#order += 1;
    this.#heap.push({ atMs: this.nowMs + delayMs, order: this.#order, run });
    this.#up(this.#heap.length - 1);
  }

  /**
   * Runs event after event until none is left or `after`, asked after each of them, says that it is
   * over. Between two events runs all that the code under test does because of the first: a tick
   * queued by a microtask comes after every other microtask, and costs a tenth of a turn of the loop.
   */
  run(after: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const next = () => {
        try {
          if (this.events > 0 && after()) return resolve();
          const event = this.#pop();
          if (!event) return resolve();
          this.events += 1;
          this.nowMs = event.atMs;
          event.run();
        } catch (thrown) {
          return reject(thrown);
        }
        queueMicrotask(() => process.nextTick(next));
      };
      process.nextTick(next);
    });
  }

  #pop(): Event | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first && last && last !== first) {
      this.#heap[0] = last;
      this.#down();
    }
    return first;
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(): void {
    let at = 0;
    for (;;) {
      const left = at * 2 + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const least = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one] as Event;
    const b = this.#heap[other] as Event;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const kept = this.#heap[one] as Event;
    this.#heap[one] = this.#heap[other] as Event;
    this.#heap[other] = kept;
  }
}
