import { addCounts, zeroCounts } from "@/lib/core/account";
import { dirtyObjectStem, rowObjectStem } from "@/lib/core/object-key";
import type { EventTimeDirt, Partitioner } from "@/lib/core/partition";
import type { EventTimeCell, RecordPlace, RowRouter, RowTarget } from "@/lib/core/ports/row-target";
import {
  type DecodedPage,
  parquetColumnsOf,
  type RecordCounts,
} from "@/lib/core/ports/table-source";
import type { DirtyValue } from "@/lib/core/record";
import type { MappedColumn, SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskSettings } from "@/lib/core/task";
import {
  createParquetWriter,
  type ParquetWriter,
  type WriterLimits,
} from "@/lib/parquet/parquet-writer";
import { DirtyLog } from "./dirty-log";
import type { OpenBudget } from "./open-budget";
import { OpenObject } from "./open-object";
import { partBytesMinOfS3 } from "./stage-object";

/** What is appended without a turn for others: it takes about a millisecond. */
const sliceBytes = 256 * 1024;

type OpenPartition = { readonly writer: ParquetWriter; readonly object: OpenObject };

export type OpenRowsOptions = {
  readonly settings: TaskSettings;
  readonly schema: SchemaMapping;
  readonly lane: number;
  readonly partitioner: Partitioner;
  readonly channelId: string;
  readonly budget: OpenBudget;
  /** What the store takes for a part of an upload; that of S3 when left out. */
  readonly partBytesMin?: number | undefined;
};

/** The rows and dirty values of one open batch: a Parquet writer for each partition that it touches. */
export class OpenRows implements RowRouter, EventTimeDirt {
  readonly dirty: DirtyLog;
  readonly #options: OpenRowsOptions;
  readonly #columns: readonly MappedColumn[];
  readonly #limits: WriterLimits;
  readonly #partBytesMin: number;
  readonly #partitions = new Map<string, OpenPartition>();
  readonly #dirtyObject: OpenObject | null;
  #trimmedTo = Number.POSITIVE_INFINITY;
  #lastFolder: string | null = null;
  #lastTarget: RowTarget | null = null;
  #eventTimeDirty = 0;
  #place: RecordPlace | null = null;

  constructor(options: OpenRowsOptions) {
    const { settings, schema, lane, budget } = options;
    const { name, dirtyPrefix } = settings;
    this.#partBytesMin = options.partBytesMin ?? partBytesMinOfS3;
    this.#options = options;
    this.#columns = parquetColumnsOf(schema);
    this.#limits = budget.limitsOf(this.#columns.length);
    this.dirty = new DirtyLog(dirtyPrefix !== null);
    this.#dirtyObject =
      dirtyPrefix === null
        ? null
        : new OpenObject(
            {
              kind: "dirty",
              partition: dirtyPrefix,
              stem: dirtyObjectStem(name, lane, dirtyPrefix),
            },
            this.dirty,
            this.#partBytesMin,
          );
  }

  /**
   * Appends records [0, count) of a page of `pageBytes`, with turns for others in between, and closes
   * row groups that are full. Nothing else may be asked of it meanwhile.
   */
  async append(page: DecodedPage, count: number, pageBytes: number): Promise<RecordCounts> {
    const slices = Math.max(1, Math.ceil(pageBytes / sliceBytes));
    const slice = Math.max(1, Math.ceil(page.recordCount / slices));
    let counts = zeroCounts();
    for (let from = 0; from < count; from += slice) {
      // The first turn is for those who waited while the page was decoded.
      if (slices > 1) await new Promise<void>((resolve) => setImmediate(resolve));
      counts = addCounts(counts, page.append(from, Math.min(slice, count - from), this));
      await this.#closeFullRowGroups();
    }
    counts.dirtyValues += this.#eventTimeDirty;
    this.#eventTimeDirty = 0;
    this.#trim();
    return counts;
  }

  route(
    writtenAtMs: number,
    eventTime: EventTimeCell | null | undefined,
    place: RecordPlace,
  ): RowTarget {
    this.#place = place;
    const folder = this.#options.partitioner.folderOf(writtenAtMs, eventTime, this);
    // Neighbouring rows mostly share a folder, and then it is the same string.
    if (folder === this.#lastFolder && this.#lastTarget) return this.#lastTarget;
    const target = (this.#partitions.get(folder) ?? this.#open(folder)).writer;
    this.#lastFolder = folder;
    this.#lastTarget = target;
    return target;
  }

  dirtyValue(describe: () => DirtyValue): void {
    this.dirty.add(describe);
  }

  /** The partitioner's word that a row goes by its write time; the decoder counts every other dirty value. */
  dirtyEventTime(describe: () => DirtyValue): void {
    this.#eventTimeDirty += 1;
    this.dirty.add(() => ({ ...describe(), ...this.#place?.describePlace() }));
  }

  /** Estimated bytes of all objects, were they closed now. */
  get bytes(): number {
    let bytes = this.dirty.estimatedBytes;
    for (const { object } of this.#partitions.values()) bytes += object.estimatedBytes;
    return bytes;
  }

  /** Memory that it takes now: open pages with their slack, and finished bytes that are not staged yet. */
  get heldBytes(): number {
    let bytes = this.#dirtyObject?.heldBytes ?? 0;
    for (const { object } of this.#partitions.values()) bytes += object.heldBytes;
    return bytes;
  }

  get partitionCount(): number {
    return this.#partitions.size;
  }

  /** In the order of first rows, then the dirty object. */
  get objects(): OpenObject[] {
    const objects = [...this.#partitions.values()].map(({ object }) => object);
    return this.#dirtyObject && this.dirty.isKept ? [...objects, this.#dirtyObject] : objects;
  }

  /** It is done with: its partitions share the memory no longer. */
  close(): void {
    this.#options.budget.countPartitions(-this.#partitions.size);
    this.#partitions.clear();
    this.#lastTarget = null;
  }

  #open(folder: string): OpenPartition {
    const { settings, lane, budget } = this.#options;
    budget.countPartitions(1);
    const writer = createParquetWriter({
      columns: this.#columns,
      compression: settings.compression,
      keyValueMetadata: this.#footer(),
      limits: this.#limits,
    });
    const stem = rowObjectStem(settings.name, lane, folder);
    const plan = { kind: "rows", partition: folder, stem } as const;
    const object = new OpenObject(plan, writer, this.#partBytesMin);
    const partition = { writer, object };
    this.#partitions.set(folder, partition);
    return partition;
  }

  /** Goes into each object's footer, so that an object explains itself; its range is known at the end. */
  #footer(): Record<string, string> {
    const { settings, schema, channelId, lane } = this.#options;
    return {
      "culvert.task": settings.name,
      "culvert.table": settings.table,
      "culvert.channel": channelId,
      "culvert.lane": String(lane),
      "culvert.schema_version": String(schema.version),
    };
  }

  async #closeFullRowGroups(): Promise<void> {
    for (const { writer } of this.#partitions.values()) {
      if (writer.isRowGroupFull) await writer.closeRowGroup();
    }
  }

  /** Pages that were begun when there were fewer partitions are larger than their share by now. */
  #trim(): void {
    const { pageBytesMax } = this.#limits;
    if (pageBytesMax * 2 > this.#trimmedTo) return;
    for (const { writer } of this.#partitions.values()) writer.trim();
    this.#trimmedTo = pageBytesMax;
  }
}
