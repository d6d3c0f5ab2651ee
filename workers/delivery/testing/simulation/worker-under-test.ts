import { Janitor } from "../../janitor";
import { Worker } from "../../worker";
import type { ProcessState } from "./network";
import { partitionOf } from "./simulated-records";
import { partBytesMin, type World } from "./world";

/** Short, as everything is here: a lease that ends costs a schedule a second and not ten. */
const leaseMs = 1_600;
const heartbeatMs = 800;

/** A real worker, put together as its main.ts does, in a process that the world can hurt. */
export class WorkerUnderTest {
  readonly process: ProcessState;
  readonly worker: Worker;
  readonly janitor: Janitor;
  isOver = false;

  constructor(world: World, id: string) {
    const process = { id, isAlive: true, stoppedUntilMs: 0, clockOffMs: 0 };
    this.process = process;
    const ledger = world.ledgerOf(process);
    const adapters = world.adaptersOf(process);
    const clock = world.network.clockOf(process);
    const events = world.events();
    this.janitor = new Janitor({ ledger, adapters, events, clock });
    this.worker = new Worker({
      ...{ workerId: id, leaseMs, heartbeatMs, partBytesMin },
      memoryBudgetBytes: world.memoryBudgetBytes,
      ...{ ledger, leases: ledger, adapters, events, clock, janitor: this.janitor },
      createPartitioner: () => ({ folderOf: (writtenAtMs) => partitionOf(writtenAtMs) }),
      random: () => world.random(),
      newObjectId: () => world.newObjectId(),
    });
    this.worker.run().then(
      () => {
        this.isOver = true;
        // Its process ends with it, and whatever it still has open.
        process.isAlive = false;
      },
      (thrown) => world.break(thrown),
    );
  }
}
