import { AppError } from "@/lib/core/error";
import type { ChannelLedger, HeldTask } from "@/lib/core/ports/ledger";
import type { AdmitPage, RecordPage, Tunnel } from "@/lib/core/ports/table-source";
import type { Adapters } from "./adapters";

/**
 * A task's tunnel as any worker uses it: with the one client id that the task has at its source, which
 * the worker holding the task's heartbeat keeps alive. A forgotten client id is looked up again.
 */
export class TaskTunnel {
  readonly #ledger: ChannelLedger;
  readonly #adapters: Adapters;
  readonly #task: HeldTask;
  #clientId: string | null;

  constructor(options: { ledger: ChannelLedger; adapters: Adapters; task: HeldTask }) {
    this.#ledger = options.ledger;
    this.#adapters = options.adapters;
    this.#task = options.task;
    this.#clientId = options.task.tunnelClientId;
  }

  readRecords(channelId: string, checkpoint: string, admit?: AdmitPage): Promise<RecordPage> {
    return this.#call((tunnel, clientId) =>
      tunnel.readRecords(clientId, channelId, checkpoint, admit),
    );
  }

  /** The tunnel's compare-and-swap: `sequenceNumber` has to be the last accepted one + 1. */
  writeCheckpoint(channelId: string, checkpoint: string, sequenceNumber: bigint): Promise<void> {
    return this.#call((tunnel, clientId) =>
      tunnel.writeCheckpoint(clientId, channelId, { checkpoint, sequenceNumber }),
    );
  }

  async #call<T>(use: (tunnel: Tunnel, clientId: string) => Promise<T>): Promise<T> {
    const source = await this.#adapters.source(this.#task.settings.sourceId);
    const { tunnelName: name, tunnelId } = this.#task;
    const tunnel = source.openTunnel({ table: this.#task.settings.table, name, tunnelId });
    try {
      return await use(tunnel, await this.#client());
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === "source.client_gone") this.#clientId = null;
      throw thrown;
    }
  }

  async #client(): Promise<string> {
    this.#clientId ??= (await this.#ledger.getTasks([this.#task.id]))[0]?.tunnelClientId ?? null;
    if (this.#clientId !== null) return this.#clientId;
    throw new AppError("source.client_gone", "The task is not connected to its tunnel yet");
  }
}
