import type { AppError } from "@/lib/core/error";
import { ChannelCommands } from "../../channel-commands";
import { ChannelDelivery } from "../../channel-delivery";
import type { DeliveryEvents } from "../../events";
import { Limit } from "../../limit";
import { OpenBudget } from "../../open-budget";
import { TaskTunnel } from "../../task-tunnel";
import type { LedgerChannel } from "./simulated-ledger";
import { partitionOf, schemaVersionOne } from "./simulated-source";
import { Violation } from "./watcher";
import { bucket, location, type SimulatedWorker, task, World, type WorldOptions } from "./world";

const workersMax = 3;
const eventsMax = 60_000;
const faultEveryMs = 150;
const claimEveryMs = 40;
/** How long zombies may go on after everything is delivered. */
const afterlifeMs = 60_000;

type Loop = {
  readonly worker: SimulatedWorker;
  readonly delivery: ChannelDelivery;
  isOver: boolean;
};

/** The schedule's trace up to the violation, and how to see it again. */
export class FailedSchedule extends Error {
  override readonly name = "FailedSchedule";
  readonly seed: number;

  constructor(seed: number, violation: unknown, trace: readonly string[]) {
    const reason = violation instanceof Error ? violation.message : String(violation);
    const replay = `SIMULATION_SEED=${seed} npx vitest run --project unit workers/delivery/simulation`;
    super(`Seed ${seed}: ${reason}\nAgain: ${replay}\n${trace.join("\n")}`, { cause: violation });
    this.seed = seed;
  }
}

/** Runs one schedule to its end. Throws FailedSchedule when a guarantee breaks or nothing comes of it. */
export async function runSchedule(seed: number, options: WorldOptions = {}): Promise<World> {
  const world = new World(seed, options);
  const schedule = new Schedule(world);
  try {
    await schedule.run();
  } catch (thrown) {
    throw new FailedSchedule(seed, thrown, world.trace);
  }
  return world;
}

/** Workers that claim, crash, are stopped and lose their leases at any moment, over one world. */
class Schedule {
  readonly #world: World;
  readonly #workers: SimulatedWorker[] = [];
  readonly #loops = new Set<Loop>();
  #born = 0;
  #bug: unknown = null;

  constructor(world: World) {
    this.#world = world;
    for (let count = 0; count < workersMax; count += 1) this.#bear();
  }

  async run(): Promise<void> {
    const { queue, watcher } = this.#world;
    queue.schedule(0, () => this.#claimFree());
    queue.schedule(faultEveryMs, () => this.#fault());
    let endedAtMs = Number.POSITIVE_INFINITY;
    for (let events = 0; queue.size > 0; events += 1) {
      if (events > eventsMax) throw new Violation("Nothing comes of it");
      await queue.step();
      if (this.#bug) throw this.#bug;
      if (endedAtMs === Number.POSITIVE_INFINITY && this.#isDelivered()) endedAtMs = queue.nowMs;
      if (queue.nowMs > endedAtMs + afterlifeMs) break;
    }
    watcher.ended();
  }

  #bear(): void {
    this.#born += 1;
    this.#workers.push({ id: `w${this.#born}`, isAlive: true });
  }

  #isDelivered(): boolean {
    return [...this.#world.ledger.channels.values()].every(({ isDrained }) => isDrained);
  }

  /** Channels that nobody runs go to whoever asks first: workers give back what they own and do not run. */
  #claimFree(): void {
    const { ledger, queue } = this.#world;
    for (const channel of ledger.channels.values()) {
      const isRun = [...this.#loops].some(
        ({ delivery: { claim } }) => claim.channelKey === channel.key && ledger.holds(claim),
      );
      if (!channel.isDrained && !isRun) this.#claim(channel);
    }
    if (!this.#isDelivered()) queue.schedule(claimEveryMs, () => this.#claimFree());
  }

  #claim(channel: LedgerChannel): void {
    const alive = this.#workers.filter(({ isAlive }) => isAlive);
    const worker = alive[this.#world.below(alive.length)];
    if (!worker) return;
    const claim = this.#world.ledger.claim(channel.key, worker.id);
    this.#world.note(`${worker.id} claims ${channel.channelId}, epoch ${claim.epoch}`);
    const ledger = this.#world.ledgerOf(worker);
    const clock = this.#world.clockOf(worker);
    const random = () => this.#world.random();
    const delivery = new ChannelDelivery({
      ...{ claim, ledger, clock, random, events: this.#events() },
      open: async () => {
        const store = this.#world.storeOf(worker);
        const source = this.#world.sourceOf(worker);
        const adapters = {
          source: async () => source,
          destination: async () => ({ store, bucket, location }),
        };
        const schema = (await ledger.listSchemas(task.id)).at(-1) ?? schemaVersionOne;
        return new ChannelCommands({
          ...{ claim, task, schema, ledger, adapters, source, clock, events: this.#events() },
          tunnel: new TaskTunnel({ ledger, adapters, task }),
          partitioner: { folderOf: (writtenAtMs) => partitionOf(writtenAtMs) },
          newObjectId: () => this.#world.newObjectId(),
          budget: new OpenBudget(1_000_000),
          uploads: new Limit(8),
        });
      },
    });
    const loop: Loop = { worker, delivery, isOver: false };
    this.#loops.add(loop);
    void delivery.done.then(() => {
      this.#loops.delete(loop);
    });
  }

  /** Something happens to somebody. */
  #fault(): void {
    const { queue, isFaulty, store, ledger } = this.#world;
    if (!isFaulty) return;
    const channels = [...ledger.channels.values()].filter(({ isDrained }) => !isDrained);
    const channel = channels[this.#world.below(channels.length)];
    const loop = [...this.#loops][this.#world.below(this.#loops.size)];
    switch (this.#world.below(6)) {
      case 0:
        this.#crash();
        break;
      case 1:
        // A lease that ends while its owner lives on and knows nothing of it.
        if (channel) this.#claim(channel);
        break;
      case 2:
        this.#note(loop, "is asked to release");
        loop?.delivery.stop("release");
        break;
      case 3:
        this.#note(loop, "is abandoned");
        loop?.delivery.stop("abandon");
        if (loop) this.#loops.delete(loop);
        break;
      case 4: {
        const uploads = store.openUploads();
        const upload = uploads[this.#world.below(uploads.length)];
        if (upload) {
          this.#world.note(`${upload.uploadId} of ${upload.key} expires`);
          void store.abortUpload(upload);
        }
        break;
      }
      default: {
        const published = ledger.objects().filter(({ isPublished }) => isPublished);
        const object = published[this.#world.below(published.length)];
        if (object) {
          this.#world.note(`${object.key} is deleted by a lifecycle rule`);
          store.deleteObject(object.key);
        }
      }
    }
    queue.schedule(this.#world.random() * 2 * faultEveryMs, () => this.#fault());
  }

  #crash(): void {
    const alive = this.#workers.filter(({ isAlive }) => isAlive);
    const worker = alive[this.#world.below(alive.length)];
    if (!worker) return;
    worker.isAlive = false;
    this.#world.note(`${worker.id} crashes`);
    for (const loop of this.#loops) if (loop.worker === worker) this.#loops.delete(loop);
    this.#bear();
  }

  #note(loop: Loop | undefined, what: string): void {
    if (loop) this.#world.note(`${loop.worker.id} epoch ${loop.delivery.claim.epoch} ${what}`);
  }

  /** Logs go to the trace. A bug of the code under test ends the schedule. */
  #events(): DeliveryEvents {
    const told = (name: string) => (tags: object, error?: AppError) => {
      this.#world.met.add(error ? `${name}: ${error.code}` : name);
      this.#world.note(`  ${name} ${error ? `${error.code} ${error.message}` : ""}`);
      if (!error) return;
      const isExpected =
        error.code !== "internal.unexpected" && error.code !== "internal.invariant_broken";
      if (!isExpected) this.#bug ??= error.cause ?? error;
      if (error.code === "source.tunnel_expired" || error.code === "task.reread_differs") {
        // A zombie may meet what its heir has acked; whoever owns the channel must not.
        const owned = "epoch" in tags && this.#isCurrent(tags);
        if (owned) this.#bug ??= new Violation(`D7: the owner met ${error.code}: ${error.message}`);
      }
    };
    return new Proxy({} as DeliveryEvents, { get: (_, name) => told(String(name)) });
  }

  #isCurrent(tags: { readonly epoch?: unknown; readonly channel?: unknown }): boolean {
    return [...this.#world.ledger.channels.values()].some(
      ({ channelId, epoch }) => channelId === tags.channel && epoch === tags.epoch,
    );
  }
}
