import { askConsole, type Heard } from "./console-calls";
import type { CommitReply, DatasetConsole } from "./dataset-console";
import { partitions, simulated } from "./dataset-tables";
import type { DatasetWorld } from "./dataset-world";

const sessionsMax = 3;
const blocksMax = 3;
const rowsMax = 3;
const triesMax = 12;
const foreignBlock = 99;

type Block = {
  readonly id: number;
  /** Everything that was ever sent as this block. */
  readonly sent: (readonly number[])[];
  /** A request is on its way, or was, of which nobody knows when it takes effect. */
  isUnsure: boolean;
};

/** Somebody with an upload tool: sends blocks, some of them again, and commits or gives up. */
export class UploadClient {
  readonly #world: DatasetWorld;
  isDone = false;

  constructor(world: DatasetWorld) {
    this.#world = world;
    void this.#run().catch((thrown) => world.break(thrown));
  }

  async #run(): Promise<void> {
    const sessions = 1 + this.#world.below(sessionsMax);
    for (let count = 0; count < sessions; count += 1) {
      await this.#world.sleep(this.#world.random() * 900);
      await this.#session();
    }
    this.isDone = true;
  }

  #ask<T>(run: (console: DatasetConsole) => Promise<T>): Promise<Heard<T>> {
    const console = this.#world.anyConsole();
    return askConsole(this.#world, console, () => run(console));
  }

  async #session(): Promise<void> {
    const world = this.#world;
    const partition = partitions[world.below(partitions.length)] ?? partitions[0];
    const sessionId = await this.#begin(partition, world.below(3) === 0);
    if (sessionId === null) return;
    const blocks: Block[] = [];
    for (let id = 0; id < 1 + world.below(blocksMax); id += 1) {
      const block: Block = { id, sent: [], isUnsure: false };
      if (!(await this.#writeBlock(sessionId, block))) return;
      blocks.push(block);
    }
    const dice = world.below(10);
    if (dice === 0) return this.#abort(sessionId, blocks);
    if (dice === 1) await world.sleep(simulated.dayMs + 100);
    if (dice === 2) await this.#commit(sessionId, [...blocks.map(({ id }) => id), foreignBlock]);
    const late = blocks[world.below(6 * blocks.length)];
    // A block that is still on its way when somebody commits: it counts, or it does not.
    if (late) {
      late.isUnsure = true;
      this.#write(sessionId, late, this.#newRows()).catch((thrown) => world.break(thrown));
    }
    const reply = await this.#commit(
      sessionId,
      blocks.map(({ id }) => id),
    );
    this.#told(sessionId, blocks, reply);
    if (reply.kind === "status" && world.below(3) === 0) await this.#goOn(sessionId, blocks);
  }

  async #begin(partition: string, overwrites: boolean): Promise<string | null> {
    const world = this.#world;
    const lifetimeMs = world.below(8) === 0 ? 500 : simulated.dayMs;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const sessionId = world.newObjectId();
      const heard = await this.#ask((console) =>
        console.createUpload({ sessionId, partition, overwrites, lifetimeMs }),
      );
      if (heard.kind === "answer") {
        world.count(`upload begun: ${heard.value}`);
        if (heard.value === "made") return sessionId;
      }
      await world.sleep(250);
    }
    return null;
  }

  /** False: the session takes no more. */
  async #writeBlock(sessionId: string, block: Block): Promise<boolean> {
    const { below } = this.#world;
    if (!(await this.#write(sessionId, block, this.#newRows()))) return false;
    if (below(4) === 0 && !(await this.#write(sessionId, block, this.#newRows()))) return false;
    if (below(8) > 0) return true;
    // Two at the same time: whichever is whole last.
    const both = [this.#newRows(), this.#newRows()];
    const written = await Promise.all(both.map((rows) => this.#write(sessionId, block, rows)));
    block.isUnsure = true;
    return !written.includes(false);
  }

  async #write(sessionId: string, block: Block, rows: readonly number[]): Promise<boolean> {
    const world = this.#world;
    block.sent.push(rows);
    for (let tries = 0; tries < triesMax; tries += 1) {
      const heard = await this.#ask((console) => console.writeBlock(sessionId, block.id, rows));
      if (heard.kind === "answer") {
        world.count(`block: ${heard.value}`);
        return heard.value === "saved";
      }
      block.isUnsure = true;
      await world.sleep(60);
    }
    return false;
  }

  #newRows(): readonly number[] {
    return this.#world.newRows(this.#world.below(rowsMax + 1));
  }

  async #abort(sessionId: string, blocks: readonly Block[]): Promise<void> {
    for (;;) {
      const heard = await this.#ask((console) => console.abortUpload(sessionId));
      if (heard.kind === "answer") {
        this.#world.count(`abort: ${heard.value}`);
        if (heard.value !== "aborted")
          return this.#world.watcher.promises.answeredWrongly("U4: an abort");
        return this.#world.watcher.promises.neverVisible(sentOf(blocks), "U1");
      }
      await this.#world.sleep(200);
    }
  }

  /** Until somebody says what became of it. */
  async #commit(sessionId: string, blockIds: readonly number[]): Promise<CommitReply> {
    for (;;) {
      const heard = await this.#ask((console) => console.commitUpload(sessionId, blockIds));
      if (heard.kind === "answer") {
        const reply = heard.value;
        const isStatus = reply.kind === "status" || reply.kind === "refused";
        this.#world.count(`commit: ${reply.kind}${isStatus ? ` ${reply.status}` : ""}`);
        const isWaiting = reply.kind === "status" && reply.status === "committing";
        if (reply.kind !== "too_many" && !isWaiting) return reply;
      }
      await this.#world.sleep(150);
    }
  }

  #told(sessionId: string, blocks: readonly Block[], reply: CommitReply): void {
    const { promises } = this.#world.watcher;
    if (reply.kind === "status" && reply.status === "committed") {
      const contents = blocks.map(({ id, sent, isUnsure }) => {
        return { blockId: id, may: isUnsure ? sent : sent.slice(-1) };
      });
      promises.saidCommitted(sessionId, contents);
    } else if (reply.kind === "status" && reply.status === "critical") {
      promises.saidLost(sessionId);
    } else {
      // Expired: what was never decided never will be.
      promises.neverVisible(sentOf(blocks), "U1");
    }
  }

  /** What must not be possible any more (U3, U4). */
  async #goOn(sessionId: string, blocks: readonly Block[]): Promise<void> {
    const { promises } = this.#world.watcher;
    const reply = await this.#commit(sessionId, [foreignBlock]);
    if (reply.kind !== "refused") promises.answeredWrongly(`U4: another list: ${reply.kind}`);
    const rows = this.#newRows();
    const block: Block = { id: blocks[0]?.id ?? 0, sent: [], isUnsure: false };
    if (await this.#write(sessionId, block, rows)) promises.answeredWrongly("U3: a block");
    promises.neverVisible(rows, "U3");
    const heard = await this.#ask((console) => console.abortUpload(sessionId));
    if (heard.kind !== "answer") return;
    this.#world.count(`abort: ${heard.value}`);
    if (heard.value === "aborted") promises.answeredWrongly("U4: an abort");
  }
}

function sentOf(blocks: readonly Block[]): number[] {
  return blocks.flatMap(({ sent }) => sent.flat());
}
