import type { Fact, UnackedBatch } from "@/lib/core/delivery-state";
import { AppError, invariant } from "@/lib/core/error";
import type {
  ChannelLedger,
  ClaimedChannel,
  DecidedBatch,
  HeldTask,
} from "@/lib/core/ports/ledger";
import type { RecordDecoder } from "@/lib/core/ports/table-source";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { OpenDestination } from "./adapters";
import type { ChannelTags, DeliveryEvents } from "./events";
import type { Limit } from "./limit";
import type { OpenBudget } from "./open-budget";
import type { OpenRows } from "./open-rows";
import { checkPlace, publishBatch } from "./publish-batch";
import { restageBatch } from "./restage-batch";
import type { StageContext } from "./stage-object";
import type { TaskTunnel } from "./task-tunnel";

export type DecidedBatchesOptions = {
  readonly claim: ClaimedChannel;
  readonly task: HeldTask;
  readonly tags: ChannelTags;
  readonly ledger: ChannelLedger;
  readonly tunnel: TaskTunnel;
  readonly events: DeliveryEvents;
  readonly budget: OpenBudget;
  readonly uploads: Limit;
  readonly destination: () => Promise<OpenDestination>;
  readonly stageContext: () => Promise<StageContext & { readonly ledger: ChannelLedger }>;
  /** What a batch is read again with. */
  readonly newDecoder: (schema: SchemaMapping) => RecordDecoder;
  readonly newRows: (schema: SchemaMapping, again: DecidedBatch) => OpenRows;
};

/** A channel's batches from their decide on: published, staged again where uploads vanished, and acked. */
export class DecidedBatches {
  readonly #o: DecidedBatchesOptions;
  /** Batches that were staged again since they were last published in vain. */
  readonly #restaged = new Set<number>();
  readonly #unacked = new Map<number, DecidedBatch>();
  #ackedSequenceNumber: bigint;

  constructor(options: DecidedBatchesOptions) {
    this.#o = options;
    this.#ackedSequenceNumber = options.claim.ackedSequenceNumber;
  }

  /**
   * What an earlier owner decided and nobody acked yet. None counts as published: a batch whose objects
   * all are may not have been marked itself, and publishing nothing marks it.
   */
  async load(): Promise<UnackedBatch[]> {
    const { batchNumber, ackedBatchNumber } = this.#o.claim;
    if (batchNumber === ackedBatchNumber) return [];
    const batches = await this.#o.ledger.listUnacked(this.#o.claim);
    for (const batch of batches) this.add(batch);
    return batches.map((batch) => ({ ...batch, published: false }));
  }

  add(batch: DecidedBatch): void {
    this.#unacked.set(batch.number, batch);
  }

  async publish({ number }: UnackedBatch): Promise<Fact> {
    const { objects } = this.#batch(number);
    const { ledger, claim, uploads } = this.#o;
    if (objects.length > 0) {
      const destination = await this.#o.destination();
      checkPlace(objects, destination);
      const outcome = await publishBatch(destination, objects, uploads, (object) => {
        const { bucket, key, rows, bytes } = object;
        this.#o.events.objectPublished({
          ...this.#o.tags,
          batch: number,
          bucket,
          key,
          rows,
          bytes,
        });
      });
      if (outcome.kind === "uploads_gone") return this.#uploadsGone(number, outcome.objectIds);
    }
    const objectIds = objects.map(({ objectId }) => objectId);
    await ledger.markPublished({ channelKey: claim.channelKey, batchNumber: number, objectIds });
    this.#restaged.delete(number);
    return { kind: "published" };
  }

  /** Uploads that vanish as soon as they are made are no reason to upload without a pause. */
  #uploadsGone(number: number, objectIds: readonly string[]): Fact {
    if (!this.#restaged.delete(number)) return { kind: "uploadsGone", objectIds };
    throw new AppError("destination.upload_gone", "An upload vanished again", {
      details: { key: this.#batch(number).objects[0]?.key ?? null },
    });
  }

  /** Reads a decided batch again, exactly, and gives its vanished objects new uploads under their old keys. */
  async restage({ number }: UnackedBatch, objectIds: readonly string[]): Promise<Fact> {
    const { claim, ledger, task, tunnel } = this.#o;
    const batch = await this.#refreshed(number);
    const vanished = batch.objects.filter(({ objectId }) => objectIds.includes(objectId));
    if (vanished.length === 0) return { kind: "restaged" };
    checkPlace(batch.objects, await this.#o.destination());
    const schemas = await ledger.listSchemas(task.id);
    const schema = schemas.find(({ version }) => version === batch.schemaVersion);
    invariant(schema, "The schema version of a decided batch is stored");
    const rows = this.#o.newRows(schema, batch);
    const { channelId, channelKey } = claim;
    const decoder = this.#o.newDecoder(schema);
    const restaged = await restageBatch(await this.#o.stageContext(), {
      ...{ lease: claim, vanished, again: { batch, tunnel, channelId, decoder, rows } },
      onHeld: (bytes) => this.#o.budget.hold(channelKey, bytes),
    });
    if (!restaged) return { kind: "fenced" };
    this.#unacked.set(number, restaged);
    this.#restaged.add(number);
    this.#o.events.uploadsRestaged({ ...this.#o.tags, batch: number, objects: vanished.length });
    return { kind: "restaged" };
  }

  /**
   * A batch with the objects that are unpublished by now. An earlier owner may have published some
   * since they were loaded, and what was deleted after that must not come back.
   */
  async #refreshed(number: number): Promise<DecidedBatch> {
    const unacked = await this.#o.ledger.listUnacked(this.#o.claim);
    const objects = unacked.find((batch) => batch.number === number)?.objects ?? [];
    const batch = { ...this.#batch(number), objects };
    this.#unacked.set(number, batch);
    return batch;
  }

  async ack({ number, endCheckpoint, finished }: UnackedBatch): Promise<Fact> {
    const sequenceNumber = this.#ackedSequenceNumber + 1n;
    await this.#o.tunnel.writeCheckpoint(this.#o.claim.channelId, endCheckpoint, sequenceNumber);
    const outcome = await this.#o.ledger.markAcked({
      lease: this.#o.claim,
      batchNumber: number,
      sequenceNumber,
      finished,
    });
    if (outcome === "fenced") return { kind: "fenced" };
    this.#ackedSequenceNumber = sequenceNumber;
    this.#unacked.delete(number);
    return { kind: "acked" };
  }

  #batch(number: number): DecidedBatch {
    const batch = this.#unacked.get(number);
    invariant(batch, "The loop holds every batch that is not acked");
    return batch;
  }
}
