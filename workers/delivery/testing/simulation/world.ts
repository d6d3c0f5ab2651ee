import { AppError } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import type { ChannelLedger, HeldTask } from "@/lib/core/ports/ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { TableSource, Tunnel } from "@/lib/core/ports/table-source";
import type { Clock } from "@/lib/platform/clock";
import { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import { createRandom, EventQueue } from "./event-queue";
import { SimulatedLedger } from "./simulated-ledger";
import {
  createSimulatedDecoder,
  flushMs,
  SimulatedChannel,
  type SimulatedRecord,
  schemaVersionOne,
} from "./simulated-source";
import { Watcher } from "./watcher";

/** How the world is bent so that a guarantee has to break: a simulator that finds none is worth nothing. */
export type Mutant = "no epoch check" | "no fence" | "ack at decide" | "no re-read fallback";

export type WorldOptions = {
  readonly mutant?: Mutant;
  /** Nothing fails but the source, for a while; so D5 has to hold to the millisecond of a latency. */
  readonly isCalm?: boolean;
};

export type SimulatedWorker = { readonly id: string; isAlive: boolean };

export const bucket = "sim";
export const location = "memory";
const channelsMax = 2;
const recordsMax = 40;
const traceLinesMax = 400;
const writeEveryMs = 60;
/** A calm world's source is away for longer than a batch may stay open. */
const awayFromMs = 700;
const awayUntilMs = 6_000;
/** After this nothing fails any more, so that everything has to come to its end. */
const faultsUntilMs = 40_000;

const settings: HeldTask["settings"] = {
  ...{ name: "sim", sourceId: "sim", table: "sim", destinationId: "sim", prefix: "sim" },
  ...{ mode: "differential", timeZone: "UTC", eventTime: null, schema: { kind: "auto" } },
  flush: { seconds: flushMs / 1_000, bytes: 100_000 },
  ...{ dirtyPrefix: "_dirty/sim", compression: "uncompressed", objectSuffix: "" },
  metadataColumns: [],
};

export const task: HeldTask = {
  ...{ id: "task", settings, desiredState: "running", tunnelName: "t", tunnelId: "t" },
  ...{ tunnelClientId: "client", initialisedAt: new Date(0), completedAt: null },
  hasUnreportedEnd: false,
};

/**
 * Store, ledger, tunnel and time of one schedule. Every call of a worker is three events: its request
 * arrives, it takes effect, its answer comes back; each can be late or lost, and a worker can be dead
 * at any of them. Who decides what fails is the seed alone.
 */
export class World {
  readonly queue = new EventQueue();
  readonly random: () => number;
  readonly store = new InMemoryObjectStore({ bucket });
  readonly ledger = new SimulatedLedger(task, schemaVersionOne);
  readonly tunnel = new Map<string, SimulatedChannel>();
  readonly watcher: Watcher;
  readonly trace: string[] = [];
  /** What has happened at least once: a schedule in which nothing does proves nothing. */
  readonly met = new Set<string>();
  readonly #mutant: Mutant | undefined;
  readonly isCalm: boolean;
  #objectIds = 0;

  constructor(seed: number, { mutant, isCalm = false }: WorldOptions) {
    this.random = createRandom(seed);
    this.#mutant = mutant;
    this.isCalm = isCalm;
    const channels = 1 + this.below(channelsMax);
    for (let index = 0; index < channels; index += 1) {
      const channelId = `c${index}`;
      this.tunnel.set(channelId, new SimulatedChannel(this.#makeRecords(index)));
      this.ledger.addChannel(channelId, "stream", "0");
    }
    this.watcher = new Watcher(this);
  }

  get isFaulty(): boolean {
    return !this.isCalm && this.queue.nowMs < faultsUntilMs;
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

  note(line: string): void {
    this.trace.push(`${String(Math.round(this.queue.nowMs)).padStart(7)} ${line}`);
    if (this.trace.length > traceLinesMax) this.trace.shift();
  }

  clockOf(worker: SimulatedWorker): Clock {
    const now = () => this.queue.nowMs;
    return {
      now,
      monotonic: now,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          signal?.addEventListener("abort", () => resolve());
          this.queue.schedule(ms, () => worker.isAlive && resolve());
        }),
    };
  }

  ledgerOf(worker: SimulatedWorker): ChannelLedger {
    const { ledger, watcher } = this;
    const call = <T>(label: string, effect: () => Promise<T>) =>
      this.#call(worker, `ledger.${label}`, "internal.database_unavailable", effect);
    return {
      getTasks: () => call("getTasks", () => ledger.getTasks()),
      listSchemas: () => call("listSchemas", () => ledger.listSchemas()),
      addSchema: (request) => call("addSchema", () => ledger.addSchema(request)),
      listUnacked: (lease) => call("listUnacked", () => ledger.listUnacked(lease)),
      lastSequences: (request) => call("lastSequences", () => ledger.lastSequences(request)),
      logUpload: (request) => call("logUpload", () => ledger.logUpload(request)),
      logUploadId: (request) => call("logUploadId", () => ledger.logUploadId(request)),
      forgetUpload: (id) => call("forgetUpload", () => ledger.forgetUpload(id)),
      decide: (request) =>
        call(`decide c${request.lease.channelKey}#${request.batch.number}`, async () => {
          const known = watcher.knowsBatch(request);
          const outcome = await ledger.decide(this.#bendDecide(request));
          this.met.add(`decide: ${outcome}${known ? " before" : ""}`);
          if (outcome === "decided" && !known) watcher.decided(request);
          if (outcome === "decided" && this.#mutant === "ack at decide") this.#ackEarly(request);
          return outcome;
        }),
      replaceUpload: (request) => call("replaceUpload", () => ledger.replaceUpload(request)),
      // Two statements of the real one: a process can end, or an answer be lost, between them.
      markPublished: async (request) => {
        await call("markObjects", async () => ledger.markObjects(request));
        await call("markBatch", async () => ledger.markBatch(request));
      },
      markAcked: (request) => call("markAcked", () => ledger.markAcked(request)),
      saveChannelError: () => call("saveChannelError", () => ledger.saveChannelError()),
      releaseChannel: (lease) => call("releaseChannel", () => ledger.releaseChannel(lease)),
    };
  }

  storeOf(worker: SimulatedWorker): ObjectStore {
    const { store } = this;
    const call = <T>(label: string, effect: () => Promise<T>) =>
      this.#call(worker, `store.${label}`, "destination.unavailable", effect);
    return {
      createUpload: (request) => call(`create ${request.key}`, () => store.createUpload(request)),
      uploadPart: (request) => call("part", () => store.uploadPart(request)),
      completeUpload: (request) =>
        call(`complete ${request.key} ${request.uploadId}`, async () => {
          const outcome = await store.completeUpload(request);
          this.met.add(`complete: ${outcome.kind}${worker.isAlive ? "" : " (dead)"}`);
          if (outcome.kind === "completed") await this.watcher.appeared(request.key);
          const isBent = this.#mutant === "no re-read fallback" && outcome.kind === "upload_gone";
          return isBent ? { kind: "completed", etag: "" } : outcome;
        }),
      abortUpload: (request) => call("abort", () => store.abortUpload(request)),
      head: (key) => call(`head ${key}`, () => store.head(key)),
      read: (key) => call("read", () => store.read(key)),
      list: (request) => call("list", () => store.list(request)),
      checkBucket: () => call("checkBucket", () => store.checkBucket()),
      close: () => {},
    };
  }

  sourceOf(worker: SimulatedWorker): TableSource {
    const call = <T>(label: string, effect: () => T) =>
      this.#call(worker, `tunnel.${label}`, "source.unavailable", async () => {
        const isAway =
          this.isCalm && this.queue.nowMs > awayFromMs && this.queue.nowMs < awayUntilMs;
        if (isAway) throw new AppError("source.unavailable", "The source is away");
        return effect();
      });
    const never = () => Promise.reject(new Error("Channel loops do not ask for this"));
    const tunnel: Tunnel = {
      ...{ connect: never, heartbeat: never, describe: never, shutdown: never },
      readCheckpoint: never,
      readRecords: (_, channelId, token) =>
        call(`read ${channelId} ${token}`, () =>
          this.#channel(channelId).read(token, 1 + this.below(6), this.queue.nowMs),
        ),
      writeCheckpoint: (_, channelId, position) =>
        call(`ack ${channelId} ${position.checkpoint} #${position.sequenceNumber}`, () => {
          this.#channel(channelId).write(position);
          this.watcher.acked(channelId);
        }),
    };
    return {
      ...{ listTables: never, describeTable: never, sampleRows: never, createTunnel: never },
      ...{ deleteTunnel: never, close: async () => {} },
      openTunnel: () => tunnel,
      createDecoder: (mapping) => createSimulatedDecoder(mapping),
    };
  }

  /** Request, effect, answer. A dead worker's request may still arrive; nobody hears its answer. */
  #call<T>(
    worker: SimulatedWorker,
    label: string,
    lost: ErrorCode,
    effect: () => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (said: string, give: () => void) =>
        this.queue.schedule(this.#latencyMs(), () => {
          if (!worker.isAlive) return;
          this.note(`${worker.id} ${label} → ${said}`);
          give();
        });
      const lose = (said: string) =>
        answer(said, () => reject(new AppError(lost, `${label}: ${said}`)));
      this.queue.schedule(this.#latencyMs(), async () => {
        if (this.fails(worker.isAlive ? 0.02 : 0.5)) return lose("request lost");
        this.note(`${worker.id} ${label}${worker.isAlive ? "" : " (dead)"}`);
        try {
          const result = await effect();
          if (this.fails(0.02)) return lose("answer lost");
          answer("done", () => resolve(result));
        } catch (thrown) {
          if (!(thrown instanceof AppError)) throw thrown;
          answer(thrown.code, () => reject(thrown));
        }
      });
    });
  }

  /** Mostly short; now and then long enough for a whole other life of the channel. */
  #latencyMs(): number {
    const ms = 1 + this.random() * 20;
    return this.fails(0.02) ? ms + this.random() * 5_000 : ms;
  }

  #bendDecide(request: Parameters<ChannelLedger["decide"]>[0]) {
    if (this.#mutant !== "no epoch check" && this.#mutant !== "no fence") return request;
    const channel = this.ledger.channels.get(request.lease.channelKey);
    if (!channel) return request;
    const { owner, epoch, batches, checkpoint } = channel;
    const lease = { ...request.lease, workerId: owner ?? "", epoch };
    if (owner === null) channel.owner = "";
    if (this.#mutant === "no epoch check") return { ...request, lease };
    channel.finished = false;
    const batch = { ...request.batch, number: batches.length + 1, startCheckpoint: checkpoint };
    return { ...request, lease, batch };
  }

  #ackEarly({ lease, batch }: Parameters<ChannelLedger["decide"]>[0]): void {
    const channelId = this.ledger.channels.get(lease.channelKey)?.channelId ?? "";
    const channel = this.#channel(channelId);
    channel.trimmed = Math.max(channel.trimmed, channel.consumedBy(batch.endCheckpoint));
    this.watcher.acked(channelId);
  }

  #channel(channelId: string): SimulatedChannel {
    const channel = this.tunnel.get(channelId);
    if (!channel) throw new Error(`No channel ${channelId}`);
    return channel;
  }

  #makeRecords(channel: number): SimulatedRecord[] {
    const extraFrom = this.below(recordsMax * 2);
    let writtenAtMs = 0;
    return Array.from({ length: 5 + this.below(recordsMax) }, (_, index) => {
      const dice = this.below(12);
      const kind = dice === 0 ? "delete" : dice === 1 ? "dirty" : "row";
      // Some are there from the beginning, as base data is.
      if (index > 8) writtenAtMs += this.random() * 2 * writeEveryMs;
      return { id: channel * 1_000 + index, writtenAtMs, kind, hasExtra: index >= extraFrom };
    });
  }
}
