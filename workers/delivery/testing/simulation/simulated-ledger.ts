import { addCounts, isBalanced, zeroCounts } from "@/lib/core/account";
import { AppError, invariant } from "@/lib/core/error";
import type {
  ChannelLease,
  ClaimedChannel,
  DecidedBatch,
  DecidedObject,
  HeldTask,
  Ledger,
} from "@/lib/core/ports/ledger";
import type { ChannelKind, ChannelReport, RecordCounts } from "@/lib/core/ports/table-source";
import type { SchemaMapping } from "@/lib/core/schema-mapping";

type Request<M extends keyof Ledger> = Parameters<Ledger[M]>[0];

export type LedgerObject = DecidedObject & { isPublished: boolean };
export type LedgerBatch = Omit<DecidedBatch, "objects"> & {
  readonly epoch: number;
  readonly objects: LedgerObject[];
  isPublished: boolean;
};
export type LedgerChannel = {
  readonly key: string;
  readonly channelId: string;
  readonly kind: ChannelKind;
  readonly lane: number;
  owner: string | null;
  epoch: number;
  checkpoint: string;
  finished: boolean;
  readonly batches: LedgerBatch[];
  ackedBatchNumber: number;
  ackedSequenceNumber: bigint;
  isDrained: boolean;
  showsError: boolean;
  counts: RecordCounts;
  report: ChannelReport;
};
type LoggedUpload = Request<"logUpload"> & { readonly atMs: number; uploadId: string | null };

/** The janitor's day is a second here: no schedule lasts that long. */
const dayMs = 24 * 60 * 60 * 1_000;
const simulatedDayMs = 1_000;

/**
 * The database in memory with one task, held to the same contract as the real one
 * (lib/db/testing/ledger-contract.ts). Nothing in here waits: each method is one effect.
 */
export class SimulatedLedger implements Ledger {
  readonly channels = new Map<string, LedgerChannel>();
  readonly objectsById = new Map<string, LedgerObject>();
  readonly objectsByKey = new Map<string, LedgerObject>();
  uploads: LoggedUpload[] = [];
  task: HeldTask;
  isForgotten = false;
  readonly #nowMs: () => number;
  readonly #workers = new Map<string, number>();
  readonly #schemas: SchemaMapping[];
  readonly #lastSequences = new Map<string, number>();
  #holder: string | null = null;

  /** `nowMs` is the database's clock, the one that leases live on. */
  constructor(task: HeldTask, schema: SchemaMapping, nowMs: () => number) {
    this.task = task;
    this.#schemas = [schema];
    this.#nowMs = nowMs;
  }

  // ---- workers, and what they hold

  async renewWorker({ workerId, leaseMs }: Request<"renewWorker">): Promise<boolean> {
    const isAlive = this.isAlive(workerId);
    const isKnown = this.#workers.has(workerId);
    this.#workers.set(workerId, this.#nowMs() + leaseMs);
    if (isAlive || !isKnown) return true;
    for (const channel of this.channels.values())
      if (channel.owner === workerId) channel.owner = null;
    if (this.#holder === workerId) this.#holder = null;
    return false;
  }

  isAlive(workerId: string | null): boolean {
    return workerId !== null && (this.#workers.get(workerId) ?? 0) > this.#nowMs();
  }

  /** The lease ends now, whatever its worker thinks. */
  endLease(workerId: string): void {
    if (this.#workers.has(workerId)) this.#workers.set(workerId, this.#nowMs());
  }

  async holdTasks({ workerId }: Request<"holdTasks">): Promise<HeldTask[]> {
    if (this.isForgotten) return [];
    const isOpen = this.task.completedAt === null || this.task.desiredState === "deleted";
    if (!this.isAlive(this.#holder) && isOpen && this.isAlive(workerId)) this.#holder = workerId;
    return this.#holder === workerId ? this.getTasks([this.task.id]) : [];
  }

  async saveTunnelClient(request: Request<"saveTunnelClient">): Promise<boolean> {
    const { workerId, clientId, replaces } = request;
    const isHeld = !this.isForgotten && this.#holder === workerId;
    if (!isHeld || this.task.tunnelClientId !== replaces) return false;
    this.task = { ...this.task, tunnelClientId: clientId };
    return true;
  }

  async saveTaskFacts({ workerId, facts }: Request<"saveTaskFacts">): Promise<void> {
    if (this.isForgotten || this.#holder !== workerId) return;
    this.task = {
      ...this.task,
      initialisedAt: this.task.initialisedAt ?? facts.initialisedAt ?? null,
      completedAt: this.task.completedAt ?? facts.completedAt ?? null,
    };
  }

  async forgetTask({ workerId }: Request<"forgetTask">): Promise<boolean> {
    const isBusy = this.#present().some(({ owner }) => this.isAlive(owner));
    const isWanted = this.task.desiredState !== "deleted" || this.#holder !== workerId;
    if (this.isForgotten || isBusy || isWanted) return false;
    this.isForgotten = true;
    return true;
  }

  async getTasks(taskIds: readonly string[]): Promise<HeldTask[]> {
    if (this.isForgotten || !taskIds.includes(this.task.id)) return [];
    const hasUnreportedEnd = this.#present().some(
      ({ isDrained, report }) => isDrained && report.status !== "terminated",
    );
    return [{ ...this.task, hasUnreportedEnd }];
  }

  async addChannels({ channels }: Request<"addChannels">): Promise<void> {
    if (this.isForgotten) return;
    for (const { channelId, kind, checkpoint, sequenceNumber } of channels) {
      if (this.channelOf(channelId)) continue;
      const lane = this.channels.size;
      const key = String(lane + 1);
      this.channels.set(key, {
        ...{ key, channelId, kind, lane, owner: null, epoch: 0, checkpoint, finished: false },
        ...{ batches: [], ackedBatchNumber: 0, ackedSequenceNumber: sequenceNumber },
        ...{ isDrained: false, showsError: false, counts: zeroCounts() },
        report: { channelId, status: "open", version: 0n },
      });
    }
  }

  async listTaskChannels(): ReturnType<Ledger["listTaskChannels"]> {
    return this.#present().map(({ channelId, kind, report, isDrained }) => {
      return { channelId, kind, report, drained: isDrained };
    });
  }

  async saveChannelReports({ reports }: Request<"saveChannelReports">): Promise<void> {
    for (const report of reports) {
      const channel = this.channelOf(report.channelId);
      if (channel) channel.report = report;
    }
  }

  async saveConsumedThrough(): Promise<void> {}

  channelOf(channelId: string): LedgerChannel | undefined {
    for (const channel of this.channels.values())
      if (channel.channelId === channelId) return channel;
    return undefined;
  }

  // ---- who may write a channel

  async claimChannels({ workerId, limit }: Request<"claimChannels">): Promise<ClaimedChannel[]> {
    if (!this.isAlive(workerId) || this.task.desiredState !== "running") return [];
    return this.#present()
      .filter(({ isDrained, owner }) => !isDrained && !this.isAlive(owner))
      .slice(0, limit)
      .map((channel) => this.#claim(channel, workerId));
  }

  #claim(channel: LedgerChannel, workerId: string): ClaimedChannel {
    channel.owner = workerId;
    channel.epoch += 1;
    const { key: channelKey, channelId, kind, lane, epoch, checkpoint, finished } = channel;
    const { ackedBatchNumber, ackedSequenceNumber, showsError } = channel;
    return {
      ...{ channelKey, workerId, epoch, taskId: this.task.id, channelId, kind, lane },
      ...{ taskName: this.task.settings.name, checkpoint, finished },
      ...{ batchNumber: channel.batches.length, ackedBatchNumber, ackedSequenceNumber, showsError },
    };
  }

  async fairShare(workerId: string): Promise<{ channels: number; workers: number }> {
    const others = [...this.#workers.keys()].filter((id) => id !== workerId && this.isAlive(id));
    const isRunning = this.task.desiredState === "running";
    const channels = this.#present().filter(
      ({ isDrained, owner }) => !isDrained && (isRunning || this.isAlive(owner)),
    );
    const workers = others.length + 1;
    return { channels: Math.ceil(channels.length / workers), workers };
  }

  holds({ channelKey, workerId, epoch }: ChannelLease): boolean {
    const channel = this.#find(channelKey);
    return channel?.owner === workerId && channel.epoch === epoch;
  }

  async releaseChannel(lease: ChannelLease): Promise<void> {
    const channel = this.#find(lease.channelKey);
    if (channel && this.holds(lease)) channel.owner = null;
  }

  async releaseAllBut({ workerId, channelKeys }: Request<"releaseAllBut">): Promise<void> {
    for (const channel of this.#present())
      if (channel.owner === workerId && !channelKeys.includes(channel.key)) channel.owner = null;
  }

  async saveChannelError(request: Request<"saveChannelError">): Promise<"saved" | "fenced"> {
    const channel = this.#find(request.lease.channelKey);
    if (!channel || !this.holds(request.lease)) return "fenced";
    channel.showsError = request.error !== null;
    return "saved";
  }

  // ---- schema versions and uploads

  async listSchemas(): Promise<SchemaMapping[]> {
    return [...this.#schemas];
  }

  async addSchema({ schema }: Request<"addSchema">): Promise<SchemaMapping> {
    this.#schemas[schema.version - 1] ??= schema;
    return this.#schemas[schema.version - 1] as SchemaMapping;
  }

  async lastSequences(request: Request<"lastSequences">): Promise<ReadonlyMap<string, number>> {
    const last = new Map<string, number>();
    for (const stem of request.stems) {
      const sequence = this.#lastSequences.get(`${request.bucket} ${stem}`);
      if (sequence !== undefined) last.set(stem, sequence);
    }
    return last;
  }

  async logUpload(request: Request<"logUpload">): Promise<void> {
    this.uploads.push({ ...request, atMs: this.#nowMs(), uploadId: null });
  }

  async logUploadId({ objectId, uploadId }: Request<"logUploadId">): Promise<void> {
    const entry = this.uploads.findLast((one) => one.objectId === objectId && !one.uploadId);
    if (entry) entry.uploadId = uploadId;
  }

  async forgetUpload(request: Request<"forgetUpload">): Promise<void> {
    const { objectId, workerId, uploadId } = request;
    this.uploads = this.uploads.filter(
      (one) => one.objectId !== objectId || one.workerId !== workerId || one.uploadId !== uploadId,
    );
  }

  async listAbandonedUploads(
    request: Request<"listAbandonedUploads">,
  ): ReturnType<Ledger["listAbandonedUploads"]> {
    const ageMs = (request.olderThanMs / dayMs) * simulatedDayMs;
    return this.uploads
      .filter(({ atMs, objectId, workerId }) => {
        const isOld = atMs < this.#nowMs() - ageMs;
        return isOld && !this.#isAwaited(objectId) && !this.isAlive(workerId);
      })
      .slice(0, request.limit)
      .map((upload) => ({ ...upload }));
  }

  /** Decided, not published, and of a channel that somebody may publish for. */
  #isAwaited(objectId: string): boolean {
    return this.objectsById.get(objectId)?.isPublished === false && !this.isForgotten;
  }

  // ---- decide, publish, ack

  async decide({ lease, batch }: Request<"decide">): Promise<"decided" | "fenced"> {
    invariant(isBalanced(batch.counts), "The account of a batch balances");
    const channel = this.#find(lease.channelKey);
    if (!channel) return "fenced";
    const moves =
      this.holds(lease) &&
      channel.batches.length === batch.number - 1 &&
      channel.checkpoint === batch.startCheckpoint &&
      !channel.finished;
    if (moves) this.append(channel, batch, lease.epoch);
    return moves || this.#isDecided(channel, batch, lease.epoch) ? "decided" : "fenced";
  }

  /** What a decide writes once the fence has let it through. */
  append(channel: LedgerChannel, batch: DecidedBatch, epoch: number): void {
    const places = batch.objects.map(({ location, bucket, key }) => `${location} ${bucket} ${key}`);
    if (places.some((place) => this.objectsByKey.has(place)))
      throw new AppError("internal.invariant_broken", "The key is in the ledger already");
    channel.checkpoint = batch.endCheckpoint;
    channel.finished = batch.finished;
    channel.counts = addCounts(channel.counts, batch.counts);
    const objects = batch.objects.map((object) => ({ ...object, isPublished: false }));
    for (const [index, object] of objects.entries()) {
      this.objectsById.set(object.objectId, object);
      this.objectsByKey.set(places[index] ?? "", object);
      const counted = `${object.bucket} ${object.stem}`;
      const last = this.#lastSequences.get(counted) ?? 0;
      this.#lastSequences.set(counted, Math.max(last, object.sequence));
    }
    channel.batches.push({ ...batch, objects, epoch, isPublished: objects.length === 0 });
  }

  /** Only the answer was lost: this very batch is there. */
  #isDecided(channel: LedgerChannel, batch: DecidedBatch, epoch: number): boolean {
    const stored = channel.batches[batch.number - 1];
    if (stored?.epoch !== epoch || stored.endCheckpoint !== batch.endCheckpoint) return false;
    const ids = new Set(stored.objects.map(({ objectId }) => objectId));
    return (
      ids.size === batch.objects.length && batch.objects.every(({ objectId }) => ids.has(objectId))
    );
  }

  async listUnacked({ channelKey }: ChannelLease): Promise<DecidedBatch[]> {
    const channel = this.#find(channelKey);
    return (channel?.batches ?? [])
      .slice(channel?.ackedBatchNumber)
      .map(({ isPublished: _, epoch: __, ...batch }) => ({
        ...batch,
        objects: batch.objects
          .filter(({ isPublished }) => !isPublished)
          .map(({ isPublished: _, ...object }) => object),
      }));
  }

  async replaceUpload(request: Request<"replaceUpload">): Promise<"replaced" | "fenced"> {
    const { lease, objectId, replaces, ...upload } = request;
    const object = this.objectsById.get(objectId);
    if (!this.holds(lease) || !object || object.isPublished) return "fenced";
    if (object.uploadId !== replaces && object.uploadId !== upload.uploadId) return "fenced";
    Object.assign(object, upload);
    return "replaced";
  }

  async markPublished(request: Request<"markPublished">): Promise<void> {
    await this.markObjects(request);
    await this.markBatch(request);
  }

  /** The real one's first statement: its process can end right after it. */
  async markObjects({ channelKey, batchNumber, objectIds }: Request<"markPublished">) {
    const batch = this.#find(channelKey)?.batches[batchNumber - 1];
    for (const object of batch?.objects ?? []) {
      if (!objectIds.includes(object.objectId) || object.isPublished) continue;
      object.isPublished = true;
      this.uploads = this.uploads.filter(({ uploadId }) => uploadId !== object.uploadId);
    }
  }

  async markBatch({ channelKey, batchNumber }: Request<"markPublished">): Promise<void> {
    const batch = this.#find(channelKey)?.batches[batchNumber - 1];
    if (batch?.objects.every(({ isPublished }) => isPublished)) batch.isPublished = true;
  }

  async markAcked(request: Request<"markAcked">): Promise<"acked" | "fenced"> {
    const { lease, batchNumber, sequenceNumber, finished } = request;
    const channel = this.#find(lease.channelKey);
    if (!channel || !this.holds(lease)) return "fenced";
    const open = channel.batches.find((one) => one.number <= batchNumber && !one.isPublished);
    if (open) throw new AppError("internal.invariant_broken", "Only a published batch is acked");
    channel.ackedBatchNumber = Math.max(channel.ackedBatchNumber, batchNumber);
    if (sequenceNumber > channel.ackedSequenceNumber) channel.ackedSequenceNumber = sequenceNumber;
    channel.isDrained ||= finished;
    return "acked";
  }

  /** Channels go with their task; what was delivered of them stays known. */
  #find(channelKey: string): LedgerChannel | undefined {
    return this.isForgotten ? undefined : this.channels.get(channelKey);
  }

  #present(): LedgerChannel[] {
    return this.isForgotten ? [] : [...this.channels.values()];
  }
}
