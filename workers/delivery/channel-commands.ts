import type {
  Command,
  DeliveryLimits,
  Fact,
  OpenBatch,
  UnackedBatch,
} from "@/lib/core/delivery-state";
import { invariant } from "@/lib/core/error";
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
import { BatchUpload, decidedObjects, giveUpUploads } from "./batch-upload";
import { DecidedBatches } from "./decided-batches";
import type { ChannelTags, DeliveryEvents } from "./events";
import { footerRange } from "./footer-range";
import type { Limit } from "./limit";
import type { OpenBudget } from "./open-budget";
import { OpenRows } from "./open-rows";
import { ReadAhead } from "./read-ahead";
import type { StageContext } from "./stage-object";
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
  readonly partBytesMin?: number | undefined;
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
  readonly #batchUpload: BatchUpload;
  /** A decide was asked for and its answer was lost: what is staged may be decided. */
  #mayBeDecided = false;
  #isSpoiled = false;
  #isOpenLost = false;
  readonly #decided: DecidedBatches;

  constructor(options: ChannelCommandsOptions) {
    this.#o = options;
    const { claim } = options;
    this.#tags = {
      task: claim.taskName,
      channel: claim.channelId,
      lane: claim.lane,
      epoch: claim.epoch,
    };
    const { tunnel, budget, clock, uploads, task } = options;
    this.#pages = new ReadAhead({
      ...{ budget, clock },
      read: (from, admit) => tunnel.readRecords(claim.channelId, from, admit),
    });
    const onFreed = () => this.#hold();
    this.#batchUpload = new BatchUpload({ settings: task.settings, uploads, onFreed });
    this.#schema = options.schema;
    this.#decoder = this.#newDecoder(options.schema);
    this.#rows = this.#newRows(options.schema);
    this.#decided = new DecidedBatches({
      ...options,
      tags: this.#tags,
      destination: () => this.#destination(),
      stageContext: () => this.#stageContext(),
      newDecoder: (schema) => this.#newDecoder(schema),
      newRows: (schema, again) => this.#newRows(schema, again),
    });
  }

  get limits(): DeliveryLimits {
    const { flush } = this.#o.task.settings;
    return {
      bytesMax: flush.bytes,
      heldBytesMax: this.#o.budget.batchBytesMax(),
      ageMaxMs: flush.seconds * 1_000,
      partitionsMax,
    };
  }

  /**
   * The open rows were left half-way by an error: another try would put records in twice. Nothing but
   * a new claim, which reads again from what is decided, may follow.
   */
  get isSpoiled(): boolean {
    return this.#isSpoiled || this.#rows.objects.some(({ isSpoiled }) => isSpoiled);
  }

  /** The last failure took the open rows with it: they have to be read again. True once. */
  takeOpenLost(): boolean {
    const isLost = this.#isOpenLost;
    this.#isOpenLost = false;
    return isLost;
  }

  loadUnacked(): Promise<UnackedBatch[]> {
    return this.#decided.load();
  }

  /** A read returns early, with nothing, when `wake` aborts. */
  async execute(command: Command, wake: AbortSignal): Promise<Fact> {
    try {
      return await this.#execute(command, wake);
    } catch (thrown) {
      // While it waits for the next try, others may need the memory.
      this.#pages.dropAhead();
      const isStaging = command.kind === "stage" || command.kind === "stageAhead";
      const isLost = this.#rows.objects.some(({ upload }) => upload.isLost);
      if (isStaging && !this.isSpoiled && (isLost || this.#o.budget.isShort)) {
        await this.dropOpen().catch(() => undefined);
        this.#isOpenLost = true;
      }
      throw thrown;
    }
  }

  async #execute(command: Command, wake: AbortSignal): Promise<Fact> {
    switch (command.kind) {
      case "read":
        return this.#read(command, wake);
      case "append":
        return this.#append();
      case "growSchema":
        return this.#growSchema();
      case "stageAhead":
        return this.#stageAhead();
      case "stage":
        return this.#stage(command);
      case "decide":
        return this.#decide(command.number, command.sealedBy, command.open);
      case "publish":
        return this.#decided.publish(command.batch);
      case "restage":
        return this.#decided.restage(command.batch, command.objectIds);
      case "ack":
        return this.#decided.ack(command.batch);
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
    const { objects } = this.#rows;
    this.#pages.drop();
    this.#page = null;
    this.#decoded = null;
    this.#beginRows();
    if (this.#mayBeDecided || !objects.some(({ upload }) => upload.hasBegun)) return;
    await giveUpUploads(await this.#stageContext(), objects);
  }

  async #read(
    { checkpoint, untilMs }: Extract<Command, { kind: "read" }>,
    wake: AbortSignal,
  ): Promise<Fact> {
    const read = await this.#pages.next(checkpoint, { untilMs, wake });
    if (read === null) return nothingRead(checkpoint, this.#o.clock.monotonic());
    const { page, tookMs } = read;
    this.#page = page;
    this.#decoded = this.#decoder.decode(page);
    // An idle channel holds nothing while it waits for records.
    if (page.recordCount === 0) this.#pages.release();
    return {
      kind: "pageRead",
      nowMs: this.#o.clock.monotonic(),
      tookMs,
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
    const { byteLength = 0 } = this.#page ?? {};
    const decoded = this.#decoded;
    invariant(decoded, "A page is appended after it was read");
    const rows = this.#rows;
    this.#isSpoiled = true;
    const counts = await rows.append(decoded, decoded.recordCount, byteLength);
    this.#isSpoiled = false;
    decoded.release?.();
    this.#decoded = null;
    this.#page = null;
    this.#pages.release();
    this.#hold();
    const { bytes, heldBytes, partitionCount: partitions, objects } = rows;
    const wholeParts = objects.filter(({ hasWholePart }) => hasWholePart).length;
    const nowMs = this.#o.clock.monotonic();
    return { kind: "appended", counts, bytes, heldBytes, wholeParts, partitions, nowMs };
  }

  #hold(): void {
    this.#o.budget.hold(this.#o.claim.channelKey, this.#rows.heldBytes);
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

  async #stageAhead(): Promise<Fact> {
    await this.#batchUpload.stageAhead(await this.#stageContext(), this.#rows.objects);
    this.#hold();
    const { heldBytes } = this.#rows;
    return { kind: "stagedAhead", heldBytes, nowMs: this.#o.clock.monotonic() };
  }

  async #stage({ number, open }: Extract<Command, { kind: "stage" }>): Promise<Fact> {
    const range = footerRange({ number, ...open });
    await this.#batchUpload.stage(await this.#stageContext(), this.#rows.objects, range);
    return { kind: "staged" };
  }

  async #decide(number: number, sealedBy: SealReason, open: OpenBatch): Promise<Fact> {
    const { ledger, claim } = this.#o;
    const objects = decidedObjects(this.#rows.objects);
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
    this.#decided.add(batch);
    this.#beginRows();
    return { kind: "decided", nowMs: this.#o.clock.monotonic() };
  }

  #switchSchema(schema: SchemaMapping): void {
    this.#schema = schema;
    this.#decoder = this.#newDecoder(schema);
    this.#beginRows();
  }

  #beginRows(): void {
    this.#rows.close();
    this.#rows = this.#newRows(this.#schema);
    this.#o.budget.hold(this.#o.claim.channelKey, 0);
  }

  #newDecoder(schema: SchemaMapping): RecordDecoder {
    return this.#o.source.createDecoder(schema, this.#o.task.settings.eventTime);
  }

  /** For a batch that is read again, with the dirty folder of its time: settings may have changed since. */
  #newRows(schema: SchemaMapping, again?: DecidedBatch): OpenRows {
    const { claim, task, partitioner, budget, partBytesMin } = this.#o;
    const dirty = again?.objects.find(({ kind }) => kind === "dirty");
    return new OpenRows({
      settings: dirty ? { ...task.settings, dirtyPrefix: dirty.partition } : task.settings,
      schema,
      lane: claim.lane,
      partitioner,
      channelId: claim.channelId,
      budget,
      partBytesMin,
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
}

/** An empty page where the channel stands: its batch is looked after while the read still waits. */
function nothingRead(checkpoint: string, nowMs: number): Fact {
  const page = { records: 0, next: checkpoint, finished: false, mayHaveMore: true };
  return { kind: "pageRead", nowMs, tookMs: null, page: { ...page, hasUnseenColumns: false } };
}
