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
  DecidedBatch,
  DecidedObject,
  ErrorFact,
  HeldTask,
  Ledger,
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
import type { Adapters } from "./adapters";
import type { ChannelDeliveryClaim } from "./channel-delivery";
import type { ChannelTags, DeliveryEvents } from "./events";
import { mapConcurrently } from "./map-concurrently";
import { keyOf, OpenRows, type SealedObject } from "./open-rows";
import { publishBatch } from "./publish-batch";
import { readAgain } from "./read-again";
import { type StageContext, stageObject, uploadParts } from "./stage-object";
import type { TaskTunnel } from "./task-tunnel";

const uploadsAtOnceMax = 4;

export type ChannelCommandsOptions = {
  readonly claim: ChannelDeliveryClaim;
  readonly task: HeldTask;
  readonly schemas: readonly SchemaMapping[];
  readonly ledger: Ledger;
  readonly adapters: Adapters;
  readonly source: Pick<TableSource, "createDecoder">;
  readonly tunnel: TaskTunnel;
  readonly partitioner: Partitioner;
  readonly events: DeliveryEvents;
  readonly clock: Clock;
  readonly newObjectId: () => string;
  readonly limits: DeliveryLimits;
};

/**
 * What the delivery machine's commands mean for one channel. Holds what the machine must not know:
 * the page's bytes, the column writers, and the uploads of the batch in the making. Each command may
 * be asked again after it failed, and then goes on where it stopped.
 */
export class ChannelCommands {
  readonly limits: DeliveryLimits;
  readonly #o: ChannelCommandsOptions;
  readonly #tags: ChannelTags;
  #schema: SchemaMapping;
  #decoder: RecordDecoder;
  #rows: OpenRows;
  #page: RecordPage | null = null;
  #decoded: DecodedPage | null = null;
  /** The read that was started ahead of its command, so that the source works while we decode. */
  #ahead: { checkpoint: string; page: Promise<RecordPage> } | null = null;
  #sealed: readonly SealedObject[] | null = null;
  readonly #staged = new Map<SealedObject, DecidedObject>();
  #sequences: ReadonlyMap<string, number> | null = null;
  readonly #unacked = new Map<number, DecidedBatch>();
  #ackedSequenceNumber: bigint;

  constructor(options: ChannelCommandsOptions) {
    this.#o = options;
    this.limits = options.limits;
    const { claim } = options;
    this.#tags = {
      task: claim.taskName,
      channel: claim.channelId,
      lane: claim.lane,
      epoch: claim.epoch,
    };
    const schema = options.schemas.at(-1);
    invariant(schema, "A task has a schema version from its creation on");
    this.#schema = schema;
    this.#decoder = options.source.createDecoder(schema, options.task.settings.eventTime);
    this.#rows = this.#newRows(schema);
    this.#ackedSequenceNumber = claim.ackedSequenceNumber;
  }

  /** What an earlier owner decided and nobody acked yet. */
  async loadUnacked(): Promise<UnackedBatch[]> {
    const batches = await this.#o.ledger.listUnacked(this.#o.claim);
    for (const batch of batches) this.#unacked.set(batch.number, batch);
    return batches.map(({ number, endCheckpoint, finished, objects }) => ({
      number,
      endCheckpoint,
      finished,
      published: objects.length === 0,
    }));
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

  saveError(error: ErrorFact | null): Promise<void> {
    return this.#o.ledger.saveChannelError({ lease: this.#o.claim, error });
  }

  release(): Promise<void> {
    return this.#o.ledger.releaseChannel(this.#o.claim);
  }

  /** Gives up what was staged for a batch that will not be decided here. Best effort: the janitor comes after. */
  async dropOpen(): Promise<void> {
    this.#ahead?.page.catch(() => undefined);
    if (this.#staged.size === 0) return;
    const { store } = await this.#o.adapters.destination(this.#o.task.settings.destinationId);
    for (const { key, uploadId, objectId } of this.#staged.values()) {
      await store
        .abortUpload({ key, uploadId })
        .then(() => this.#o.ledger.forgetUpload(objectId))
        .catch(() => undefined);
    }
    this.#staged.clear();
  }

  async #read(checkpoint: string): Promise<Fact> {
    const ahead = this.#ahead;
    this.#ahead = null;
    const read = (from: string) => this.#o.tunnel.readRecords(this.#o.claim.channelId, from);
    const page = await (ahead?.checkpoint === checkpoint ? ahead.page : read(checkpoint));
    if (page.mayHaveMore && !page.finished) {
      this.#ahead = { checkpoint: page.next, page: read(page.next) };
      // Its failure is met when the read is asked for; until then nobody listens to it.
      this.#ahead.page.catch(() => undefined);
    }
    this.#page = page;
    this.#decoded = this.#decoder.decode(page);
    return {
      kind: "pageRead",
      nowMs: this.#o.clock.now(),
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

  #append(): Fact {
    invariant(this.#decoded, "A page is appended after it was read");
    const counts = this.#decoded.append(0, this.#decoded.recordCount, this.#rows);
    this.#decoded = null;
    this.#page = null;
    counts.dirtyValues += this.#rows.takeEventTimeDirtyCount();
    return { kind: "appended", counts, bytes: this.#rows.bytes, nowMs: this.#o.clock.now() };
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
    this.#sealed ??= this.#rows.seal();
    const context = await this.#stageContext();
    const { settings } = this.#o.task;
    this.#sequences ??= await this.#o.ledger.lastSequences({
      bucket: context.bucket,
      location: context.location,
      stems: this.#sealed.map(({ stem }) => stem),
    });
    const sequences = this.#sequences;
    await mapConcurrently(this.#sealed, uploadsAtOnceMax, async (sealed) => {
      if (this.#staged.has(sealed)) return;
      const sequence = (sequences.get(sealed.stem) ?? 0) + 1;
      this.#staged.set(
        sealed,
        await stageObject(context, { ...sealed, sequence, key: keyOf(sealed, sequence, settings) }),
      );
    });
    return { kind: "staged" };
  }

  async #decide(number: number, sealedBy: SealReason, open: OpenBatch): Promise<Fact> {
    const { ledger, claim, task } = this.#o;
    const { location } = await this.#o.adapters.destination(task.settings.destinationId);
    const sealed = this.#sealed ?? [];
    const objects = sealed
      .map((one) => this.#staged.get(one))
      .filter((object) => object !== undefined);
    invariant(
      objects.length === sealed.length,
      "Every object of a batch is staged before it is decided",
    );
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
    const outcome = await ledger.decide({
      lease: claim,
      location,
      batch,
      dirtySamples: this.#rows.dirty.samples,
    });
    if (outcome === "fenced") return { kind: "fenced" };
    this.#o.events.batchDecided({
      ...this.#tags,
      batch: number,
      objects: objects.length,
      sealedBy,
      counts: open.counts,
    });
    this.#unacked.set(number, batch);
    this.#staged.clear();
    this.#sealed = null;
    this.#sequences = null;
    this.#rows = this.#newRows(this.#schema);
    return { kind: "decided", nowMs: this.#o.clock.now() };
  }

  async #publish({ number }: UnackedBatch): Promise<Fact> {
    const batch = this.#batch(number);
    const { ledger, claim, task } = this.#o;
    if (batch.objects.length > 0) {
      const { store } = await this.#o.adapters.destination(task.settings.destinationId);
      const outcome = await publishBatch(store, batch.objects, ({ bucket, key, rows, bytes }) =>
        this.#o.events.objectPublished({ ...this.#tags, batch: number, bucket, key, rows, bytes }),
      );
      if (outcome.kind === "uploads_gone")
        return { kind: "uploadsGone", objectIds: outcome.objectIds };
    }
    const objectIds = batch.objects.map(({ objectId }) => objectId);
    await ledger.markPublished({ channelKey: claim.channelKey, batchNumber: number, objectIds });
    return { kind: "published" };
  }

  /** Reads a decided batch again, exactly, and gives its vanished objects new uploads under their old keys. */
  async #restage({ number }: UnackedBatch, objectIds: readonly string[]): Promise<Fact> {
    const batch = this.#batch(number);
    const schema =
      this.#o.schemas.find(({ version }) => version === batch.schemaVersion) ?? this.#schema;
    const rows = this.#newRows(schema);
    const decoder = this.#o.source.createDecoder(schema, this.#o.task.settings.eventTime);
    await readAgain({
      batch,
      tunnel: this.#o.tunnel,
      channelId: this.#o.claim.channelId,
      decoder,
      rows,
    });
    const sealed = new Map(rows.seal().map((object) => [object.stem, object]));
    const context = await this.#stageContext();
    const objects: DecidedObject[] = [];
    for (const object of batch.objects) {
      if (!objectIds.includes(object.objectId)) {
        objects.push(object);
        continue;
      }
      const again = sealed.get(object.stem);
      if (!again || again.rows !== object.rows) throw rereadDiffers(object, again?.rows ?? 0);
      const upload = await uploadParts(context, { ...object, chunks: again.chunks });
      const outcome = await this.#o.ledger.replaceUpload({
        lease: this.#o.claim,
        objectId: object.objectId,
        ...upload,
      });
      if (outcome === "fenced") return { kind: "fenced" };
      objects.push({ ...object, ...upload });
    }
    this.#unacked.set(number, { ...batch, objects });
    this.#o.events.uploadsRestaged({ ...this.#tags, batch: number, objects: objectIds.length });
    return { kind: "restaged" };
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
    this.#decoder = this.#o.source.createDecoder(schema, this.#o.task.settings.eventTime);
    this.#rows = this.#newRows(schema);
  }

  #newRows(schema: SchemaMapping): OpenRows {
    const { claim, task, partitioner } = this.#o;
    return new OpenRows({
      settings: task.settings,
      schema,
      lane: claim.lane,
      partitioner,
      footer: {
        "culvert.task": task.settings.name,
        "culvert.table": task.settings.table,
        "culvert.channel": claim.channelId,
        "culvert.schema_version": String(schema.version),
      },
    });
  }

  async #stageContext(): Promise<StageContext & { location: string }> {
    const { ledger, claim, task, newObjectId } = this.#o;
    const { destinationId } = task.settings;
    const { store, bucket, location } = await this.#o.adapters.destination(destinationId);
    return {
      ledger,
      store,
      bucket,
      location,
      destinationId,
      channelKey: claim.channelKey,
      workerId: claim.workerId,
      newObjectId,
    };
  }

  #batch(number: number): DecidedBatch {
    const batch = this.#unacked.get(number);
    invariant(batch, "The loop holds every batch that is not acked");
    return batch;
  }
}

function rereadDiffers(object: DecidedObject, rowsAgain: number): AppError {
  return new AppError(
    "task.reread_differs",
    "A batch read again gives other rows than were decided",
    {
      details: { bucket: object.bucket, key: object.key, rows: object.rows, rowsAgain },
    },
  );
}
