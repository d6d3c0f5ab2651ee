import { addCounts, isBalanced, zeroCounts } from "@/lib/core/account";
import { AppError, invariant } from "@/lib/core/error";
import type {
  ChannelLease,
  ChannelLedger,
  ClaimedChannel,
  DecidedBatch,
  DecidedObject,
  HeldTask,
} from "@/lib/core/ports/ledger";
import type { ChannelKind, RecordCounts } from "@/lib/core/ports/table-source";
import type { SchemaMapping } from "@/lib/core/schema-mapping";

type Request<M extends keyof ChannelLedger> = Parameters<ChannelLedger[M]>[0];

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
  counts: RecordCounts;
};
export type LoggedUpload = { readonly objectId: string; uploadId: string | null };

/**
 * The ledger in memory, held to the same contract as the real one (lib/db/testing/ledger-contract.ts).
 * Nothing in here waits: each method is one effect.
 */
export class SimulatedLedger implements ChannelLedger {
  readonly channels = new Map<string, LedgerChannel>();
  readonly uploads: LoggedUpload[] = [];
  readonly #schemas: SchemaMapping[];
  readonly #task: HeldTask;

  constructor(task: HeldTask, schema: SchemaMapping) {
    this.#task = task;
    this.#schemas = [schema];
  }

  addChannel(channelId: string, kind: ChannelKind, checkpoint: string): LedgerChannel {
    const lane = this.channels.size;
    const channel: LedgerChannel = {
      ...{ key: String(lane + 1), channelId, kind, lane, owner: null, epoch: 0, checkpoint },
      ...{ finished: false, batches: [], ackedBatchNumber: 0, ackedSequenceNumber: 0n },
      ...{ isDrained: false, counts: zeroCounts() },
    };
    this.channels.set(channel.key, channel);
    return channel;
  }

  /** Whoever owned the channel before: a lease can end at any moment. */
  claim(channelKey: string, workerId: string): ClaimedChannel {
    const channel = this.#channel(channelKey);
    channel.owner = workerId;
    channel.epoch += 1;
    const { channelId, kind, lane, epoch, checkpoint, finished } = channel;
    const { ackedBatchNumber, ackedSequenceNumber } = channel;
    return {
      ...{ channelKey, workerId, epoch, taskId: this.#task.id, channelId, kind, lane },
      ...{ taskName: this.#task.settings.name, checkpoint, finished },
      ...{ batchNumber: channel.batches.length, ackedBatchNumber, ackedSequenceNumber },
    };
  }

  holds({ channelKey, workerId, epoch }: ChannelLease): boolean {
    const channel = this.#channel(channelKey);
    return channel.owner === workerId && channel.epoch === epoch;
  }

  async getTasks(): Promise<HeldTask[]> {
    return [this.#task];
  }

  async listSchemas(): Promise<SchemaMapping[]> {
    return [...this.#schemas];
  }

  async addSchema({ schema }: Request<"addSchema">): Promise<SchemaMapping> {
    this.#schemas[schema.version - 1] ??= schema;
    return this.#schemas[schema.version - 1] as SchemaMapping;
  }

  async listUnacked({ channelKey }: ChannelLease): Promise<DecidedBatch[]> {
    const channel = this.#channel(channelKey);
    return channel.batches
      .filter(({ number }) => number > channel.ackedBatchNumber)
      .map(({ isPublished: _, epoch: __, ...batch }) => ({
        ...batch,
        objects: batch.objects
          .filter(({ isPublished }) => !isPublished)
          .map(({ isPublished: _, ...object }) => object),
      }));
  }

  async lastSequences(request: Request<"lastSequences">): Promise<ReadonlyMap<string, number>> {
    const last = new Map<string, number>();
    for (const { bucket, stem, sequence } of this.objects()) {
      if (bucket !== request.bucket) continue;
      if (request.stems.includes(stem)) last.set(stem, Math.max(last.get(stem) ?? 0, sequence));
    }
    return last;
  }

  async logUpload({ objectId }: Request<"logUpload">): Promise<void> {
    this.uploads.push({ objectId, uploadId: null });
  }

  async logUploadId({ objectId, uploadId }: Request<"logUploadId">): Promise<void> {
    const entry = this.uploads.findLast((one) => one.objectId === objectId && !one.uploadId);
    if (entry) entry.uploadId = uploadId;
  }

  async forgetUpload(objectId: string): Promise<void> {
    this.#forget((upload) => upload.objectId === objectId);
  }

  async decide({ lease, batch }: Request<"decide">): Promise<"decided" | "fenced"> {
    invariant(isBalanced(batch.counts), "The account of a batch balances");
    const channel = this.#channel(lease.channelKey);
    const moves =
      this.holds(lease) &&
      channel.batches.length === batch.number - 1 &&
      channel.checkpoint === batch.startCheckpoint &&
      !channel.finished;
    if (moves) this.#store(channel, batch, lease.epoch);
    return moves || this.#isDecided(channel, batch, lease.epoch) ? "decided" : "fenced";
  }

  async replaceUpload(request: Request<"replaceUpload">): Promise<"replaced" | "fenced"> {
    const { lease, objectId, ...upload } = request;
    const { batches } = this.#channel(lease.channelKey);
    const object = batches.flatMap(({ objects }) => objects).find((o) => o.objectId === objectId);
    if (!this.holds(lease) || !object || object.isPublished) return "fenced";
    Object.assign(object, upload);
    return "replaced";
  }

  async markPublished(request: Request<"markPublished">): Promise<void> {
    this.markObjects(request);
    this.markBatch(request);
  }

  /** The real one's first statement: its process can end right after it. */
  markObjects({ channelKey, batchNumber, objectIds }: Request<"markPublished">): void {
    const batch = this.#channel(channelKey).batches[batchNumber - 1];
    for (const object of batch?.objects ?? []) {
      if (!objectIds.includes(object.objectId)) continue;
      object.isPublished = true;
      this.#forget(({ uploadId }) => uploadId === object.uploadId);
    }
  }

  markBatch({
    channelKey,
    batchNumber,
  }: Pick<Request<"markPublished">, "channelKey" | "batchNumber">): void {
    const batch = this.#channel(channelKey).batches[batchNumber - 1];
    if (batch?.objects.every(({ isPublished }) => isPublished)) batch.isPublished = true;
  }

  async markAcked(request: Request<"markAcked">): Promise<"acked" | "fenced"> {
    const { lease, batchNumber, sequenceNumber, finished } = request;
    const channel = this.#channel(lease.channelKey);
    if (!this.holds(lease)) return "fenced";
    const open = channel.batches.find((one) => one.number <= batchNumber && !one.isPublished);
    if (open) throw new AppError("internal.invariant_broken", "Only a published batch is acked");
    channel.ackedBatchNumber = Math.max(channel.ackedBatchNumber, batchNumber);
    if (sequenceNumber > channel.ackedSequenceNumber) channel.ackedSequenceNumber = sequenceNumber;
    channel.isDrained ||= finished;
    return "acked";
  }

  async saveChannelError(): Promise<void> {}

  async releaseChannel(lease: ChannelLease): Promise<void> {
    if (this.holds(lease)) this.#channel(lease.channelKey).owner = null;
  }

  objects(): LedgerObject[] {
    return [...this.channels.values()].flatMap(({ batches }) =>
      batches.flatMap(({ objects }) => objects),
    );
  }

  #store(channel: LedgerChannel, batch: DecidedBatch, epoch: number): void {
    const keys = new Set(
      this.objects().map(({ location, bucket, key }) => `${location} ${bucket} ${key}`),
    );
    for (const { location, bucket, key } of batch.objects) {
      if (keys.has(`${location} ${bucket} ${key}`))
        throw new AppError("internal.invariant_broken", "The key is in the ledger already");
    }
    channel.checkpoint = batch.endCheckpoint;
    channel.finished = batch.finished;
    channel.counts = addCounts(channel.counts, batch.counts);
    const objects = batch.objects.map((object) => ({ ...object, isPublished: false }));
    channel.batches.push({ ...batch, objects, epoch, isPublished: objects.length === 0 });
  }

  #isDecided(channel: LedgerChannel, batch: DecidedBatch, epoch: number): boolean {
    const stored = channel.batches[batch.number - 1];
    if (stored?.epoch !== epoch || stored.endCheckpoint !== batch.endCheckpoint) return false;
    const ids = new Set(stored.objects.map(({ objectId }) => objectId));
    return (
      ids.size === batch.objects.length && batch.objects.every(({ objectId }) => ids.has(objectId))
    );
  }

  #forget(isGone: (upload: LoggedUpload) => boolean): void {
    for (let at = this.uploads.length - 1; at >= 0; at -= 1) {
      const upload = this.uploads[at];
      if (upload && isGone(upload)) this.uploads.splice(at, 1);
    }
  }

  #channel(channelKey: string): LedgerChannel {
    const channel = this.channels.get(channelKey);
    invariant(channel, "A channel is never removed");
    return channel;
  }
}
