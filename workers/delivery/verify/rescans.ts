import { toAppError } from "@/lib/core/error";
import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters } from "../adapters";
import type { DeliveryEvents } from "../events";
import { Limit } from "../limit";
import { TaskHolder } from "../task-holder";
import type { VerifyEvents } from "./verify-events";

const lookEveryMs = 1_000;
const rescansMax = 1_000;
const heartbeatsAtOnceMax = 4;

export type RescansOptions = {
  readonly workerId: string;
  /** The ledger as a rescan sees it. */
  readonly rescanLedger: Ledger;
  readonly adapters: Adapters;
  readonly events: VerifyEvents;
  readonly deliveryEvents: DeliveryEvents;
  readonly clock: Clock;
  readonly random: () => number;
  readonly heartbeatMs: number;
};

/**
 * Keeps rescans connected to their tunnels, as tasks are to theirs, and clears them away when they are
 * through. Their channels are claimed and read by the worker like any others.
 */
export class Rescans {
  readonly #o: RescansOptions;
  readonly #holders = new Map<string, TaskHolder>();
  readonly #heartbeats = new Limit(heartbeatsAtOnceMax);

  constructor(options: RescansOptions) {
    this.#o = options;
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#tick().catch((thrown) =>
        this.#o.events.backgroundFailed({ work: "rescan" }, toAppError(thrown)),
      );
      await this.#o.clock.sleep(lookEveryMs, signal);
    }
    await Promise.all([...this.#holders.values()].map((holder) => holder.idle()));
  }

  async #tick(): Promise<void> {
    const { rescanLedger, workerId } = this.#o;
    const held = await rescanLedger.holdTasks({ workerId, limit: rescansMax });
    const keys = new Set(held.map(keyOf));
    for (const key of this.#holders.keys()) if (!keys.has(key)) this.#holders.delete(key);
    for (const task of held) {
      if (task.completedAt === null) this.#holderOf(task).tick(task, this.#heartbeats);
      else await this.#clearAway(task);
    }
  }

  #holderOf(task: HeldTask): TaskHolder {
    const { rescanLedger, deliveryEvents, ...rest } = this.#o;
    const holder =
      this.#holders.get(keyOf(task)) ??
      new TaskHolder(
        {
          ...rest,
          ...{ ledger: rescanLedger, events: deliveryEvents, onChannelsChanged: () => undefined },
        },
        task,
      );
    this.#holders.set(keyOf(task), holder);
    return holder;
  }

  async #clearAway({ id: taskId, settings, tunnelName: name }: HeldTask): Promise<void> {
    const { adapters, rescanLedger, workerId, events } = this.#o;
    const source = await adapters.source(settings.sourceId);
    await source.deleteTunnel({ table: settings.table, name });
    if (await rescanLedger.forgetTask({ workerId, taskId }))
      events.rescanFinished({ task: settings.name });
  }
}

/** A later rescan of the same task is another one. */
function keyOf({ tunnelId }: HeldTask): string {
  return tunnelId;
}
