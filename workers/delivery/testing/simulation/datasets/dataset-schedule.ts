import type { DeliveryEvents } from "../../../events";
import { Janitor } from "../../../janitor";
import { FailedSchedule } from "../failed-schedule";
import { faultsUntilMs } from "../seeded-world";
import { Violation } from "../watcher";
import { DatasetConsole } from "./dataset-console";
import {
  type DatasetFaultName,
  type DatasetVictims,
  datasetFaultNames,
  datasetFaults,
  waitForDecides,
} from "./dataset-faults";
import { simulated } from "./dataset-tables";
import { DatasetWorker } from "./dataset-worker";
import { DatasetWorld, type DatasetWorldOptions } from "./dataset-world";
import { StreamClient } from "./stream-client";
import { UploadClient } from "./upload-client";

const workersMax = 2;
const consolesMax = 2;
const clientsMax = 3;
/** Nothing that comes of a schedule takes longer than this. */
const endedByMs = 400_000;
const lookEveryMs = 250;
/** Looks one after the other that find nothing under way: a worker has looked for merges meanwhile. */
const quietLooks = 4;

/**
 * Runs one schedule of a dataset's writers to its end. Throws FailedSchedule when a guarantee breaks or
 * nothing comes of it; its trace is that of a second run.
 */
export async function runDatasetSchedule(
  seed: number,
  options: DatasetWorldOptions = {},
): Promise<DatasetWorld> {
  const world = new DatasetWorld(seed, options);
  try {
    await new DatasetSchedule(world).run();
  } catch (thrown) {
    if (!options.isTraced) await runDatasetSchedule(seed, { ...options, isTraced: true });
    const mutant = options.mutant ? [`--mutant "${options.mutant}"`] : [];
    throw new FailedSchedule(seed, thrown, world.trace, ["--world datasets", ...mutant]);
  } finally {
    world.disk.forget();
  }
  return world;
}

/** Clients, consoles and workers over one dataset, and what happens to them. */
class DatasetSchedule implements DatasetVictims {
  readonly world: DatasetWorld;
  readonly #clients: readonly { readonly isDone: boolean }[];
  readonly #faults: readonly DatasetFaultName[];
  readonly #faultEveryMs: number;
  readonly #workersWanted: number;
  readonly #consolesWanted: number;
  #workers: DatasetWorker[] = [];
  #born = 0;
  #quiet = 0;
  #isEnding = false;

  constructor(world: DatasetWorld) {
    this.world = world;
    // A few kinds at a time bring about what all of them at once would drown.
    this.#faults = datasetFaultNames.filter(() => world.below(2) === 0);
    this.#faultEveryMs = 60 + world.random() * 300;
    this.#workersWanted = world.below(4) === 0 ? 1 : workersMax;
    this.#consolesWanted = 1 + world.below(consolesMax);
    this.replaceTheDead();
    waitForDecides(this, this.#faults);
    const some = () => Array.from({ length: 1 + world.below(clientsMax) });
    this.#clients = [
      ...some().map(() => new UploadClient(world)),
      ...some().map(() => new StreamClient(world)),
    ];
  }

  async run(): Promise<void> {
    const { world } = this;
    if (this.#faults.length > 0) this.#scheduleFault();
    this.#scheduleLook();
    await world.queue.run(() => this.#after());
    if (world.broken) throw world.broken;
    if (this.workers().length > 0) throw new Violation("Nothing comes of it");
    await this.#sweepAll();
    await world.watcher.ended();
  }

  readonly workers = () => this.#workers.filter(({ process }) => process.isAlive);

  readonly replaceTheDead = () => {
    const { world } = this;
    const consoles = world.consoles.filter(({ process }) => process.isAlive);
    while (consoles.length < this.#consolesWanted)
      consoles.push(new DatasetConsole(world, this.#newName("c")));
    world.consoles = consoles;
    const alive = this.workers();
    while (!this.#isEnding && alive.length < this.#workersWanted)
      alive.push(new DatasetWorker(world, this.#newName("w")));
    this.#workers = alive;
  };

  #newName(kind: string): string {
    this.#born += 1;
    return `${kind}${this.#born}`;
  }

  /** After every event: true when it is over. */
  #after(): boolean {
    const { world } = this;
    if (world.broken) return true;
    if (world.network.effects > 0)
      throw new Error("An effect waits for something outside the queue");
    world.watcher.look();
    return world.queue.nowMs > endedByMs;
  }

  #scheduleFault(): void {
    const { world } = this;
    world.queue.schedule(world.random() * 2 * this.#faultEveryMs, () => {
      if (!world.isFaulty) return;
      const name = this.#faults[world.below(this.#faults.length)];
      if (name && datasetFaults[name](this)) {
        world.count(`fault: ${name}`);
        world.note(() => `* ${name}`);
      }
      this.#scheduleFault();
    });
  }

  /** Keeps leases, replaces who has ended, and asks everybody to end when there is nothing more to do. */
  #scheduleLook(): void {
    const { world } = this;
    world.queue.schedule(lookEveryMs, () => {
      this.replaceTheDead();
      world.leases.clear();
      for (const { process } of this.workers())
        if (process.stoppedUntilMs <= world.queue.nowMs) world.leases.add(process.id);
      const isOver = world.queue.nowMs > faultsUntilMs && this.#clients.every((one) => one.isDone);
      this.#quiet = isOver && world.isAtRest ? this.#quiet + 1 : 0;
      if (this.#quiet < quietLooks) return this.#scheduleLook();
      this.#isEnding = true;
      for (const worker of this.workers()) worker.stop();
    });
  }

  /** A day later somebody comes and cleans up: nothing may be left that he cannot find. */
  async #sweepAll(): Promise<void> {
    const { world } = this;
    world.leases.clear();
    world.queue.schedule(2 * simulated.dayMs, () => undefined);
    await world.queue.run(() => false);
    const clock = {
      now: () => world.queue.nowMs,
      monotonic: () => world.queue.nowMs,
      sleep: async () => {},
    };
    const { log, adapters } = world.janitorsPorts;
    const events = world.eventsAs<DeliveryEvents>();
    await new Janitor({ ledger: log, adapters, events, clock }).sweep();
  }
}
