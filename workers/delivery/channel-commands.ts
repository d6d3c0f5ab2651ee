import type {
  Command,
  DeliveryLimits,
  Fact,
  OpenBatch,
  UnackedBatch,
} from "@/lib/core/delivery-state";
import { AppError, invariant } from "@/lib/core/error";
import type { Partitioner } from "@/lib/core/partition";
import type {
  ChannelLedger,
  ClaimedChannel,
  DecidedBatch,
  HeldTask,
  SealReason,
} from "@/lib/core/ports/ledger";
import type {
  DecodedPage,
  RecordDecoder,
  RecordPage,
  TableSource,
} from "@/lib/core/ports/table-source";
import { extendAutoSchema, listAddedColumns } from "@/lib/core/schema-auto";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters, OpenDestination } from "./adapters";
import type { ChannelTags, DeliveryEvents } from "./events";
import type { Limit } from "./limit";
import type { OpenBudget } from "./open-budget";
import { OpenRows } from "./open-rows";
import { checkPlace, publishBatch } from "./publish-batch";
import { readAgain } from "./read-again";
import { ReadAhead } from "./read-ahead";
import { restageBatch } from "./restage-batch";
import type { StageContext } from "./stage-object";
import { StagedBatch } from "./staged-batch";
import type { TaskTunnel } from "./task-tunnel";

/** Each open partition is a writer with buffers of its own, and becomes an object. */
const partitionsMax = 1_000;

export type ChannelCommandsOptions = {
  readonly claim: ClaimedChannel;
  readonly task: HeldTask;
  /** The newest version. */
  readonly schema: SchemaMapping;
  readonly ledger: ChannelLedger;
  readonly adapters: Adapters;
  readonly source: Pick<TableSource, "createDecoder">;
  readonly tunnel: TaskTunnel;
  readonly partitioner: Partitioner;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly newObjectId: () => string;
  readonly budget: OpenBudget;
  /** Uploads and completions of all channels of the worker. */
  readonly uploads: Limit;
};

/**
 * What the delivery machine's commands mean for one channel. Holds what the machine must not know:
 * the page's bytes, the column writers, and the uploads of the batch in the making. Each command may
 * be asked again after it failed, and then goes on where it stopped.
 */
export class ChannelCommands {
  readonly #o: ChannelCommandsOptions;
  readonly #tags: ChannelTags;
  #schema: SchemaMapping;
  #decoder: RecordDecoder;
  #rows: OpenRows;
  #page: RecordPage | null = null;
  #decoded: DecodedPage | null = null;
  readonly #pages: ReadAhead;
  #staged: StagedBatch | null = null;
  /** A decide was asked for and its answer was lost: what is staged may be decided. */
  #mayBeDecided = false;
  #isSpoiled = false;
  /** Batches that were staged again since they were last published in vain. */
  readonly #restaged = new Set<number>();
  readonly #unacked = new Map<number, DecidedBatch>();
  #ackedSequenceNumber: bigint;

  constructor(options: ChannelCommandsOptions) {
    this.#o = options;
    const { claim } = options;
    this.#tags = {
      task: claim.taskName,
      channel: claim.channelId,
      lane: claim.lane,
      epoch: claim.epoch,
    };
    this.#pages = new ReadAhead((from) => options.tunnel.readRecords(claim.channelId, from));
    this.#schema = options.schema;
    this.#decoder = this.#newDecoder(options.schema);
    this.#rows = this.#newRows(options.schema);
    this.#ackedSequenceNumber = claim.ackedSequenceNumber;
  }

  get limits(): DeliveryLimits {
    const { flush } = this.#o.task.settings;
    return {
      bytesMax: Math.min(flush.bytes, this.#o.budget.batchBytesMax()),
      ageMaxMs: flush.seconds * 1_000,
      partitionsMax,
      idleReadMs: 0,
    };
  }

  /**
   * The open rows were left half-way by an error: another try would put records in twice. Nothing but
   * a new claim, which reads again from what is decided, may follow.
   */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  /**
   * What an earlier owner decided and nobody acked yet. None counts as published: a batch whose objects
   * all are may not have been marked itself, and publishing nothing marks it.
   */
  async loadUnacked(): Promise<UnackedBatch[]> {
    const batches = await this.#o.ledger.listUnacked(this.#o.claim);
    for (const batch of batches) this.#unacked.set(batch.number, batch);
    return batches.map((batch) => ({ ...batch, published: false }));
  }

  async execute(command: Command): Promise<Fact> {
    switch (command.kind) {
      case "read":
        return this.#read(command.checkpoint);
      case "append":
        return this.#append();
      case "growSchema":
        return this.#growSchema();
      case "stage":
        return this.#stage();
      case "decide":
        return this.#decide(command.number, command.sealedBy, command.open);
      case "publish":
        return this.#publish(command.batch);
      case "restage":
        return this.#restage(command.batch, command.objectIds);
      case "ack":
        return this.#ack(command.batch);
      case "wait":
      case "stop":
        invariant(false, `The loop itself has to ${command.kind}`);
    }
  }

  /**
   * Gives up what is open and what was staged for a batch that will not be decided here. Uploads of
   * one that may be decided are left alone: the next owner completes them, or the janitor aborts them.
   */
  async dropOpen(): Promise<void> {
    const { budget, claim, ledger } = this.#o;
    const staged = this.#staged;
    this.#pages.drop();
    this.#page = null;
    this.#decoded = null;
    this.#staged = null;
    this.#rows = this.#newRows(this.#schema);
    budget.hold(claim.channelKey, 0);
    if (!staged || this.#mayBeDecided) return;
    const { store } = await this.#destination();
    await staged.drop({ store, ledger, workerId: claim.workerId });
  }

  async #read(checkpoint: string): Promise<Fact> {
    const page = await this.#pages.next(checkpoint);
    this.#page = page;
    this.#decoded = this.#decoder.decode(page);
    return {
      kind: "pageRead",
      nowMs: this.#o.clock.monotonic(),
      page: {
        records: page.recordCount,
        next: page.next,
        finished: page.finished,
        mayHaveMore: page.mayHaveMore,
        hasUnseenColumns: this.#canGrowBy(this.#decoded),
      },
    };
  }

  #canGrowBy({ unseenColumns }: DecodedPage): boolean {
    return unseenColumns.length > 0 && listAddedColumns(this.#schema, unseenColumns).length > 0;
  }

  async #append(): Promise<Fact> {
    invariant(this.#decoded, "A page is appended after it was read");
    const decoded = this.#decoded;
    const rows = this.#rows;
    const counts = await this.#wholeOrSpoiled(() => decoded.append(0, decoded.recordCount, rows));
    this.#decoded = null;
    this.#page = null;
    counts.dirtyValues += rows.takeEventTimeDirtyCount();
    this.#o.budget.hold(this.#o.claim.channelKey, rows.heldBytes);
    const { bytes, partitionCount: partitions } = rows;
    return { kind: "appended", counts, bytes, partitions, nowMs: this.#o.clock.monotonic() };
  }

  async #wholeOrSpoiled<T>(work: () => T | Promise<T>): Promise<T> {
    this.#isSpoiled = true;
    const result = await work();
    this.#isSpoiled = false;
    return result;
  }

  /**
   * The held page under a schema version that knows its columns; a page that needs none is only
   * decoded again. Another channel of the task may have added a version meanwhile, hence the loop; it
   * ends, because a mapping that cannot grow any further stays the same object.
   */
  async #growSchema(): Promise<Fact> {
    const page = this.#page;
    invariant(page, "A schema grows by the columns of a page");
    for (;;) {
      this.#decoded = this.#decoder.decode(page);
      const { prefix } = this.#o.task.settings;
      const grown = extendAutoSchema(this.#schema, this.#decoded.unseenColumns, prefix);
      if (grown === this.#schema) return { kind: "grown" };
      const { id: taskId } = this.#o.task;
      const schema = await this.#o.ledger.addSchema({
        taskId,
        schema: grown,
        reason: "unseen columns",
      });
      const columns = schema.columns.map(({ name }) => name);
      this.#o.events.schemaGrown({ ...this.#tags, version: schema.version, columns });
      this.#switchSchema(schema);
    }
  }

  async #stage(): Promise<Fact> {
    const { task, uploads } = this.#o;
    this.#staged ??= new StagedBatch(
      await this.#wholeOrSpoiled(() => this.#rows.seal()),
      task.settings,
      uploads,
    );
    await this.#staged.stage(await this.#stageContext());
    return { kind: "staged" };
  }

  async #decide(number: number, sealedBy: SealReason, open: OpenBatch): Promise<Fact> {
    const { ledger, claim, budget } = this.#o;
    const objects = this.#staged?.objects() ?? [];
    const batch: DecidedBatch = {
      number,
      startCheckpoint: open.startCheckpoint,
      endCheckpoint: open.endCheckpoint,
      finished: open.finished,
      schemaVersion: this.#schema.version,
      sealedBy,
      counts: open.counts,
      objects,
    };
    const dirtySamples = this.#rows.dirty.samples;
    this.#mayBeDecided = true;
    const outcome = await ledger.decide({ lease: claim, batch, dirtySamples });
    this.#mayBeDecided = false;
    if (outcome === "fenced") return { kind: "fenced" };
    this.#o.events.batchDecided({
      ...this.#tags,
      batch: number,
      objects: objects.length,
      sealedBy,
      counts: open.counts,
    });
    this.#unacked.set(number, batch);
    this.#staged = null;
    this.#rows = this.#newRows(this.#schema);
    budget.hold(claim.channelKey, 0);
    return { kind: "decided", nowMs: this.#o.clock.monotonic() };
  }

  async #publish({ number }: UnackedBatch): Promise<Fact> {
    const { objects } = this.#batch(number);
    const { ledger, claim, uploads } = this.#o;
    if (objects.length > 0) {
      const destination = await this.#destination();
      checkPlace(objects, destination);
      const outcome = await publishBatch(destination, objects, uploads, (object) => {
        const { bucket, key, rows, bytes } = object;
        this.#o.events.objectPublished({ ...this.#tags, batch: number, bucket, key, rows, bytes });
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
  async #restage({ number }: UnackedBatch, objectIds: readonly string[]): Promise<Fact> {
    const { claim, ledger, task, tunnel } = this.#o;
    const batch = await this.#refreshed(number);
    const vanished = batch.objects.filter(({ objectId }) => objectIds.includes(objectId));
    if (vanished.length === 0) return { kind: "restaged" };
    checkPlace(batch.objects, await this.#destination());
    const schemas = await ledger.listSchemas(task.id);
    const schema = schemas.find(({ version }) => version === batch.schemaVersion);
    invariant(schema, "The schema version of a decided batch is stored");
    const rows = this.#newRows(schema, batch);
    const { channelId } = claim;
    await readAgain({ batch, tunnel, channelId, decoder: this.#newDecoder(schema), rows });
    const restaged = await restageBatch(await this.#stageContext(), {
      lease: claim,
      batch,
      vanished,
      sealedAgain: await rows.seal(),
    });
    if (!restaged) return { kind: "fenced" };
    this.#unacked.set(number, restaged);
    this.#restaged.add(number);
    this.#o.events.uploadsRestaged({ ...this.#tags, batch: number, objects: vanished.length });
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

  async #ack({ number, endCheckpoint, finished }: UnackedBatch): Promise<Fact> {
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

  #switchSchema(schema: SchemaMapping): void {
    this.#schema = schema;
    this.#decoder = this.#newDecoder(schema);
    this.#rows = this.#newRows(schema);
  }

  #newDecoder(schema: SchemaMapping): RecordDecoder {
    return this.#o.source.createDecoder(schema, this.#o.task.settings.eventTime);
  }

  /** For a batch that is read again, with the dirty folder of its time: settings may have changed since. */
  #newRows(schema: SchemaMapping, again?: DecidedBatch): OpenRows {
    const { claim, task, partitioner } = this.#o;
    const dirty = again?.objects.find(({ kind }) => kind === "dirty");
    return new OpenRows({
      settings: dirty ? { ...task.settings, dirtyPrefix: dirty.partition } : task.settings,
      schema,
      lane: claim.lane,
      partitioner,
      channelId: claim.channelId,
    });
  }

  #destination(): Promise<OpenDestination> {
    return this.#o.adapters.destination(this.#o.task.settings.destinationId);
  }

  async #stageContext(): Promise<StageContext & { ledger: ChannelLedger }> {
    const { ledger, claim, task, newObjectId } = this.#o;
    const { destinationId } = task.settings;
    const { store, bucket, location } = await this.#destination();
    const { channelKey, workerId } = claim;
    return {
      ...{ ledger, store, bucket, location, destinationId },
      ...{ channelKey, workerId, newObjectId },
    };
  }

  #batch(number: number): DecidedBatch {
    const batch = this.#unacked.get(number);
    invariant(batch, "The loop holds every batch that is not acked");
    return batch;
  }
}
