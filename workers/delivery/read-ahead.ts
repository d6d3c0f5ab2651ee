import type { AdmitPage, RecordPage } from "@/lib/core/ports/table-source";
import type { Clock } from "@/lib/platform/clock";
import type { OpenBudget, PageHold } from "./open-budget";

/** How long a read may wait for memory before its channel looks after its open batch. */
const memoryWaitMs = 250;
/** The largest page that a source usually sends. */
const pageBytesUsual = 4 * 1024 * 1024;

export type ReadAheadOptions = {
  readonly read: (checkpoint: string, admit: AdmitPage) => Promise<RecordPage>;
  readonly budget: OpenBudget;
  readonly clock: Clock;
};

export type PageRead = {
  readonly page: RecordPage;
  /** From the question to the answer, ms. */
  readonly tookMs: number;
};

/** How long a reader waits for a page. */
export type Patience = {
  /** On the clock that never steps, ms; null: as long as it takes. */
  readonly untilMs: number | null;
  /** Aborts when something else is wanted of the reader. */
  readonly wake: AbortSignal;
};

/**
 * Reads a channel page by page, one page ahead of its reader, so that the source works while we decode.
 * A page has a place in the budget from the moment its bytes come until `release` or `drop`; one that
 * is read ahead is only asked for while there is room.
 */
export class ReadAhead {
  readonly #o: ReadAheadOptions;
  #ahead: Reading | null = null;
  #inHand: Reading | null = null;
  #deadline: Deadline | null = null;
  /** Ends the wait for a page that is under way. */
  #giveUp = () => {};

  constructor(options: ReadAheadOptions) {
    this.#o = options;
  }

  /**
   * Fails as the read does; asked again, it reads again. Null: there is no page yet, or no place in memory
   * for it; asked again, it goes on waiting for the same one.
   */
  async next(checkpoint: string, patience: Patience): Promise<PageRead | null> {
    if (this.#ahead?.checkpoint !== checkpoint) this.#ahead?.drop();
    const reading =
      this.#ahead?.checkpoint === checkpoint ? this.#ahead : new Reading(this.#o, checkpoint);
    this.#ahead = reading;
    const read = await this.#await(reading, patience).catch((thrown) => {
      if (this.#ahead === reading) this.#ahead = null;
      throw thrown;
    });
    if (read === null) return null;
    this.release();
    this.#inHand = reading;
    const { page } = read;
    const goesOn = page.mayHaveMore && !page.finished;
    const hasRoom = this.#o.budget.hasRoomAhead(pageBytesUsual);
    this.#ahead = goesOn && hasRoom ? new Reading(this.#o, page.next) : null;
    return read;
  }

  /** No promise that outlives the read is raced: it would keep the read's outcome, and so its page. */
  async #await(reading: Reading, { untilMs, wake }: Patience): Promise<PageRead | null> {
    this.#setDeadline(untilMs);
    const givenUp = new Promise<null>((resolve) => {
      this.#giveUp = () => resolve(null);
    });
    const giveUp = this.#giveUp;
    wake.addEventListener("abort", giveUp);
    if (wake.aborted) giveUp();
    try {
      return await Promise.race([reading.page, reading.waitTooLong(), givenUp]);
    } finally {
      wake.removeEventListener("abort", giveUp);
      this.#giveUp = () => {};
    }
  }

  /** One timer for all reads of a batch: thousands of them may come before it is due. */
  #setDeadline(untilMs: number | null): void {
    if ((this.#deadline?.atMs ?? null) === untilMs) return;
    this.#deadline?.end();
    this.#deadline =
      untilMs === null ? null : new Deadline(this.#o.clock, untilMs, () => this.#giveUp());
  }

  /** The page that was given last is done with. */
  release(): void {
    this.#inHand?.drop();
    this.#inHand = null;
  }

  /** Nothing of it is wanted any more: not the page given last, and not the one that is read ahead. */
  drop(): void {
    this.release();
    this.dropAhead();
    this.#setDeadline(null);
  }

  dropAhead(): void {
    this.#ahead?.drop();
    this.#ahead = null;
  }
}

/** Calls back at an instant of the clock that never steps, unless it is ended before. */
class Deadline {
  readonly atMs: number;
  readonly #ended = new AbortController();

  constructor(clock: Clock, atMs: number, onOver: () => void) {
    this.atMs = atMs;
    const { signal } = this.#ended;
    void clock.sleep(Math.max(0, atMs - clock.monotonic()), signal).then(() => {
      if (!signal.aborted) onOver();
    });
  }

  end(): void {
    this.#ended.abort();
  }
}

/** One page on its way, and its place in memory. */
class Reading {
  readonly checkpoint: string;
  readonly page: Promise<PageRead>;
  readonly #clock: Clock;
  readonly #waits: Promise<void>;
  #hold: PageHold | null = null;
  #isDropped = false;

  constructor({ read, budget, clock }: ReadAheadOptions, checkpoint: string) {
    this.checkpoint = checkpoint;
    this.#clock = clock;
    let onWait = () => {};
    this.#waits = new Promise((resolve) => {
      onWait = resolve;
    });
    const admit = async (bytes: number) => {
      // A second call is a second try of the same read.
      this.#hold?.release();
      this.#hold = await budget.admitPage(bytes, onWait);
      if (this.#isDropped) this.#hold.release();
    };
    const beganAtMs = clock.monotonic();
    this.page = read(checkpoint, admit).then((page) => ({
      page,
      tookMs: clock.monotonic() - beganAtMs,
    }));
    // Its failure is met when the page is asked for; until then nobody listens to it.
    this.page.catch(() => this.drop());
  }

  /** Null some time after it had to wait for memory; never where it has not. */
  async waitTooLong(): Promise<null> {
    await this.#waits;
    await this.#clock.sleep(memoryWaitMs);
    return null;
  }

  drop(): void {
    this.#isDropped = true;
    this.#hold?.release();
  }
}
