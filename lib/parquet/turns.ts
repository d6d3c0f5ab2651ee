/** Work between two turns of the event loop, in bytes handled: a millisecond or two of it. */
const bytesPerTurn = 512 * 1024;
/** What closing a page costs beside its bytes, with its share of the chunk's metadata. */
const pageBytes = 16 * 1024;

/** Lets others have the event loop now and then, in the middle of work that is long in sum. */
export class Turns {
  #spent = 0;

  /** Notes work done since the last call; gives the loop a turn when it has added up. */
  async spend(bytes: number, pages = 0): Promise<void> {
    this.#spent += bytes + pages * pageBytes;
    if (this.#spent < bytesPerTurn) return;
    this.#spent = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
