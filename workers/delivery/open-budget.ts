import {
  batchBytesMax,
  fitsPage,
  type MemoryFacts,
  planWriterLimits,
} from "@/lib/core/memory-budget";
import type { WriterLimits } from "@/lib/parquet/parquet-writer";

/** A page's place in memory. Safe to release twice. */
export type PageHold = { release(): void };

type Waiting = { readonly bytes: number; readonly admit: (hold: PageHold) => void };

const rowGroupRowsMax = 1024 * 1024;

/**
 * Who holds how much of a worker's memory, over all its channels: open rows, finished bytes on their
 * way, and pages of records. What follows from it is decided in lib/core/memory-budget.ts.
 */
export class OpenBudget {
  readonly #budgetBytes: number;
  readonly #held = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #heldBytes = 0;
  #pageBytes = 0;
  #partitions = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /** What a channel's rows hold now, from the first one until their batch is decided; 0 when nothing. */
  hold(channelKey: string, bytes: number): void {
    this.#heldBytes += bytes - (this.#held.get(channelKey) ?? 0);
    if (bytes === 0) this.#held.delete(channelKey);
    else this.#held.set(channelKey, bytes);
    this.#admitWaiting();
  }

  /** Resolves when there is room for a page, in the order of asking; `onWait` is called when there is none yet. */
  admitPage(bytes: number, onWait: () => void = () => {}): Promise<PageHold> {
    if (this.#waiting.length === 0 && fitsPage(this.#facts(bytes))) {
      return Promise.resolve(this.#holdPage(bytes));
    }
    onWait();
    return new Promise((admit) => this.#waiting.push({ bytes, admit }));
  }

  /** A page that could be read as well later must not take the place of one that is asked for. */
  hasRoomAhead(bytes: number): boolean {
    return this.#waiting.length === 0 && fitsPage(this.#facts(2 * bytes));
  }

  /** The most that any one batch may hold at the moment. */
  batchBytesMax(): number {
    return batchBytesMax(this.#facts(this.#waiting[0]?.bytes ?? 0));
  }

  /** Held now, by rows and by pages. */
  get heldBytes(): number {
    return this.#heldBytes + this.#pageBytes;
  }

  get isShort(): boolean {
    return this.batchBytesMax() !== Number.POSITIVE_INFINITY;
  }

  /** Partitions opened (or closed, when negative) anywhere in the worker. */
  countPartitions(change: number): void {
    this.#partitions += change;
  }

  /** How large things of a partition may grow; follows the number of open partitions from then on. */
  limitsOf(columns: number): WriterLimits {
    const plan = () =>
      planWriterLimits({
        budgetBytes: this.#budgetBytes,
        partitions: this.#partitions,
        columns,
      });
    let planned = plan();
    let plannedFor = this.#partitions;
    const current = () => {
      if (plannedFor !== this.#partitions) {
        planned = plan();
        plannedFor = this.#partitions;
      }
      return planned;
    };
    return {
      rowGroupRowsMax,
      get pageBytesMax() {
        return current().pageBytesMax;
      },
      get rowGroupBytesMax() {
        return current().rowGroupBytesMax;
      },
    };
  }

  #facts(wantedBytes: number): MemoryFacts {
    return {
      budgetBytes: this.#budgetBytes,
      heldBytes: this.heldBytes,
      holders: this.#held.size,
      wantedBytes,
    };
  }

  #holdPage(bytes: number): PageHold {
    this.#pageBytes += bytes;
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#pageBytes -= bytes;
        this.#admitWaiting();
      },
    };
  }

  #admitWaiting(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (!fitsPage(this.#facts(next.bytes))) return;
      this.#waiting.shift();
      next.admit(this.#holdPage(next.bytes));
    }
  }
}
