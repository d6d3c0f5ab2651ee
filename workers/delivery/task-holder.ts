import { AppError, toAppError } from "@/lib/core/error";
import { type HeartbeatPlan, planHeartbeat, planReports } from "@/lib/core/heartbeat";
import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { ChannelReport, Tunnel } from "@/lib/core/ports/table-source";
import { isWorthShowing, retryDelayMs } from "@/lib/core/retry-policy";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters } from "./adapters";
import type { DeliveryEvents } from "./events";
import type { Limit } from "./limit";
import { rescanTunnelName } from "./verify/rescan-tunnel";

/** How long the tunnel waits for a heartbeat before it forgets the client. Takeover does not wait for it. */
const clientTimeoutSeconds = 300;
/** Between two heartbeats while the tunnel prepares its first channel. */
const initialisingHeartbeatMs = 1_000;
/** Between two looks at a deleted task whose loops have not ended yet. */
const forgetRetryMs = 500;

/** With the delays of a user fault, about half a minute. */
const deleteTunnelAttemptsMax = 6;

export type TaskHolderOptions = {
  readonly workerId: string;
  readonly ledger: Ledger;
  readonly adapters: Adapters;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly random: () => number;
  /** Between two heartbeats when nothing happens. */
  readonly heartbeatMs: number;
  /** Called when there is something to claim or to stop. */
  readonly onChannelsChanged: () => void;
};

/**
 * Keeps one task connected to its tunnel: the one client of that tunnel, on behalf of every worker.
 * `tick` is called often and asks nobody anything until a round is due; it never throws.
 */
export class TaskHolder {
  readonly #o: TaskHolderOptions;
  #task: HeldTask;
  /** The client that this holder connected. What is stored may be older than it. */
  #connectedAs: string | null = null;
  /** The client that the tunnel has forgotten, whatever is stored. */
  #forgottenClient: string | null = null;
  #isTunnelDeleted = false;
  /** On the clock that never steps: set back by an hour, the wall's would be no heartbeat for an hour. */
  #nextHeartbeatAtMs = 0;
  #nextTryAtMs = 0;
  #failures = 0;
  #errorShown = true;
  #ticking: Promise<void> | null = null;

  constructor(options: TaskHolderOptions, task: HeldTask) {
    this.#o = options;
    this.#task = task;
  }

  get task(): HeldTask {
    return this.#task;
  }

  /** The task as it is stored now. One round at a time, and of all holders as many as `atOnce` lets. */
  tick(task: HeldTask, atOnce: Limit): void {
    this.#task = task;
    if (this.#ticking !== null || !this.#isDue()) return;
    this.#ticking = atOnce
      .run(() => this.#round())
      .finally(() => {
        this.#ticking = null;
      });
  }

  /** Resolves when no round is out. */
  async idle(): Promise<void> {
    await this.#ticking;
  }

  #isDue(): boolean {
    const { desiredState, completedAt, hasUnreportedEnd } = this.#task;
    const nowMs = this.#o.clock.monotonic();
    if (nowMs < this.#nextTryAtMs) return false;
    if (desiredState === "deleted") return true;
    if (completedAt !== null) return this.#errorShown;
    return hasUnreportedEnd || nowMs >= this.#nextHeartbeatAtMs;
  }

  async #round(): Promise<void> {
    try {
      if (this.#task.desiredState === "deleted") await this.#forget();
      else if (this.#task.completedAt === null) await this.#beat();
      await this.#healthy();
    } catch (thrown) {
      await this.#failed(toAppError(thrown));
    }
  }

  async #beat(): Promise<void> {
    const { ledger, clock } = this.#o;
    const known = await ledger.listTaskChannels(this.#task.id);
    const { hasUnreportedEnd } = this.#task;
    const reports = planReports(known);
    const tunnel = await this.#tunnel();
    const clientId = this.#client() ?? (await this.#connect(tunnel));
    const answer = await this.#heartbeat(tunnel, clientId, reports);
    const isInitialising = known.length === 0 && answer.length === 0;
    this.#nextHeartbeatAtMs =
      clock.monotonic() + (isInitialising ? initialisingHeartbeatMs : this.#o.heartbeatMs);
    await this.#apply(planHeartbeat({ known, reports, answer }), tunnel, clientId);
    if (known.length > 0 && !hasUnreportedEnd) await this.#saveConsumedThrough(tunnel);
  }

  #client(): string | null {
    const { tunnelClientId } = this.#task;
    const stored = tunnelClientId === this.#forgottenClient ? null : tunnelClientId;
    return this.#connectedAs ?? stored;
  }

  async #connect(tunnel: Tunnel): Promise<string> {
    const { ledger, workerId, events } = this.#o;
    const { id: taskId, tunnelClientId: replaces } = this.#task;
    const clientId = await tunnel.connect({
      timeoutSeconds: clientTimeoutSeconds,
      tag: `culvert-${this.#task.settings.name}`,
    });
    const held = await ledger.saveTunnelClient({ workerId, taskId, clientId, replaces });
    if (!held) throw new AppError("internal.lease_lost", "Another holder keeps the task's client");
    this.#connectedAs = clientId;
    events.tunnelConnected({ task: this.#task.settings.name, clientId });
    return clientId;
  }

  async #heartbeat(
    tunnel: Tunnel,
    clientId: string,
    reports: readonly ChannelReport[],
  ): Promise<ChannelReport[]> {
    try {
      return await tunnel.heartbeat(clientId, reports);
    } catch (thrown) {
      // The id is worth nothing any more; the next round connects anew. Positions are ours.
      if (thrown instanceof AppError && thrown.code === "source.client_gone") {
        this.#forgottenClient = clientId;
        this.#connectedAs = null;
      }
      throw thrown;
    }
  }

  async #apply(plan: HeartbeatPlan, tunnel: Tunnel, clientId: string): Promise<void> {
    const { ledger, workerId, events } = this.#o;
    const { id: taskId, settings } = this.#task;
    const added = await Promise.all(
      plan.added.map(async ({ channelId }) => ({
        channelId,
        kind: plan.kindOf(channelId),
        ...(await tunnel.readCheckpoint(clientId, channelId)),
      })),
    );
    if (added.length > 0) {
      await ledger.addChannels({ taskId, channels: added });
      events.channelsAdded({
        task: settings.name,
        channels: added.map(({ channelId }) => channelId),
      });
      await ledger.saveTaskFacts({
        workerId,
        taskId,
        facts: {
          initialisedAt: new Date(this.#o.clock.now()),
          stage: added.some(({ kind }) => kind === "stream") ? "stream" : "base",
        },
      });
    }
    const reports = [...plan.reports, ...plan.added];
    if (reports.length > 0) await ledger.saveChannelReports({ taskId, reports });
    if (added.length > 0) this.#o.onChannelsChanged();
    if (settings.mode === "full" && plan.allTerminated) await this.#completeFull(tunnel, clientId);
  }

  /** A stream that nobody writes to moves no checkpoint; the tunnel's word is what shows it is not late. */
  async #saveConsumedThrough(tunnel: Tunnel): Promise<void> {
    const { channels } = await tunnel.describe();
    const consumed = channels.flatMap(({ channelId, consumedThroughMs }) =>
      consumedThroughMs === null ? [] : [{ channelId, consumedThroughMs }],
    );
    const { id: taskId } = this.#task;
    if (consumed.length > 0)
      await this.#o.ledger.saveConsumedThrough({ taskId, channels: consumed });
  }

  /** The tunnel's own word is what ends a full delivery: channels may appear one after the other. */
  async #completeFull(tunnel: Tunnel, clientId: string): Promise<void> {
    const { channels } = await tunnel.describe();
    if (!channels.every(({ status }) => status === "terminated")) return;
    const completedAt = new Date(this.#o.clock.now());
    await this.#o.ledger.saveTaskFacts({
      workerId: this.#o.workerId,
      taskId: this.#task.id,
      facts: { completedAt },
    });
    this.#o.events.taskCompleted({ task: this.#task.settings.name });
    await tunnel.shutdown(clientId);
  }

  /**
   * Deletion: the ledger keeps what was delivered; the tunnel and every open upload go. A source that is
   * gone for good, or whose key was revoked, must not keep the task: its tunnel is then left behind.
   */
  async #forget(): Promise<void> {
    const { clock, ledger, workerId, events } = this.#o;
    const { settings, tunnelName, id: taskId } = this.#task;
    if (!this.#isTunnelDeleted) {
      await this.#deleteTunnel().catch((thrown) => {
        if (this.#failures + 1 < deleteTunnelAttemptsMax) throw thrown;
        events.tunnelLeftBehind({ task: settings.name, tunnel: tunnelName }, toAppError(thrown));
      });
      this.#isTunnelDeleted = true;
    }
    this.#nextTryAtMs = clock.monotonic() + forgetRetryMs;
    if (await ledger.forgetTask({ workerId, taskId }))
      events.taskForgotten({ task: settings.name });
  }

  async #deleteTunnel(): Promise<void> {
    const { settings, tunnelName: name } = this.#task;
    const source = await this.#o.adapters.source(settings.sourceId);
    await source.deleteTunnel({ table: settings.table, name: rescanTunnelName(this.#task) });
    await source.deleteTunnel({ table: settings.table, name });
  }

  async #tunnel(): Promise<Tunnel> {
    const { settings, tunnelName: name, tunnelId } = this.#task;
    const source = await this.#o.adapters.source(settings.sourceId);
    return source.openTunnel({ table: settings.table, name, tunnelId });
  }

  async #healthy(): Promise<void> {
    this.#failures = 0;
    if (!this.#errorShown) return;
    await this.#o.ledger.saveTaskFacts({
      workerId: this.#o.workerId,
      taskId: this.#task.id,
      facts: { error: null },
    });
    this.#errorShown = false;
  }

  async #failed(error: AppError): Promise<void> {
    const { clock, events, ledger, workerId } = this.#o;
    this.#failures += 1;
    const delayMs = retryDelayMs(error.fault, this.#failures, this.#o.random());
    this.#nextTryAtMs = clock.monotonic() + delayMs;
    events.taskFailed({ task: this.#task.settings.name, attempt: this.#failures }, error);
    if (!isWorthShowing(error.fault, this.#failures)) return;
    const fact = {
      code: error.code,
      details: error.details,
      attempt: this.#failures,
      nextTryAt: new Date(clock.now() + delayMs),
    };
    this.#errorShown = true;
    await ledger
      .saveTaskFacts({ workerId, taskId: this.#task.id, facts: { error: fact } })
      .catch((thrown) => events.tickFailed(toAppError(thrown)));
  }
}
