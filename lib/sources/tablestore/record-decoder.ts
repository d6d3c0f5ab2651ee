import { invariant } from "@/lib/core/error";
import type { EventTimeCell, RecordPlace, RowRouter, RowTarget } from "@/lib/core/ports/row-target";
import type {
  DecodedPage,
  RecordCounts,
  RecordDecoder,
  RecordPage,
} from "@/lib/core/ports/table-source";
import type { ColumnType, DirtyValue, TableColumn } from "@/lib/core/record";
import { listAddedColumns } from "@/lib/core/schema-auto";
import type { ParquetType, SchemaMapping } from "@/lib/core/schema-mapping";
import type { EventTime } from "@/lib/core/task";
import { crc8Byte } from "@/lib/tablestore/crc8";
import { variantTag } from "@/lib/tablestore/plain-buffer-tags";
import { actionCode } from "@/lib/tablestore/read-records";
import { CellTemplates } from "./cell-templates";
import { ColumnNames } from "./column-names";
import { describeCorruptRecord, describeDirtyValue, describePlace } from "./describe-dirty";
import { MetadataCells } from "./metadata-cells";
import { TablestoreRecordPage } from "./record-page";
import { cellMark, RecordWalker } from "./record-walker";

/**
 * Turns pages of the wire's bytes into rows for Parquet columns, compiled for one schema version. Values
 * are copied once, from the response to the column page; nothing is made per record or cell. A page of
 * 4 MB (9,400 rows of 10 columns) takes 8 to 9 ms on one core, halves of it to decode and to append.
 *
 * `decode` walks and checks every record of a page; `append` replays what it noted.
 */
export function createRecordDecoder(
  mapping: SchemaMapping,
  eventTime: EventTime | null,
): RecordDecoder {
  return new TablestoreRecordDecoder(mapping, eventTime);
}

/** Columns beyond the mapping that a decoder remembers; a row has at most 1,024 attributes. */
const learnedColumnsMax = 4096;

const tagOf: Readonly<Record<ParquetType, number>> = {
  BOOLEAN: variantTag.boolean,
  INT64: variantTag.integer,
  DOUBLE: variantTag.double,
  UTF8: variantTag.string,
  BINARY: variantTag.binary,
};

// As constants of this module they are part of the code; as properties they would be loads.
const tagInteger = variantTag.integer;
const tagDouble = variantTag.double;
const tagBoolean = variantTag.boolean;

const typeOf: Readonly<Record<number, ColumnType>> = {
  [variantTag.boolean]: "boolean",
  [variantTag.integer]: "integer",
  [variantTag.double]: "double",
  [variantTag.string]: "string",
  [variantTag.binary]: "binary",
};

const nothing = new DataView(new ArrayBuffer(0));

/** What a record turned out to be. */
const recordKind = { row: 0, delete: 1, corrupt: 2 } as const;

class TablestoreRecordDecoder implements RecordDecoder, DecodedPage, RecordPlace {
  recordCount = 0;
  unseenColumns: readonly TableColumn[] = [];

  private readonly mapping: SchemaMapping;
  private readonly hasEventTime: boolean;
  private readonly names: ColumnNames;
  private readonly walker: RecordWalker;
  private readonly metadata: MetadataCells;
  /** Variant tag of each mapped column. */
  private readonly tags: Uint8Array;
  private page: TablestoreRecordPage | null = null;
  private view: DataView = nothing;

  /** The record that is being routed: places are described without a closure per row. */
  private routed = 0;

  // One entry per record of the page.
  private kinds = new Uint8Array(0);
  private writtenAtMs = new Float64Array(0);
  private extensionsAt = new Int32Array(0);
  private eventTimesAt = new Int32Array(0);
  private cellEnds = new Int32Array(0);

  /** Unmapped columns and types of the page, in the order they were first seen. */
  private readonly seen: { readonly column: number; readonly variant: number }[] = [];
  private readonly seenVariants: Uint16Array;

  constructor(mapping: SchemaMapping, eventTime: EventTime | null) {
    const sources = mapping.columns.map(({ source }) => source);
    const eventTimeAt = eventTime === null ? -1 : sources.indexOf(eventTime.column);
    // An event-time column need not be mapped, but it has to be known.
    const extra = eventTime !== null && eventTimeAt < 0 ? [eventTime.column] : [];
    const known = [...sources, ...extra];
    const columnsMax = known.length + learnedColumnsMax;
    this.mapping = mapping;
    this.hasEventTime = eventTime !== null;
    this.names = new ColumnNames(known, learnedColumnsMax);
    this.tags = Uint8Array.from(mapping.columns, ({ type }) => tagOf[type]);
    this.seenVariants = new Uint16Array(columnsMax);
    this.walker = new RecordWalker({
      names: this.names,
      templates: this.makeTemplates(columnsMax, eventTimeAt),
      mappedTags: [...this.tags],
      columnsMax,
      eventTimeColumn: extra.length > 0 ? sources.length : eventTimeAt,
      onUnmapped: (column, variant) => this.noteUnmapped(column, variant),
    });
    this.metadata = new MetadataCells(mapping.metadataColumns, mapping.columns.length);
  }

  decode(page: RecordPage): DecodedPage {
    invariant(page instanceof TablestoreRecordPage, "A Tablestore page for a Tablestore decoder");
    this.page = page;
    this.view = new DataView(page.body.buffer, page.body.byteOffset, page.body.byteLength);
    this.recordCount = page.recordCount;
    this.reserve(page.recordCount);
    for (const { column } of this.seen) this.seenVariants[column] = 0;
    this.seen.length = 0;
    this.walker.open(this.view);
    for (let record = 0; record < page.recordCount; record++) this.walkRecord(page, record);
    this.unseenColumns = this.listUnseenColumns();
    return this;
  }

  append(from: number, count: number, router: RowRouter): RecordCounts {
    const { page } = this;
    const end = from + count;
    invariant(page && from >= 0 && end <= this.recordCount, "Records of the decoded page");
    const counts: RecordCounts = {
      records: count,
      rows: 0,
      deletesIgnored: 0,
      dirtyRecords: 0,
      dirtyValues: 0,
      unmappedValues: 0,
      lastWrittenAtMs: 0,
    };
    for (let record = from; record < end; record++) {
      const kind = this.kinds[record] as number;
      if (kind === recordKind.corrupt) {
        counts.dirtyRecords++;
        router.dirtyValue(() => describeCorruptRecord());
        continue;
      }
      const writtenAtMs = this.writtenAtMs[record] as number;
      if (writtenAtMs > counts.lastWrittenAtMs) counts.lastWrittenAtMs = writtenAtMs;
      if (kind === recordKind.delete) {
        counts.deletesIgnored++;
        continue;
      }
      counts.rows++;
      const eventTime = this.hasEventTime ? this.readEventTime(record) : undefined;
      this.routed = record;
      const target = router.route(writtenAtMs, eventTime, this);
      this.putCells(record, target, router, counts);
      if (this.metadata.count > 0) {
        const action = page.actions[record] as number;
        this.metadata.put(
          target,
          action,
          this.view,
          this.extensionsAt[record] as number,
          writtenAtMs,
        );
      }
      target.endRow();
    }
    return counts;
  }

  /** A channel that waits for its next page must not keep the last one's 4 MB. */
  release(): void {
    this.page = null;
    this.view = nothing;
    this.recordCount = 0;
    this.walker.open(nothing);
  }

  private makeTemplates(columnsMax: number, eventTimeColumn: number): CellTemplates {
    return new CellTemplates(
      columnsMax,
      this.mapping.columns.map(({ source, type }, column) => ({
        name: source,
        tag: tagOf[type],
        checksum: crc8Byte(this.names.checksums[column] as number, tagOf[type]),
        // Where an event time stands is noted by the path that notes everything.
        hasTemplate: column !== eventTimeColumn,
      })),
    );
  }

  describePlace(): Pick<DirtyValue, "key" | "position"> {
    const { page, routed } = this;
    invariant(page, "A row is routed while its page is decoded");
    return describePlace(page.body.subarray(page.starts[routed], page.ends[routed]));
  }

  private walkRecord(page: TablestoreRecordPage, record: number): void {
    const { walker } = this;
    const seenBefore = this.seen.length;
    const sound = walker.walk(page.starts[record] as number, page.ends[record] as number);
    const isDelete = walker.deleteMarker || page.actions[record] === actionCode.delete;
    if (!sound || isDelete) this.forgetSeen(seenBefore);
    this.kinds[record] = !sound
      ? recordKind.corrupt
      : isDelete
        ? recordKind.delete
        : recordKind.row;
    this.cellEnds[record] = walker.cellCount;
    this.extensionsAt[record] = walker.extensionAt;
    this.eventTimesAt[record] = walker.eventTimeAt;
    this.writtenAtMs[record] =
      walker.extensionAt > 0 ? microsecondsAt(this.view, walker.extensionAt) : walker.newestCellMs;
  }

  private putCells(
    record: number,
    target: RowTarget,
    router: RowRouter,
    counts: RecordCounts,
  ): void {
    const { view, tags } = this;
    const { cellColumns, cellOffsets } = this.walker;
    const end = this.cellEnds[record] as number;
    for (let cell = record === 0 ? 0 : (this.cellEnds[record - 1] as number); cell < end; cell++) {
      const column = cellColumns[cell] as number;
      const at = cellOffsets[cell] as number;
      if (column >= 0) {
        const tag = tags[column] as number;
        if (tag === tagInteger) target.putInt64(column, view, at);
        else if (tag === tagDouble) target.putDouble(column, view, at);
        else if (tag === tagBoolean) target.putBoolean(column, view.getUint8(at) === 1);
        else {
          const start = (at + 4) | 0;
          target.putBytes(column, view, start, (start + view.getInt32(at, true)) | 0);
        }
      } else if (column === cellMark.unmapped) counts.unmappedValues++;
      else {
        counts.dirtyValues++;
        this.reportDirty(record, cellMark.dirtyBase - column, at, router);
      }
    }
  }

  /** Apart, so that no closure is made for a row without dirty values. */
  private reportDirty(record: number, column: number, payload: number, router: RowRouter): void {
    const { page } = this;
    const mapped = this.mapping.columns[column];
    invariant(page && mapped, "A dirty value of a mapped column");
    const body = page.body.subarray(page.starts[record], page.ends[record]);
    const variantAt = payload - 1 - (page.starts[record] as number);
    router.dirtyValue(() => describeDirtyValue(mapped, body, variantAt));
  }

  private readEventTime(record: number): EventTimeCell | null {
    const at = this.eventTimesAt[record] as number;
    if (at === 0) return null;
    const { view } = this;
    switch (view.getUint8(at)) {
      case variantTag.string: {
        const start = view.byteOffset + at + 5;
        const text = Buffer.from(view.buffer, start, view.getInt32(at + 1, true)).toString("utf8");
        return { type: "string", text };
      }
      case variantTag.integer:
        return { type: "integer", value: view.getBigInt64(at + 1, true) };
      case variantTag.double:
        return { type: "double", value: view.getFloat64(at + 1, true) };
      default:
        return null;
    }
  }

  private noteUnmapped(column: number, variant: number): void {
    const bit = 1 << variant;
    const before = this.seenVariants[column] as number;
    if (before & bit) return;
    this.seenVariants[column] = before | bit;
    this.seen.push({ column, variant });
  }

  /** What a record brought that is no row does not grow a schema. */
  private forgetSeen(length: number): void {
    while (this.seen.length > length) {
      const { column, variant } = this.seen.pop() ?? { column: 0, variant: 0 };
      this.seenVariants[column] = (this.seenVariants[column] as number) & ~(1 << variant);
    }
  }

  private listUnseenColumns(): readonly TableColumn[] {
    if (this.mapping.kind === "manual" || this.seen.length === 0) return [];
    const seen = this.seen.map(({ column, variant }) => ({
      name: this.names.nameOf(column),
      type: typeOf[variant] ?? "binary",
    }));
    return listAddedColumns(this.mapping, seen);
  }

  private reserve(records: number): void {
    if (records <= this.kinds.length) return;
    const capacity = Math.max(records, this.kinds.length * 2);
    this.kinds = new Uint8Array(capacity);
    this.writtenAtMs = new Float64Array(capacity);
    this.extensionsAt = new Int32Array(capacity);
    this.eventTimesAt = new Int32Array(capacity);
    this.cellEnds = new Int32Array(capacity);
  }
}

/** Whole milliseconds of an i64 of microseconds. */
function microsecondsAt(view: DataView, at: number): number {
  const us = view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
  return Math.floor(us / 1000);
}
