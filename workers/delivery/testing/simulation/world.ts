import type { AppError } from "@/lib/core/error";
import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { TableSource, Tunnel } from "@/lib/core/ports/table-source";
import type { SyncMode } from "@/lib/core/task";
import { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import type { Adapters } from "../../adapters";
import type { DeliveryEvents } from "../../events";
import type { Directed } from "./directed";
import { bendLedger, bendStore, bendTunnel, type Mutant } from "./mutants";
import type { ProcessState } from "./network";
import { overridden } from "./overridden";
import { faultsUntilMs, SeededWorld } from "./seeded-world";
import { SimulatedLedger } from "./simulated-ledger";
import {
  createSimulatedDecoder,
  type SimulatedRecord,
  schemaVersionOne,
} from "./simulated-records";
import { SimulatedChannel, SimulatedTunnel } from "./simulated-tunnel";
import { type LedgerPort, Violation, Watcher } from "./watcher";

export type WorldOptions = {
  readonly mutant?: Mutant | undefined;
  /** Nothing fails but the source, for a while; so D5 has to hold to the millisecond of a latency. */
  readonly isCalm?: boolean;
  /** Nothing else happens. */
  readonly directed?: Directed | undefined;
  /** It goes on that long, though everything was delivered before. */
  readonly lastsMs?: number;
  /** Keeps what happens, line by line. */
  readonly isTraced?: boolean;
};

export const bucket = "sim";
export const location = "memory";
const flushMs = 1_000;
/** How long a read of nothing takes. */
const emptyReadsMs = [0, 120, 5 * flushMs];
const recordsMax = 16;
const writeEveryMs = 150;
/** A calm world's source is away for longer than a batch may stay open. */
const awayFromMs = 1_200;
const awayUntilMs = 6_000;
const ownersNeverMeet: ReadonlySet<string> = new Set([
  ...["source.tunnel_expired", "source.checkpoint_ahead", "task.reread_differs"],
]);
const modes: readonly SyncMode[] = ["differential", "incremental", "full", "differential"];

const settings: HeldTask["settings"] = {
  ...{ name: "sim", sourceId: "sim", table: "sim", destinationId: "sim", prefix: "sim" },
  ...{ mode: "differential", timeZone: "UTC", eventTime: null, schema: { kind: "auto" } },
  flush: { seconds: flushMs / 1_000, bytes: 100_000 },
  ...{ dirtyPrefix: "_dirty/sim", compression: "uncompressed", objectSuffix: "" },
  metadataColumns: [],
};

export const task: HeldTask = {
  ...{ id: "task", settings, desiredState: "running", tunnelName: "t", tunnelId: "t" },
  ...{ tunnelClientId: null, initialisedAt: null, completedAt: null, hasUnreportedEnd: false },
};

/** Small enough for a row group of a few rows to make one. */
export const partBytesMin = 100;

/** Store, database, tunnel and time of one schedule. Who decides what fails is the seed alone. */
export class World extends SeededWorld {
  readonly store = new InMemoryObjectStore({ bucket, partBytesMin });
  readonly memoryBudgetBytes: number;
  readonly ledger: SimulatedLedger;
  readonly tunnel: SimulatedTunnel;
  readonly watcher: Watcher;
  readonly isCalm: boolean;
  readonly directed: Directed | undefined;
  readonly lastsMs: number;
  readonly #emptyReadMs: number;
  readonly #mutant: Mutant | undefined;
  readonly #ports: { ledger: LedgerPort; store: ObjectStore; tunnel: Tunnel };

  constructor(seed: number, options: WorldOptions) {
    const { mutant, isCalm = false, isTraced = false, directed } = options;
    super(seed, isTraced);
    this.#mutant = mutant;
    this.isCalm = isCalm;
    this.directed = directed;
    this.lastsMs = options.lastsMs ?? faultsUntilMs;
    const nowMs = () => this.queue.nowMs;
    const mode = modes[this.below(modes.length)] ?? "differential";
    // Batches that a few rows fill, of which many are open at the same time.
    const bytes = this.below(4) === 0 ? 300 : settings.flush.bytes;
    const flush = { ...settings.flush, bytes };
    // In some worlds a few rows fill a worker's memory, so that they are staged ahead of their batch.
    const isShort = mutant === undefined && directed === undefined && this.below(4) === 0;
    this.memoryBudgetBytes = isShort ? 200 + this.below(1_000) : 2_000_000;
    this.#emptyReadMs = emptyReadsMs[this.below(emptyReadsMs.length)] ?? 0;
    const simulated = { ...task, settings: { ...settings, mode, flush } };
    this.ledger = new SimulatedLedger(simulated, schemaVersionOne, nowMs);
    const recordsPerReadMax = () => 1 + this.below(6);
    this.tunnel = new SimulatedTunnel(this.#makeChannels(mode), {
      nowMs,
      recordsMax: recordsPerReadMax,
    });
    this.watcher = new Watcher({
      ...{ ledger: this.ledger, store: this.store, tunnel: this.tunnel, nowMs, met: this.count },
      openMsMax: isCalm ? flushMs : null,
    });
    this.#ports = {
      ledger: this.watcher.watchLedger(bendLedger(mutant, this.ledger, this.tunnel)),
      store: this.watcher.watchStore(bendStore(mutant, this.store)),
      tunnel: bendTunnel(mutant, this.tunnel),
    };
    if (isCalm) {
      this.queue.schedule(awayFromMs, () => this.network.away.add("tunnel"));
      this.queue.schedule(awayUntilMs, () => this.network.away.delete("tunnel"));
    }
  }

  override get isFaulty(): boolean {
    return !this.isCalm && !this.directed && super.isFaulty;
  }

  /** Everything whose records are written and acked, and every end told to the tunnel. */
  get isDelivered(): boolean {
    if (this.ledger.isForgotten) return true;
    if (this.ledger.task.desiredState === "deleted") return false;
    if (this.ledger.task.settings.mode === "full") return this.ledger.task.completedAt !== null;
    return [...this.tunnel.channels.values()].every((channel) => {
      if (channel.hasEnd) return this.tunnel.statusOf(channel.channelId) === "terminated";
      return channel.trimmed === channel.records.length && this.ledger.channelOf(channel.channelId);
    });
  }

  /** The database as one process reaches it. */
  ledgerOf(process: ProcessState): Ledger {
    const calls = this.network.over("ledger", this.#ports.ledger, process);
    return overridden<Ledger>(calls, {
      // Nothing is asked of the real one either.
      getTasks: async (taskIds) => (taskIds.length === 0 ? [] : calls.getTasks(taskIds)),
      // Two statements of the real one: a process can end, or an answer be lost, between them.
      markPublished: async (request) => {
        await calls.markObjects(request);
        await calls.markBatch(request);
      },
    });
  }

  adaptersOf(process: ProcessState): Adapters {
    const store = this.network.over("store", this.#ports.store, process);
    const calls = this.network.over("tunnel", this.#ports.tunnel, process);
    const clock = this.network.clockOf(process);
    const tunnel = overridden<Tunnel>(calls, {
      // Some sources hold an answer back that has nothing in it, some longer than a batch may be open.
      readRecords: async (clientId, channelId, token) => {
        const page = await calls.readRecords(clientId, channelId, token);
        if (page.recordCount === 0 && !page.finished) await clock.sleep(this.#emptyReadMs);
        return page;
      },
    });
    const deleted = this.network.over(
      "tunnel",
      { deleteTunnel: async () => this.#deleteTunnel() },
      process,
    );
    const never = () => Promise.reject(new Error("Workers do not ask for this"));
    const source: TableSource = {
      ...{ listTables: never, describeTable: never, sampleRows: never, createTunnel: never },
      ...{ deleteTunnel: () => deleted.deleteTunnel(), close: async () => {} },
      openTunnel: () => tunnel,
      createDecoder: (mapping) =>
        createSimulatedDecoder(mapping, this.#mutant === "second read takes whole pages"),
    };
    return {
      source: async () => source,
      destination: async () => ({ store, bucket, location }),
    };
  }

  /** Without a network: for whoever comes when everything is over. */
  get ports(): { readonly ledger: Ledger; readonly adapters: Adapters } {
    const { ledger, store } = this.#ports;
    const destination = async () => ({ store, bucket, location });
    return { ledger, adapters: { destination, source: () => Promise.reject(new Error("Over")) } };
  }

  events(): DeliveryEvents {
    return this.eventsAs<DeliveryEvents>();
  }

  protected override onError(error: AppError, tags: Readonly<Record<string, unknown>>): void {
    // A zombie may meet what its heir has acked; whoever owns the channel must not.
    const isLost = ownersNeverMeet.has(error.code);
    const { epoch } = this.ledger.channelOf(String(tags.channel)) ?? {};
    if (isLost && epoch === tags.epoch)
      this.break(new Violation(`D7: the owner met ${error.code}: ${error.message}`));
  }

  #deleteTunnel(): void {
    this.tunnel.isDeleted = true;
  }

  #makeChannels(mode: SyncMode): SimulatedChannel[] {
    const make = (kind: "base" | "stream") => (_: unknown, index: number) =>
      new SimulatedChannel(
        `${kind === "base" ? "BaseData_" : "s"}${index}`,
        kind,
        this.#makeRecords(kind === "base" ? 100 * index : 1_000 + 100 * index, kind),
      );
    const some = () => Array.from({ length: 1 + this.below(2) });
    const base = mode === "incremental" ? [] : some().map(make("base"));
    return [...base, ...(mode === "full" ? [] : some().map(make("stream")))];
  }

  #makeRecords(firstId: number, kind: "base" | "stream"): SimulatedRecord[] {
    const extraFrom = this.below(recordsMax * 2);
    let writtenAtMs = 0;
    return Array.from({ length: 3 + this.below(recordsMax) }, (_, index) => {
      const dice = this.below(12);
      const what = dice === 0 ? "delete" : dice === 1 ? "dirty" : "row";
      if (kind === "stream") writtenAtMs += this.random() * 2 * writeEveryMs;
      return { id: firstId + index, writtenAtMs, kind: what, hasExtra: index >= extraFrom };
    });
  }
}
