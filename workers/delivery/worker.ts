import { invariant, toAppError } from "@/lib/core/error";
import type { Partitioner } from "@/lib/core/partition";
import type { ClaimedChannel, HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters } from "./adapters";
import { ChannelCommands } from "./channel-commands";
import { ChannelDelivery, type ChannelDeliveryOptions } from "./channel-delivery";
import type { DeliveryEvents } from "./events";
import type { Janitor } from "./janitor";
import { Lease } from "./lease";
import { Limit } from "./limit";
import { OpenBudget } from "./open-budget";
import { skipTrimmed } from "./skip-trimmed";
import { TaskHolder } from "./task-holder";
import { TaskTunnel } from "./task-tunnel";

/** The rhythm of a worker, ms. */
const tickMs = 250;
const failedTickMs = 2_000;
/** What nobody here runs is given back this often: a claim's answer can be lost. */
const giveBackEveryMs = 5_000;
const tasksTakenAtOnceMax = 1_000;
const channelsClaimedAtOnceMax = 50;
const heartbeatsAtOnceMax = 8;
/** Below the 64 sockets of a store, where requests would wait while their time-outs run. */
const uploadsAtOnceMax = 32;

export type WorkerOptions = {
  readonly workerId: string;
  readonly leaseMs: number;
  readonly memoryBudgetBytes: number;
  /** What stores take for a part of an upload; that of S3 when left out. */
  readonly partBytesMin?: number;
  readonly heartbeatMs: number;
  readonly ledger: Ledger;
  /** The ledger as a rescan sees it, for its channels; left out where there are none. */
  readonly rescanLedger?: Ledger;
  /** Renews over a connection of its own: a lease must not wait behind a thousand queries. */
  readonly leases: Pick<Ledger, "renewWorker">;
  readonly adapters: Adapters;
  readonly createPartitioner: PartitionerFactory;
  readonly janitor: Janitor;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newObjectId: () => string;
};

export type PartitionerFactory = (task: HeldTask) => Partitioner;

/** A loop, and the settings it was opened with; null until it has loaded them. */
type Running = { readonly delivery: ChannelDelivery; settings: string | null };

/**
 * One delivery worker: keeps its lease, holds tasks' heartbeats, and runs a loop for each channel it
 * owns. What it believes to own is worth nothing: every write that matters is fenced by the channel's
 * epoch, so a worker that was paused for longer than its lease can do no harm when it wakes.
 */
export class Worker {
  readonly #o: WorkerOptions;
  readonly #lease: Lease;
  readonly #tasks = new Map<string, TaskHolder>();
  readonly #channels = new Map<string, Running>();
  readonly #heartbeats = new Limit(heartbeatsAtOnceMax);
  readonly #uploads = new Limit(uploadsAtOnceMax);
  readonly #budget: OpenBudget;
  #isStopping = false;
  #poke = new AbortController();
  #gaveBackAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: WorkerOptions) {
    this.#o = options;
    this.#budget = new OpenBudget(options.memoryBudgetBytes);
    this.#lease = new Lease({ ...options, ledger: options.leases, onLost: () => this.#dropAll() });
  }

  /** What deliveries hold of the worker's memory now. */
  get openBytes(): number {
    return this.#budget.heldBytes;
  }

  /** Runs until `stop`; ends with every channel delivered as far as it was read, and released. */
  async run(): Promise<void> {
    const { workerId, leaseMs, events, clock } = this.#o;
    events.workerStarted({ workerId, leaseMs });
    const lease = this.#lease.keep();
    while (!this.#isStopping) {
      this.#poke = new AbortController();
      const failed = await this.#tick().catch((thrown) => {
        events.tickFailed(toAppError(thrown));
        return true;
      });
      if (!this.#isStopping) await clock.sleep(failed ? failedTickMs : tickMs, this.#poke.signal);
    }
    await this.#drain();
    this.#lease.end();
    await lease;
    events.workerStopped({ workerId });
  }

  stop(): void {
    this.#isStopping = true;
    this.#poke.abort();
  }

  async #tick(): Promise<void> {
    await this.#holdTasks();
    await this.#stopUnwanted();
    await this.#balance();
    this.#o.janitor.tickInBackground();
  }

  /** Others own what we held. The loops would find out at their next fenced write; this is sooner. */
  #dropAll(): void {
    this.#o.events.leaseLost({ workerId: this.#o.workerId, channels: this.#channels.size });
    for (const { delivery } of this.#channels.values()) delivery.stop("abandon");
    // They end by themselves; what is claimed again gets a loop of its own.
    this.#channels.clear();
    this.#tasks.clear();
  }

  async #holdTasks(): Promise<void> {
    const { workerId, ledger } = this.#o;
    const held = await ledger.holdTasks({ workerId, limit: tasksTakenAtOnceMax });
    const ids = new Set(held.map(({ id }) => id));
    for (const id of this.#tasks.keys()) if (!ids.has(id)) this.#tasks.delete(id);
    for (const task of held) {
      const holder = this.#tasks.get(task.id) ?? this.#newHolder(task);
      holder.tick(task, this.#heartbeats);
    }
  }

  #newHolder(task: HeldTask): TaskHolder {
    const holder = new TaskHolder({ ...this.#o, onChannelsChanged: () => this.#wake() }, task);
    this.#tasks.set(task.id, holder);
    return holder;
  }

  #wake(): void {
    this.#poke.abort();
  }

  /** Pause, delete and changed settings are intents in the database; the loops of those tasks end. */
  async #stopUnwanted(): Promise<void> {
    const wanted = new Map([...this.#tasks].map(([id, { task }]) => [id, task] as const));
    const ids = new Set([...this.#channels.values()].map(({ delivery }) => delivery.claim.taskId));
    const others = [...ids].filter((id) => !wanted.has(id));
    for (const task of await this.#o.ledger.getTasks(others)) wanted.set(task.id, task);
    const settings = new Map<string, string>();
    for (const id of ids) settings.set(id, intentOf(wanted.get(id)));
    for (const running of this.#channels.values()) {
      const { taskId } = running.delivery.claim;
      const desired = wanted.get(taskId)?.desiredState ?? "deleted";
      const isOutdated = running.settings !== null && running.settings !== settings.get(taskId);
      if (desired === "deleted") running.delivery.stop("delete");
      else if (desired === "paused" || isOutdated) running.delivery.stop("release");
    }
  }

  /** Keeps the even share of channels: gives the surplus back, claims what is missing. */
  async #balance(): Promise<void> {
    const { ledger, workerId } = this.#o;
    await this.#giveBackUnknown();
    const share = (await ledger.fairShare(workerId)).channels;
    for (const { delivery } of [...this.#channels.values()].slice(share)) delivery.stop("release");
    const missing = Math.min(channelsClaimedAtOnceMax, share - this.#channels.size);
    if (missing <= 0 || this.#isStopping) return;
    for (const claim of await ledger.claimChannels({ workerId, limit: missing }))
      this.#deliver(claim);
  }

  async #giveBackUnknown(): Promise<void> {
    const { clock, ledger, workerId } = this.#o;
    if (clock.monotonic() - this.#gaveBackAtMs < giveBackEveryMs) return;
    await ledger.releaseAllBut({ workerId, channelKeys: [...this.#channels.keys()] });
    this.#gaveBackAtMs = clock.monotonic();
  }

  #deliver(claim: ClaimedChannel): void {
    const { ledger, events, clock, random } = this.#o;
    const running: Running = {
      settings: null,
      delivery: new ChannelDelivery({
        ...{ claim, ledger, events, clock, random },
        open: () =>
          this.#open(claim, (settings) => {
            running.settings = settings;
          }),
      }),
    };
    this.#channels.set(claim.channelKey, running);
    void running.delivery.done.then(() => {
      // A channel that came back under a new epoch has an entry of its own.
      if (this.#channels.get(claim.channelKey) === running) this.#channels.delete(claim.channelKey);
      this.#wake();
    });
  }

  async #open(
    claim: ClaimedChannel,
    onSettings: (settings: string) => void,
  ): ReturnType<ChannelDeliveryOptions["open"]> {
    const { adapters, createPartitioner, rescanLedger } = this.#o;
    const ledger = claim.isRescan && rescanLedger ? rescanLedger : this.#o.ledger;
    // A rescan's ledger gives the task another tunnel.
    const [task] = await ledger.getTasks([claim.taskId]);
    if (!task) return null;
    const schema = (await ledger.listSchemas(task.id)).at(-1);
    invariant(schema, "A task has a schema version from its creation on");
    const source = await adapters.source(task.settings.sourceId);
    onSettings(intentOf(task));
    const tunnel = new TaskTunnel({ ledger, adapters, task });
    const start = await skipTrimmed({ claim, task, schema, ledger, source, tunnel });
    if (!start) return null;
    const commands = new ChannelCommands({
      ...this.#o,
      ...{ claim: start, task, source, schema, tunnel },
      ...{ budget: this.#budget, uploads: this.#uploads },
      partitioner: createPartitioner(task),
    });
    return { commands, claim: start };
  }

  /** A planned stop: everything read is delivered, then others may go on. The lease is kept alive meanwhile. */
  async #drain(): Promise<void> {
    const deliveries = [...this.#channels.values()].map(({ delivery }) => delivery);
    for (const delivery of deliveries) delivery.stop("release");
    await Promise.all(deliveries.map(({ done }) => done));
    await Promise.all([...this.#tasks.values()].map((holder) => holder.idle()));
    await this.#o.janitor.idle();
  }
}

/** What a loop was opened with; when it changes, the loop makes room for one that knows. */
function intentOf(task: HeldTask | undefined): string {
  return JSON.stringify([task?.settings, task?.continueAskedAt]);
}
