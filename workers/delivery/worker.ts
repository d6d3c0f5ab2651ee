import type { DeliveryLimits } from "@/lib/core/delivery-state";
import { type AppError, toAppError } from "@/lib/core/error";
import type { Partitioner } from "@/lib/core/partition";
import type { ClaimedChannel, HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters } from "./adapters";
import { ChannelCommands } from "./channel-commands";
import { ChannelDelivery } from "./channel-delivery";
import type { DeliveryEvents } from "./events";
import type { Janitor } from "./janitor";
import { TaskHolder } from "./task-holder";
import { TaskTunnel } from "./task-tunnel";

/** The rhythm of a worker, ms. */
const tickMs = 250;
const tasksHeldMax = 1_000;
const channelsClaimedAtOnceMax = 50;
/** Batches of one channel may use this much at least, however many channels share the budget. */
const openBytesMin = 4 * 1024 * 1024;

export type WorkerOptions = {
  readonly workerId: string;
  readonly leaseMs: number;
  readonly memoryBudgetBytes: number;
  readonly heartbeatMs: number;
  readonly ledger: Ledger;
  readonly adapters: Adapters;
  readonly createPartitioner: PartitionerFactory;
  readonly janitor: Janitor;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newObjectId: () => string;
};

export type PartitionerFactory = (task: HeldTask) => Partitioner;

/**
 * One delivery worker: renews its lease, holds tasks' heartbeats, and runs a loop for each channel it
 * owns. What it believes to own is worth nothing: every write that matters is fenced by the channel's
 * epoch, so a worker that was paused for longer than its lease can do no harm when it wakes.
 */
export class Worker {
  readonly #o: WorkerOptions;
  readonly #tasks = new Map<string, TaskHolder>();
  readonly #channels = new Map<string, ChannelDelivery>();
  readonly #stopping = new AbortController();
  #poke = new AbortController();
  #leaseRenewedAtMs = Number.NEGATIVE_INFINITY;
  #registered = false;

  constructor(options: WorkerOptions) {
    this.#o = options;
  }

  /** Runs until `stop`; ends with every channel delivered as far as it was read, and released. */
  async run(): Promise<void> {
    const { workerId, leaseMs, events, clock } = this.#o;
    events.workerStarted({ workerId, leaseMs });
    while (!this.#stopping.signal.aborted) {
      await this.#tick().catch((thrown) => events.tickFailed(toAppError(thrown)));
      this.#poke = new AbortController();
      await clock.sleep(tickMs, AbortSignal.any([this.#poke.signal, this.#stopping.signal]));
    }
    await this.#drain();
    events.workerStopped({ workerId });
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #tick(): Promise<void> {
    await this.#renewLease();
    await this.#holdTasks();
    for (const holder of this.#tasks.values()) void holder.tick();
    await this.#stopUnwanted();
    await this.#balance();
    this.#o.janitor.tickInBackground();
  }

  async #renewLease(): Promise<void> {
    const { workerId, leaseMs, ledger, clock } = this.#o;
    if (clock.monotonic() - this.#leaseRenewedAtMs < leaseMs / 4) return;
    // Taken before the request: the lease may be shorter than we think, never longer.
    const askedAtMs = clock.monotonic();
    const renewed = await ledger.renewWorker({ workerId, leaseMs });
    if (!renewed && this.#registered) this.#dropAll();
    this.#registered = true;
    this.#leaseRenewedAtMs = askedAtMs;
  }

  /** Others own what we held. The loops would find out at their next fenced write; this is sooner. */
  #dropAll(): void {
    this.#o.events.leaseLost({ workerId: this.#o.workerId, channels: this.#channels.size });
    for (const delivery of this.#channels.values()) delivery.stop("abandon");
    this.#tasks.clear();
  }

  async #holdTasks(): Promise<void> {
    const held = await this.#o.ledger.holdTasks({
      workerId: this.#o.workerId,
      limit: tasksHeldMax,
    });
    const ids = new Set(held.map(({ id }) => id));
    for (const id of this.#tasks.keys()) if (!ids.has(id)) this.#tasks.delete(id);
    for (const task of held) {
      const holder = this.#tasks.get(task.id);
      if (holder) holder.update(task);
      else
        this.#tasks.set(
          task.id,
          new TaskHolder({ ...this.#o, onChannelsChanged: () => this.#poke.abort() }, task),
        );
    }
  }

  /**
   * Pause, delete and new settings are intents in the database; the loops of those tasks end. A loop
   * that ended for new settings is claimed again at once and starts its next batch under them.
   */
  async #stopUnwanted(): Promise<void> {
    const wanted = new Map<string, HeldTask | null>();
    for (const delivery of this.#channels.values()) {
      const { taskId } = delivery.claim;
      const known = wanted.get(taskId) ?? this.#tasks.get(taskId)?.task;
      const task = known ?? (await this.#o.ledger.getTask(taskId));
      wanted.set(taskId, task);
      if (task === null || task.desiredState === "deleted") delivery.stop("delete");
      else if (task.desiredState === "paused" || hasNewSettings(task, delivery))
        delivery.stop("release");
    }
  }

  /** Keeps the even share of channels: gives the surplus back, claims what is missing. */
  async #balance(): Promise<void> {
    const { ledger, workerId } = this.#o;
    const share = (await ledger.fairShare(workerId)).channels;
    const surplus = [...this.#channels.values()].slice(share);
    for (const delivery of surplus) delivery.stop("release");
    const missing = Math.min(channelsClaimedAtOnceMax, share - this.#channels.size);
    if (missing <= 0) return;
    for (const claim of await ledger.claimChannels({ workerId, limit: missing })) {
      await this.#deliver(claim).catch((thrown) => this.#giveBack(claim, toAppError(thrown)));
    }
  }

  /** A claimed channel without a loop would stand still for as long as this worker lives. */
  async #giveBack(claim: ClaimedChannel, error: AppError): Promise<void> {
    const { ledger, events } = this.#o;
    events.tickFailed(error);
    const { code, details } = error;
    await ledger.saveChannelError({
      lease: claim,
      error: { code, details, attempt: 1, nextTryAt: null },
    });
    await ledger.releaseChannel(claim);
  }

  async #deliver(claim: ClaimedChannel): Promise<void> {
    const { ledger, adapters, events, clock, random } = this.#o;
    const task = await ledger.getTask(claim.taskId);
    if (!task) return ledger.releaseChannel(claim);
    const source = await adapters.source(task.settings.sourceId);
    const named = { ...claim, taskName: task.settings.name };
    const commands = new ChannelCommands({
      ...this.#o,
      claim: named,
      task,
      source,
      schemas: await ledger.listSchemas(task.id),
      tunnel: new TaskTunnel({ ledger, adapters, task }),
      partitioner: this.#o.createPartitioner(task),
      limits: this.#limitsOf(task),
    });
    const delivery = new ChannelDelivery({
      claim: named,
      settings: task.settings,
      commands,
      events,
      clock,
      random,
    });
    this.#channels.set(claim.channelKey, delivery);
    void delivery.done.then(() => {
      // A channel that came back under a new epoch has an entry of its own.
      if (this.#channels.get(claim.channelKey) === delivery)
        this.#channels.delete(claim.channelKey);
      this.#poke.abort();
    });
  }

  #limitsOf({ settings }: HeldTask): DeliveryLimits {
    return {
      bytesMax: Math.min(settings.flush.bytes, this.#openBytesMax()),
      ageMaxMs: settings.flush.seconds * 1_000,
      idleReadMs: 0,
    };
  }

  #openBytesMax(): number {
    return Math.max(
      openBytesMin,
      Math.floor(this.#o.memoryBudgetBytes / (this.#channels.size + 1) / 2),
    );
  }

  /** A planned stop: everything read is delivered, then others may go on. The lease is kept alive meanwhile. */
  async #drain(): Promise<void> {
    const deliveries = [...this.#channels.values()];
    for (const delivery of deliveries) delivery.stop("release");
    const drained = Promise.all(deliveries.map(({ done }) => done)).then(() => true);
    const { clock, leaseMs } = this.#o;
    while (!(await Promise.race([drained, clock.sleep(leaseMs / 4).then(() => false)]))) {
      await this.#renewLease().catch((thrown) => this.#o.events.tickFailed(toAppError(thrown)));
    }
    await this.#o.janitor.idle();
  }
}

/** Settings are plain JSON, written in one order by the one place that reads them. */
function hasNewSettings(task: HeldTask, delivery: ChannelDelivery): boolean {
  return JSON.stringify(task.settings) !== JSON.stringify(delivery.settings);
}
