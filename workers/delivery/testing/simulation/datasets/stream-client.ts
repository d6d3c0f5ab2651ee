import { askConsole, type Heard } from "./console-calls";
import type { DatasetConsole, FlushReply } from "./dataset-console";
import { partitions } from "./dataset-tables";
import type { DatasetWorld } from "./dataset-world";

const sendersMax = 3;
const packsMax = 3;
const rowsMax = 2;
/** Somebody whose partition is never free any more gives up: an overwrite that lost its rows stays on it. */
const refusalsMax = 25;

/** A program that streams rows, through several connections at once; each pack until it is answered. */
export class StreamClient {
  readonly #world: DatasetWorld;
  isDone = false;
  #isOver = false;

  constructor(world: DatasetWorld) {
    this.#world = world;
    void this.#run().catch((thrown) => world.break(thrown));
  }

  async #run(): Promise<void> {
    const world = this.#world;
    await world.sleep(world.random() * 1_500);
    const sessionId = await this.#begin();
    const senders = Array.from({ length: 1 + world.below(sendersMax) }, (_, sender) =>
      this.#send(sessionId, `s${sender}`),
    );
    await Promise.all(senders);
    if (world.below(2) === 0) await this.#ask((console) => console.endStream(sessionId));
    this.isDone = true;
  }

  #ask<T>(run: (console: DatasetConsole) => Promise<T>): Promise<Heard<T>> {
    const console = this.#world.anyConsole();
    return askConsole(this.#world, console, () => run(console));
  }

  async #begin(): Promise<string> {
    for (;;) {
      const heard = await this.#ask((console) => console.createStream());
      if (heard.kind === "answer") return heard.value;
      await this.#world.sleep(200);
    }
  }

  async #send(sessionId: string, sender: string): Promise<void> {
    const world = this.#world;
    const packs = 1 + world.below(packsMax);
    for (let pack = 0; pack < packs && !this.#isOver; pack += 1) {
      const partition = partitions[world.below(5) === 0 ? 1 : 0];
      await this.#flush({ sessionId, flushId: `${sender}-${pack}`, partition });
      await world.sleep(world.random() * 300);
    }
  }

  async #flush(flush: { sessionId: string; flushId: string; partition: string }): Promise<void> {
    const world = this.#world;
    const contents = [world.newRows(world.below(rowsMax + 1))];
    // A program with a fault sends another pack under the same id.
    if (world.below(8) === 0) contents.push(world.newRows(1));
    let refusals = 0;
    while (refusals < refusalsMax) {
      const consoles = world.below(5) === 0 ? 2 : 1;
      const asked = Array.from({ length: consoles }, async () => {
        const rows = contents[world.below(contents.length)] ?? [];
        return { rows, heard: await this.#ask((console) => console.flush({ ...flush, rows })) };
      });
      let isSettled = false;
      for (const { rows, heard } of await Promise.all(asked)) {
        if (heard.kind !== "answer") continue;
        world.count(`flush: ${heard.value.kind}`);
        isSettled = (await this.#heard(flush, { rows, contents }, heard.value)) || isSettled;
      }
      if (isSettled) return;
      refusals += 1;
      await world.sleep(150);
    }
  }

  /** True: there is nothing more to be done about this flush. */
  async #heard(
    { sessionId, flushId }: { sessionId: string; flushId: string },
    { rows, contents }: { rows: readonly number[]; contents: readonly (readonly number[])[] },
    reply: FlushReply,
  ): Promise<boolean> {
    const { promises } = this.#world.watcher;
    switch (reply.kind) {
      case "visible":
        promises.saidFlushed({ sessionId, flushId }, rows);
        return true;
      case "lost":
        promises.saidFlushLost({ sessionId, flushId });
        return true;
      case "differs":
        if (contents.length === 1) promises.answeredWrongly(`T2: ${sessionId}/${flushId} differs`);
        promises.neverVisible(rows, "T2");
        return true;
      case "ended":
      case "expired":
        promises.neverFlushed({ sessionId, flushId }, contents.flat());
        this.#isOver = true;
        return true;
      case "schema_modified":
        await this.#ask((console) => console.takeVersion(sessionId));
        return false;
      case "pending":
      case "overwritten":
      case "too_many_partitions":
        return false;
    }
  }
}
