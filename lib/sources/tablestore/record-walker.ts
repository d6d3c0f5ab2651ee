import { operationTag, plainTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";
import { type CellTemplates, templateEntry } from "./cell-templates";
import {
  beyondAscii,
  checksumByte,
  checksumOf64,
  checksumRange,
  checksumShift64,
} from "./checksum";
import type { ColumnNames } from "./column-names";
import { isValidUtf8 } from "./utf8-bytes";

/** What a walk found of a cell's value, beside a column's number (≥ 0: the value is what it takes). */
export const cellMark = {
  /** A value of a column that the mapping leaves out. */
  unmapped: -1,
  /** `dirtyBase - column`: a value that the column cannot take. */
  dirtyBase: -2,
} as const;

/** No variant's tag: of columns that are not mapped, and of cells without a value. */
const noTag = 0xff;
// As constants of this module they are part of the code; as properties they would be loads.
const tagInteger = variantTag.integer;
const tagDouble = variantTag.double;
const tagBoolean = variantTag.boolean;
const tagString = variantTag.string;
const tagTimestamp = plainTag.cellTimestamp;
const tagCellChecksum = plainTag.cellChecksum;
const entryFirstWord = templateEntry.firstWord;
const entryLastWord = templateEntry.lastWord;
const entryLength = templateEntry.length;
const entryTagAndChecksum = templateEntry.tagAndChecksum;
/** Tag of a cell and of its name, read as one. */
const cellStart = plainTag.cell | (plainTag.cellName << 8);
/** Tag, u32 length, tag, u32 length, tag + i32, tag + i64, tag + i32. */
const extensionBytes = 29;
/** The most that follows the template of a cell with a fixed value: that, a timestamp, two checksums. */
const expectedRestBytes = 8 + 9 + 2 + 2;
/**
 * Walks records once, checks all there is to check (structure, cell and row checksums, types, UTF-8)
 * and notes where each value lies. Makes no object per record or cell: what it finds of the record is
 * in its fields, what it finds of the cells in arrays that grow as needed.
 *
 * Every read lies within the record: a cell is followed by at least its checksum and the row's, four
 * bytes, and that is also what reading by words may read too much.
 */
export class RecordWalker {
  /** Of each value found: the column it is for, or a mark. */
  cellColumns = new Int32Array(4096);
  /** Where the value's payload starts: 8 bytes, a boolean's byte, or a length and that many bytes. */
  cellOffsets = new Int32Array(4096);
  cellCount = 0;

  /** Of the record walked last: microseconds since epoch lie there; 0 for base data. */
  extensionAt = 0;
  deleteMarker = false;
  /** Newest cell timestamp, epoch ms; 0 when no cell has one. */
  newestCellMs = 0;
  /** Where the event-time column's variant stands; 0 when the record has none. */
  eventTimeAt = 0;

  private readonly names: ColumnNames;
  private readonly templates: CellTemplates;
  /** Of each named column: the variant tag of its values; `noTag` when it is not mapped. */
  private readonly tags: Uint8Array;
  private readonly eventTimeColumn: number;
  /** Called for each value of a column that is not mapped. */
  private readonly onUnmapped: (column: number, variant: number) => void;
  /** Of each named column: the last record that had a value of it; the first is the newest version. */
  private readonly lastRecord: Int32Array;
  private record = 0;
  private view: DataView = new DataView(new ArrayBuffer(0));
  private rowChecksum = 0;
  private previous = -1;
  /** The cell timestamp met last and its checksum: the cells of a row mostly share it. */
  private timestampFirst = 0;
  private timestampSecond = 0;
  private timestampChecksum = 0;

  constructor(options: {
    names: ColumnNames;
    templates: CellTemplates;
    /** Variant tag of each mapped column; they are the first of the names. */
    mappedTags: readonly number[];
    columnsMax: number;
    /** Number of the event-time column, or -1. */
    eventTimeColumn: number;
    onUnmapped: (column: number, variant: number) => void;
  }) {
    this.names = options.names;
    this.templates = options.templates;
    this.tags = new Uint8Array(options.columnsMax).fill(noTag);
    this.tags.set(options.mappedTags);
    this.eventTimeColumn = options.eventTimeColumn;
    this.onUnmapped = options.onUnmapped;
    this.lastRecord = new Int32Array(options.columnsMax);
  }

  /** Starts a page: forgets all cells. */
  open(view: DataView): void {
    this.view = view;
    this.cellCount = 0;
    this.record = 0;
    this.lastRecord.fill(0);
  }

  /** Walks the record in [start, end). False: it is corrupt, and nothing of it was kept. */
  walk(start: number, end: number): boolean {
    const firstCell = this.cellCount;
    this.record++;
    this.extensionAt = 0;
    this.deleteMarker = false;
    this.newestCellMs = 0;
    // Eight zeros have the checksum zero, so this is a timestamp met: 0.
    this.timestampFirst = 0;
    this.timestampSecond = 0;
    this.timestampChecksum = 0;
    this.eventTimeAt = 0;
    const sound = this.walkRow(start, end);
    if (!sound) this.cellCount = firstCell;
    return sound;
  }

  private walkRow(start: number, end: number): boolean {
    const { view } = this;
    // A header, a row checksum: the least there can be.
    if (end - start < 6 || view.getInt32(start, true) !== plainTag.header) return false;
    this.rowChecksum = 0;
    this.previous = -1;
    let at = start + 4;
    if (view.getUint8(at) === plainTag.primaryKey) at = this.walkCells(at + 1, end, true);
    if (at < 0) return false;
    if (view.getUint8(at) === plainTag.attributes) at = this.walkCells(at + 1, end, false);
    if (at < 0) return false;
    if (view.getUint8(at) === plainTag.deleteMarker) {
      this.deleteMarker = true;
      at++;
    }
    if (at + 2 > end) return false;
    if (view.getUint8(at) === plainTag.extension) at = this.walkExtension(at, end);
    if (at < 0 || at + 2 > end || view.getUint8(at) !== plainTag.rowChecksum) return false;
    const checksum = checksumByte(this.rowChecksum, this.deleteMarker ? 1 : 0);
    return view.getUint8(at + 1) === checksum && this.isPadding(at + 2, end);
  }

  /** Some clients send their buffer's unused end, which is zeros (reference 3.3). */
  private isPadding(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.view.getUint8(at) !== 0) return false;
    return true;
  }

  /** Gives where the section ends, with at least two bytes of the record to follow, or -1. */
  private walkCells(start: number, end: number, isKey: boolean): number {
    let at = start;
    for (;;) {
      at = this.walkExpectedCells(at, end);
      if (at + 2 > end) return -1;
      if (this.view.getUint8(at) !== plainTag.cell) return at;
      at = this.walkCell(at, end, isKey);
      if (at < 0) return -1;
    }
  }

  /**
   * Walks cells for as long as each is of the column that followed last time, and holds what the mapping
   * expects; gives where it stopped. What is unusual or corrupt is left to `walkCell`. All state is in
   * locals and nothing much is called: this is where the time of a delivery goes.
   */
  private walkExpectedCells(start: number, end: number): number {
    const { view, lastRecord, record, cellColumns, cellOffsets } = this;
    const { followers } = this.names;
    const { words, entries } = this.templates;
    let at = start;
    let { cellCount, previous, rowChecksum } = this;
    // `| 0` keeps sums in 32 bits, so that nothing is checked for overflow: all lie within the page.
    while (cellCount < cellColumns.length) {
      const column = followers[(previous + 1) | 0] as number;
      const entry = column << 2;
      let word = entries[(entry + entryFirstWord) | 0] as number;
      const lastWord = entries[(entry + entryLastWord) | 0] as number;
      let valueAt = (at + (entries[(entry + entryLength) | 0] as number)) | 0;
      if (lastWord < 0 || ((valueAt + expectedRestBytes) | 0) > end) break;
      for (let wordAt = at; word < lastWord; wordAt = (wordAt + 4) | 0) {
        if (view.getInt32(wordAt, true) !== words[word]) break;
        word = (word + 1) | 0;
      }
      if (word < lastWord || view.getInt32((valueAt - 4) | 0, true) !== words[word]) break;
      if (lastRecord[column] === record) break;

      const tagAndChecksum = entries[(entry + entryTagAndChecksum) | 0] as number;
      const tag = tagAndChecksum & 0xff;
      let checksum = tagAndChecksum >>> 8;
      let next: number;
      if (tag === tagInteger || tag === tagDouble) {
        next = (valueAt + 8) | 0;
        checksum = checksumOf64(checksum, view.getInt32(valueAt), view.getInt32((valueAt + 4) | 0));
      } else if (tag === tagBoolean) {
        const byte = view.getUint8(valueAt);
        if (byte > 1) break;
        checksum = checksumByte(checksum, byte);
        next = (valueAt + 1) | 0;
      } else {
        const size = (view.getInt32(valueAt, true) - 1) | 0;
        if (size < 4 || size > end - valueAt || view.getUint8((valueAt + 4) | 0) !== tag) break;
        valueAt = (valueAt + 5) | 0;
        next = (valueAt + size) | 0;
        if (next > end - 13 || view.getInt32(valueAt, true) !== size - 4) break;
        const packed = checksumRange(view, checksum, valueAt, size);
        checksum = packed & 0xff;
        if (packed >= beyondAscii && tag === tagString && !this.isUtf8(valueAt)) break;
      }
      if (view.getUint8(next) === tagTimestamp) {
        checksum = this.checksumTimestamp(checksum, (next + 1) | 0);
        next = (next + 9) | 0;
      }
      if (view.getUint16(next, true) !== ((checksum << 8) | tagCellChecksum)) break;
      rowChecksum = checksumByte(rowChecksum, checksum);
      lastRecord[column] = record;
      cellColumns[cellCount] = column;
      cellOffsets[cellCount] = valueAt;
      cellCount = (cellCount + 1) | 0;
      previous = column;
      at = (next + 2) | 0;
    }
    this.cellCount = cellCount;
    this.previous = previous;
    this.rowChecksum = rowChecksum;
    return at;
  }

  private walkExtension(start: number, end: number): number {
    const { view } = this;
    if (start + extensionBytes + 2 > end) return -1;
    const known =
      view.getInt32(start + 1, true) === 24 &&
      view.getUint8(start + 5) === plainTag.sequenceInfo &&
      view.getInt32(start + 6, true) === 19 &&
      view.getUint8(start + 10) === plainTag.sequenceEpoch &&
      view.getUint8(start + 15) === plainTag.sequenceTimestamp &&
      view.getUint8(start + 24) === plainTag.sequenceRowIndex;
    if (!known) return -1;
    this.extensionAt = start + 16;
    return start + extensionBytes;
  }

  /** Gives where the cell ends, or -1 when it is corrupt. */
  private walkCell(start: number, end: number, isKey: boolean): number {
    const { view, names } = this;
    if (start + 12 > end || view.getUint16(start, true) !== cellStart) return -1;
    const nameLength = view.getInt32(start + 2, true);
    const nameStart = start + 6;
    // Unsigned, so that a negative length fails too. Two checksums are the least to follow.
    if (nameLength >>> 0 > end - nameStart - 4) return -1;
    const column = names.find(view, nameStart, nameLength, this.previous);
    if (column === -1) return -1;
    this.previous = column;
    let at = nameStart + nameLength;
    let checksum =
      column < 0
        ? checksumOfName(view, nameStart, nameLength)
        : (names.checksums[column] as number);

    let variant = noTag;
    let payload = 0;
    let isAscii = true;
    if (view.getUint8(at) === plainTag.cellValue) {
      if (at + 10 > end) return -1;
      const size = view.getInt32(at + 1, true);
      if (size >>> 0 > end - at - 9) return -1;
      variant = view.getUint8(at + 5);
      payload = at + 6;
      const packed = this.checksumValue(
        checksumByte(checksum, variant),
        variant,
        payload,
        size - 1,
      );
      if (packed < 0) return -1;
      checksum = packed & 0xff;
      isAscii = packed === checksum;
      at = payload + size - 1;
    }
    let operation = 0;
    if (view.getUint8(at) === plainTag.cellOperation) {
      operation = view.getUint8(at + 1);
      at += 2;
      if (at + 4 > end || !isRecordedOperation(operation)) return -1;
    }
    // A cell of a record has a value or says that there is none any more.
    if ((operation === 0) === (variant === noTag) || (isKey && operation !== 0)) return -1;
    if (view.getUint8(at) === plainTag.cellTimestamp) {
      if (at + 13 > end) return -1;
      checksum = this.checksumTimestamp(checksum, at + 1);
      at += 9;
    }
    // The operation stands before the timestamp and is hashed after it.
    if (operation !== 0) checksum = checksumByte(checksum, operation);
    if (view.getUint16(at, true) !== ((checksum << 8) | plainTag.cellChecksum)) return -1;
    this.rowChecksum = checksumByte(this.rowChecksum, checksum);
    if (operation === 0 && !this.note(column, variant, payload, isAscii, isKey)) return -1;
    return at + 2;
  }

  /**
   * Continues `checksum` over the payload of a variant, whose tag is in it already. Gives it with bit 8
   * set when the payload may hold bytes beyond ASCII, or -1 when the payload is not what its tag says.
   */
  private checksumValue(checksum: number, variant: number, payload: number, size: number): number {
    const { view } = this;
    if (variant === variantTag.integer || variant === variantTag.double) {
      if (size !== 8) return -1;
      return checksumOf64(checksum, view.getInt32(payload), view.getInt32(payload + 4));
    }
    if (variant === variantTag.string || variant === variantTag.binary) {
      if (size < 4 || view.getInt32(payload, true) !== size - 4) return -1;
      return checksumRange(view, checksum, payload, size);
    }
    if (variant !== variantTag.boolean || size !== 1) return -1;
    const byte = view.getUint8(payload);
    return byte > 1 ? -1 : checksumByte(checksum, byte);
  }

  private checksumTimestamp(checksum: number, at: number): number {
    const { view } = this;
    if (
      view.getInt32(at) !== this.timestampFirst ||
      view.getInt32(at + 4) !== this.timestampSecond
    ) {
      this.meetTimestamp(at);
    }
    return checksumShift64(checksum) ^ this.timestampChecksum;
  }

  private meetTimestamp(at: number): void {
    const { view } = this;
    this.timestampFirst = view.getInt32(at);
    this.timestampSecond = view.getInt32(at + 4);
    this.timestampChecksum = checksumOf64(0, this.timestampFirst, this.timestampSecond);
    const ms = view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
    if (ms > this.newestCellMs) this.newestCellMs = ms;
  }

  /** Keeps where a value lies. False: it makes the record corrupt. */
  private note(
    column: number,
    variant: number,
    payload: number,
    isAscii: boolean,
    isKey: boolean,
  ): boolean {
    const isText = isAscii || variant !== variantTag.string || this.isUtf8(payload);
    if (isKey && !isText) return false;
    if (column < 0) return this.keep(cellMark.unmapped, payload);
    // Only the newest version of a cell counts, and it stands first.
    if (this.lastRecord[column] === this.record) return true;
    this.lastRecord[column] = this.record;
    if (column === this.eventTimeColumn) this.eventTimeAt = payload - 1;
    const tag = this.tags[column];
    if (tag === variant) return this.keep(isText ? column : cellMark.dirtyBase - column, payload);
    if (tag !== noTag) return this.keep(cellMark.dirtyBase - column, payload);
    this.onUnmapped(column, variant);
    return this.keep(cellMark.unmapped, payload);
  }

  private keep(column: number, offset: number): true {
    const at = this.cellCount++;
    if (at === this.cellColumns.length) this.grow();
    this.cellColumns[at] = column;
    this.cellOffsets[at] = offset;
    return true;
  }

  private grow(): void {
    const { cellColumns, cellOffsets } = this;
    this.cellColumns = new Int32Array(cellColumns.length * 2);
    this.cellOffsets = new Int32Array(cellOffsets.length * 2);
    this.cellColumns.set(cellColumns);
    this.cellOffsets.set(cellOffsets);
  }

  private isUtf8(payload: number): boolean {
    return isValidUtf8(this.view, payload + 4, this.view.getInt32(payload, true));
  }
}

function checksumOfName(view: DataView, start: number, length: number): number {
  return length === 0 ? 0 : checksumRange(view, 0, start, length) & 0xff;
}

function isRecordedOperation(operation: number): boolean {
  return (
    operation === operationTag.deleteAllVersions || operation === operationTag.deleteOneVersion
  );
}
