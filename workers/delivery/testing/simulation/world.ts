import type { AppError } from "@/lib/core/error";
import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { TableSource, Tunnel } from "@/lib/core/ports/table-source";
import type { SyncMode } from "@/lib/core/task";
import { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import type { Adapters } from "../../adapters";
import type { DeliveryEvents } from "../../events";
import type { Directed } from "./directed";
import { createRandom, EventQueue } from "./event-queue";
import { bendLedger, bendStore, bendTunnel, type Mutant } from "./mutants";
import { Network, type ProcessState } from "./network";
import { overridden } from "./overridden";
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
const emptyReadMs = 120;
const recordsMax = 16;
const writeEveryMs = 150;
const traceLinesMax = 4_000;
/** After this nothing fails any more, so that everything has to come to its end. */
const faultsUntilMs = 4_000;
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
export class World {
  readonly queue = new EventQueue();
  readonly random: () => number;
  readonly store = new InMemoryObjectStore({ bucket, partBytesMin });
  readonly memoryBudgetBytes: number;
  readonly ledger: SimulatedLedger;
  readonly tunnel: SimulatedTunnel;
  readonly watcher: Watcher;
  readonly network: Network;
  readonly isCalm: boolean;
  readonly directed: Directed | undefined;
  readonly lastsMs: number;
  readonly trace: string[] = [];
  /** How often each thing has happened: a schedule in which nothing does proves nothing. */
  readonly met = new Map<string, number>();
  /** The first guarantee that broke, or the first bug. */
  broken: unknown = null;
  readonly #mutant: Mutant | undefined;
  readonly #isTraced: boolean;
  readonly #ports: { ledger: LedgerPort; store: ObjectStore; tunnel: Tunnel };
  #objectIds = 0;

  constructor(seed: number, options: WorldOptions) {
    const { mutant, isCalm = false, isTraced = false, directed } = options;
    this.random = createRandom(seed);
    this.#mutant = mutant;
    this.isCalm = isCalm;
    this.directed = directed;
    this.lastsMs = options.lastsMs ?? faultsUntilMs;
    this.#isTraced = isTraced;
    const nowMs = () => this.queue.nowMs;
    const mode = modes[this.below(modes.length)] ?? "differential";
    // Batches that a few rows fill, of which many are open at the same time.
    const bytes = this.below(4) === 0 ? 300 : settings.flush.bytes;
    const flush = { ...settings.flush, bytes };
    // In some worlds a few rows fill a worker's memory, so that they are staged ahead of their batch.
    const isShort = mutant === undefined && directed === undefined && this.below(4) === 0;
    this.memoryBudgetBytes = isShort ? 200 + this.below(1_000) : 2_000_000;
    const simulated = { ...task, settings: { ...settings, mode, flush } };
    this.ledger = new SimulatedLedger(simulated, schemaVersionOne, nowMs);
    const recordsPerReadMax = () => 1 + this.below(6);
    this.tunnel = new SimulatedTunnel(this.#makeChannels(mode), {
      nowMs,
      recordsMax: recordsPerReadMax,
    });
    const count = (what: string) => this.count(what);
    this.watcher = new Watcher({
      ...{ ledger: this.ledger, store: this.store, tunnel: this.tunnel, nowMs, met: count },
      openMsMax: isCalm ? flushMs : null,
    });
    this.network = new Network({
      ...{ queue: this.queue, random: this.random, met: count },
      fails: (probability) => this.fails(probability),
      note: (line) => this.note(line),
      onBroken: (thrown) => this.break(thrown),
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

  get isFaulty(): boolean {
    return !this.isCalm && !this.directed && this.queue.nowMs < faultsUntilMs;
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  /** True with this probability, and never after the faults have ended. */
  fails(probability: number): boolean {
    return this.random() < probability && this.isFaulty;
  }

  newObjectId(): string {
    this.#objectIds += 1;
    return `o${this.#objectIds}`;
  }

  count(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  note(line: () => string): void {
    if (!this.#isTraced) return;
    this.trace.push(`${String(Math.round(this.queue.nowMs)).padStart(7)} ${line()}`);
    if (this.trace.length >= 2 * traceLinesMax) this.trace.splice(0, traceLinesMax);
  }

  break(thrown: unknown): void {
    this.broken ??= thrown;
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
      // The adapter waits a little where there is nothing to read, as its long poll does.
      async readRecords(clientId, channelId, token) {
        const page = await calls.readRecords(clientId, channelId, token);
        if (page.recordCount === 0 && !page.finished) await clock.sleep(emptyReadMs);
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

  /** Logs go to the counters and the trace. A bug of the code under test ends the schedule. */
  events(): DeliveryEvents {
    const methods = new Map<string, unknown>();
    return new Proxy({} as DeliveryEvents, {
      get: (_, name) => {
        const key = String(name);
        if (!methods.has(key)) methods.set(key, (...told: unknown[]) => this.#told(key, told));
        return methods.get(key);
      },
    });
  }

  #told(name: string, told: readonly unknown[]): void {
    const error = told.find((one) => one instanceof Error) as AppError | undefined;
    const tags = (told[0] ?? {}) as Readonly<Record<string, unknown>>;
    const how = error?.code ?? tags.why ?? tags.sealedBy;
    this.count(how === undefined ? name : `${name}: ${how}`);
    this.note(
      () => `  ${name} ${error ? `${error.code} ${error.message}` : ""} ${JSON.stringify(tags)}`,
    );
    if (!error) return;
    if (error.code === "internal.unexpected" || error.code === "internal.invariant_broken")
      this.break(error.cause ?? error);
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
