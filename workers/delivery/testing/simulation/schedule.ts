import { Janitor } from "../../janitor";
import { FailedSchedule } from "./failed-schedule";
import { type FaultName, faultNames, faults, type Victims, waitForMoments } from "./faults";
import { Violation } from "./watcher";
import { WorkerUnderTest } from "./worker-under-test";
import { World, type WorldOptions } from "./world";

const workersMax = 3;
/** Nothing that comes of a schedule takes longer than this. */
const endedByMs = 300_000;
/** Longer than anything that the janitor waits for. */
const afterMs = 10_000;

function flagsOf({ isCalm, directed, mutant }: WorldOptions): string[] {
  const flags: string[] = [];
  if (isCalm) flags.push("--calm");
  if (directed) flags.push("--directed");
  if (mutant) flags.push(`--mutant "${mutant}"`);
  return flags;
}

/**
 * Runs one schedule to its end. Throws FailedSchedule when a guarantee breaks or nothing comes of it;
 * its trace is that of a second run, because a seed says all and a trace costs as much as the run.
 */
export async function runSchedule(seed: number, options: WorldOptions = {}): Promise<World> {
  const world = new World(seed, options);
  try {
    await new Schedule(world).run();
  } catch (thrown) {
    if (!options.isTraced) await runSchedule(seed, { ...options, isTraced: true });
    throw new FailedSchedule(seed, thrown, world.trace, flagsOf(options));
  }
  return world;
}

/** Workers that crash, stop and lose their leases at any moment, over one world. */
class Schedule implements Victims {
  readonly world: World;
  readonly #workers: WorkerUnderTest[] = [];
  readonly #faults: readonly FaultName[];
  readonly #faultEveryMs: number;
  #isEnding = false;

  constructor(world: World) {
    this.world = world;
    // A few kinds at a time bring about what all of them at once would drown.
    this.#faults = faultNames.filter(() => world.below(2) === 0);
    this.#faultEveryMs = 60 + world.random() * 300;
    if (world.directed) world.directed(this);
    else waitForMoments(world, (fault) => this.#faults.includes(fault));
    const workers = world.directed ? workersMax : 1 + world.below(workersMax);
    for (let count = 0; count < workers; count += 1) this.bear();
  }

  async run(): Promise<void> {
    const { world } = this;
    if (this.#faults.length > 0) this.#scheduleFault();
    await world.queue.run(() => this.#after());
    if (world.broken) throw world.broken;
    if (this.alive().length > 0) throw new Violation("Nothing comes of it");
    await this.#sweepAll();
    world.watcher.ended();
  }

  readonly alive = () => this.#workers.filter(({ process }) => process.isAlive);

  readonly bear = () => {
    this.#workers.push(new WorkerUnderTest(this.world, `w${this.#workers.length + 1}`));
  };

  /** After every event: true when it is over. */
  #after(): boolean {
    const { world } = this;
    if (world.broken) return true;
    if (world.network.effects > 0)
      throw new Error("An effect waits for something outside the queue");
    world.watcher.look();
    const isTime = world.queue.nowMs > world.lastsMs;
    if (!this.#isEnding && isTime && world.isDelivered) {
      this.#isEnding = true;
      for (const { worker } of this.alive()) worker.stop();
    }
    return world.queue.nowMs > endedByMs;
  }

  #scheduleFault(): void {
    const { queue } = this.world;
    queue.schedule(this.world.random() * 2 * this.#faultEveryMs, () => {
      if (!this.world.isFaulty) return;
      const name = this.#faults[this.world.below(this.#faults.length)];
      if (name && faults[name](this)) {
        this.world.count(`fault: ${name}`);
        this.world.note(() => `* ${name}`);
      }
      this.#scheduleFault();
    });
  }

  /** A day later somebody comes and cleans up: nothing may be left that he cannot find. */
  async #sweepAll(): Promise<void> {
    const { world } = this;
    world.queue.schedule(afterMs, () => undefined);
    await world.queue.run(() => false);
    const clock = {
      now: () => world.queue.nowMs,
      monotonic: () => world.queue.nowMs,
      sleep: async () => {},
    };
    await new Janitor({ ...world.ports, events: world.events(), clock }).sweep();
  }
}
