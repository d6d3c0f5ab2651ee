import type { RecordPage } from "@/lib/core/ports/table-source";

/** Reads a channel page by page, one page ahead of its reader, so that the source works while we decode. */
export class ReadAhead {
  readonly #read: (checkpoint: string) => Promise<RecordPage>;
  #ahead: { checkpoint: string; page: Promise<RecordPage> } | null = null;

  constructor(read: (checkpoint: string) => Promise<RecordPage>) {
    this.#read = read;
  }

  /** Fails as the read does; asked again, it reads again. */
  async next(checkpoint: string): Promise<RecordPage> {
    const ahead = this.#ahead;
    this.#ahead = null;
    const page = await (ahead?.checkpoint === checkpoint ? ahead.page : this.#read(checkpoint));
    if (page.mayHaveMore && !page.finished) {
      this.#ahead = { checkpoint: page.next, page: this.#read(page.next) };
      // Its failure is met when the read is asked for; until then nobody listens to it.
      this.#ahead.page.catch(() => undefined);
    }
    return page;
  }

  drop(): void {
    this.#ahead = null;
  }
}
