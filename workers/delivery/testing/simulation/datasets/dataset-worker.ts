import type { Clock } from "@/lib/platform/clock";
import { CommitFinisher } from "../../../commit-finisher";
import type { DeliveryEvents } from "../../../events";
import { Janitor } from "../../../janitor";
import type { MergeEvents } from "../../../merge/merge-events";
import { Merger } from "../../../merge/merger";
import { Spool } from "../../../merge/spool";
import type { ProcessState } from "../network";
import type { DatasetWorld } from "./dataset-world";
import { createStandInEngine } from "./stand-in-engine";

const mergerHurries = 8;

/** What of a delivery worker looks after datasets, put together as its main.ts does. */
export class DatasetWorker {
  readonly process: ProcessState;
  readonly janitor: Janitor;
  readonly #ended = new AbortController();

  constructor(world: DatasetWorld, id: string) {
    const process = { id, isAlive: true, stoppedUntilMs: 0, clockOffMs: 0 };
    this.process = process;
    const clock = world.network.clockOf(process);
    const { log, commits, merges } = world.portsOf(process);
    const random = () => world.random();
    const events = world.eventsAs<DeliveryEvents>();
    const shared = { adapters: world.adaptersOf(process), clock, random };
    this.janitor = new Janitor({
      ...{ ledger: log, adapters: world.adaptersOf(process, true), events, clock },
    });
    const finisher = new CommitFinisher({ ...shared, ledger: commits, events });
    // Looks and prolongs its hold as much sooner as holds are shorter here, more or less.
    const hurried: Clock = {
      ...clock,
      sleep: (ms, signal) => clock.sleep(ms / mergerHurries, signal),
    };
    const merger = new Merger({
      ...{
        ...shared,
        clock: hurried,
        workerId: id,
        ledger: merges,
        newObjectId: world.newObjectId,
      },
      events: world.eventsAs<MergeEvents>(),
      engine: createStandInEngine({
        ...{ disk: world.disk, random, outcome: () => world.engineOutcome() },
        sleep: (ms, signal) => clock.sleep(ms, signal),
      }),
      spool: new Spool(world.disk.path),
      load: () => ({ openBytes: 0, budgetBytes: 1, loadPerCore: world.below(12) === 0 ? 1 : 0 }),
      loadMax: 0.9,
    });
    const { signal } = this.#ended;
    Promise.all([finisher.run(signal), merger.run(signal)]).then(
      () => {
        // Its process ends with it, and whatever it still has open.
        process.isAlive = false;
      },
      (thrown) => world.break(thrown),
    );
  }

  stop(): void {
    this.#ended.abort();
  }
}
