import {
  dirtyObjectKey,
  dirtyObjectStem,
  rowObjectKey,
  rowObjectStem,
} from "@/lib/core/object-key";
import type { EventTimeDirt, Partitioner } from "@/lib/core/partition";
import type { EventTimeCell, RecordPlace, RowRouter, RowTarget } from "@/lib/core/ports/row-target";
import { parquetColumnsOf } from "@/lib/core/ports/table-source";
import type { DirtyValue } from "@/lib/core/record";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskSettings } from "@/lib/core/task";
import { createParquetWriter, type ParquetWriter } from "@/lib/parquet/parquet-writer";
import { DirtyLog } from "./dirty-log";
import type { ObjectDraft } from "./stage-object";

type OpenPartition = { readonly folder: string; readonly writer: ParquetWriter };

/** An object-to-be without its place in the sequence, which only the ledger knows. */
export type SealedObject = Omit<ObjectDraft, "key" | "sequence">;

export type OpenRowsOptions = {
  readonly settings: TaskSettings;
  readonly schema: SchemaMapping;
  readonly lane: number;
  readonly partitioner: Partitioner;
  readonly channelId: string;
};

/** The rows and dirty values of one open batch: a Parquet writer for each partition that it touches. */
export class OpenRows implements RowRouter, EventTimeDirt {
  readonly dirty: DirtyLog;
  readonly #options: OpenRowsOptions;
  readonly #partitions = new Map<string, OpenPartition>();
  #lastFolder: string | null = null;
  #lastTarget: RowTarget | null = null;
  #eventTimeDirty = 0;
  #place: RecordPlace | null = null;

  constructor(options: OpenRowsOptions) {
    this.#options = options;
    this.dirty = new DirtyLog(options.settings.dirtyPrefix !== null);
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

  /** The partitioner's word that a row goes by its write time. */
  dirtyEventTime(describe: () => DirtyValue): void {
    this.#eventTimeDirty += 1;
    this.dirty.add(() => ({ ...describe(), ...this.#place?.describePlace() }));
  }

  /** Rows without a usable event time since it was last asked; the decoder counts every other dirty value. */
  takeEventTimeDirtyCount(): number {
    const count = this.#eventTimeDirty;
    this.#eventTimeDirty = 0;
    return count;
  }

  /** Estimated bytes of all objects, were they closed now. */
  get bytes(): number {
    let bytes = this.dirty.bytes;
    for (const { writer } of this.#partitions.values()) bytes += writer.estimatedBytes;
    return bytes;
  }

  /** Memory that it takes now, buffers with their slack. */
  get heldBytes(): number {
    let bytes = this.dirty.bytes;
    for (const { writer } of this.#partitions.values()) bytes += writer.bufferedBytes;
    return bytes;
  }

  get partitionCount(): number {
    return this.#partitions.size;
  }

  /** Closes every writer. The order is that of first rows, then the dirty object. */
  async seal(): Promise<SealedObject[]> {
    const { settings, lane } = this.#options;
    const sealed: SealedObject[] = [];
    for (const { folder, writer } of this.#partitions.values()) {
      const rows = writer.rowCount;
      sealed.push({
        kind: "rows",
        partition: folder,
        stem: rowObjectStem(settings.name, lane, folder),
        rows,
        chunks: [...writer.takeClosed(), ...(await writer.finish())],
      });
    }
    const dirtyChunks = this.dirty.chunks();
    if (settings.dirtyPrefix !== null && dirtyChunks.length > 0) {
      sealed.push({
        kind: "dirty",
        partition: settings.dirtyPrefix,
        stem: dirtyObjectStem(settings.name, lane, settings.dirtyPrefix),
        rows: this.dirty.count,
        chunks: dirtyChunks,
      });
    }
    return sealed;
  }

  #open(folder: string): OpenPartition {
    const { schema, settings } = this.#options;
    const writer = createParquetWriter({
      columns: parquetColumnsOf(schema),
      compression: settings.compression,
      keyValueMetadata: footerOf(this.#options),
    });
    const partition = { folder, writer };
    this.#partitions.set(folder, partition);
    return partition;
  }
}

/** Goes into each object's footer, so that an object explains itself. */
function footerOf({ settings, schema, channelId }: OpenRowsOptions): Record<string, string> {
  return {
    "culvert.task": settings.name,
    "culvert.table": settings.table,
    "culvert.channel": channelId,
    "culvert.schema_version": String(schema.version),
  };
}

/** The key of a sealed object at its place in the sequence. */
export function keyOf(sealed: SealedObject, sequence: number, settings: TaskSettings): string {
  if (sealed.kind === "dirty") return dirtyObjectKey(sealed.stem, sequence);
  return rowObjectKey(sealed.stem, sequence, settings.objectSuffix);
}
