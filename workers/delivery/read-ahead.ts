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

/**
 * Reads a channel page by page, one page ahead of its reader, so that the source works while we decode.
 * A page has a place in the budget from the moment its bytes come until `release` or `drop`; one that
 * is read ahead is only asked for while there is room.
 */
export class ReadAhead {
  readonly #o: ReadAheadOptions;
  #ahead: Reading | null = null;
  #inHand: Reading | null = null;

  constructor(options: ReadAheadOptions) {
    this.#o = options;
  }

  /**
   * Fails as the read does; asked again, it reads again. Null: the page has no place in memory yet; asked
   * again, it goes on waiting for the same one.
   */
  async next(checkpoint: string): Promise<RecordPage | null> {
    if (this.#ahead?.checkpoint !== checkpoint) this.#ahead?.drop();
    const reading =
      this.#ahead?.checkpoint === checkpoint ? this.#ahead : new Reading(this.#o, checkpoint);
    this.#ahead = reading;
    const page = await Promise.race([reading.page, reading.waitTooLong()]).catch((thrown) => {
      if (this.#ahead === reading) this.#ahead = null;
      throw thrown;
    });
    if (page === null) return null;
    this.release();
    this.#inHand = reading;
    const goesOn = page.mayHaveMore && !page.finished;
    const hasRoom = this.#o.budget.hasRoomAhead(pageBytesUsual);
    this.#ahead = goesOn && hasRoom ? new Reading(this.#o, page.next) : null;
    return page;
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
  }

  dropAhead(): void {
    this.#ahead?.drop();
    this.#ahead = null;
  }
}

/** One page on its way, and its place in memory. */
class Reading {
  readonly checkpoint: string;
  readonly page: Promise<RecordPage>;
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
    this.page = read(checkpoint, admit);
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
