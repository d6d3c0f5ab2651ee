import { crc8Range } from "@/lib/tablestore/crc8";
import { operationTag, plainTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";
import { checksumTables } from "./checksum-tables";
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
/** Tag of a cell and of its name, read as one. */
const cellStart = plainTag.cell | (plainTag.cellName << 8);
/** Tag, u32 length, tag, u32 length, tag + i32, tag + i64, tag + i32. */
const extensionBytes = 29;
const highBits = 0x80808080 | 0;
/** [rest]: what of the first of two words belongs to the last `rest` of their 8 bytes; [8 + rest]: of the second. */
const restMasks = Int32Array.from({ length: 16 }, (_, at) => {
  const rest = at & 7;
  const bytes = at < 8 ? Math.max(0, rest - 4) : Math.min(4, rest);
  return bytes === 0 ? 0 : -1 << (32 - 8 * bytes);
});
/** All tables one behind the other, where which one is not known beforehand. */
const allTables = Uint8Array.from(checksumTables.flatMap((table) => [...table]));
const t0 = checksumTables[0] as Uint8Array;
const t1 = checksumTables[1] as Uint8Array;
const t2 = checksumTables[2] as Uint8Array;
const t3 = checksumTables[3] as Uint8Array;
const t4 = checksumTables[4] as Uint8Array;
const t5 = checksumTables[5] as Uint8Array;
const t6 = checksumTables[6] as Uint8Array;
const t7 = checksumTables[7] as Uint8Array;

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
  /** Newest cell timestamp, epoch ms; -Infinity when no cell has one. */
  newestCellMs = Number.NEGATIVE_INFINITY;
  /** Where the event-time column's variant stands; 0 when the record has none. */
  eventTimeAt = 0;

  private readonly names: ColumnNames;
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
  /** The last cell timestamp met, its checksum and its value: neighbours mostly share it. */
  private timestampLow = 0;
  private timestampHigh = 0;
  private timestampChecksum = 0;
  private timestampMs = 0;

  constructor(options: {
    names: ColumnNames;
    /** Variant tag of each mapped column; they are the first of the names. */
    mappedTags: readonly number[];
    columnsMax: number;
    /** Number of the event-time column, or -1. */
    eventTimeColumn: number;
    onUnmapped: (column: number, variant: number) => void;
  }) {
    this.names = options.names;
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
    this.newestCellMs = Number.NEGATIVE_INFINITY;
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
    const checksum = t0[this.rowChecksum ^ (this.deleteMarker ? 1 : 0)];
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
    while (at + 2 <= end) {
      if (this.view.getUint8(at) !== plainTag.cell) return at;
      at = this.walkCell(at, end, isKey);
      if (at < 0) return -1;
    }
    return -1;
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
      column < 0 ? this.checksumOf(nameStart, at) : (names.checksums[column] as number);

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
        t0[checksum ^ variant] as number,
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
    if (operation !== 0) checksum = t0[checksum ^ operation] as number;
    if (view.getUint16(at, true) !== ((checksum << 8) | plainTag.cellChecksum)) return -1;
    this.rowChecksum = t0[this.rowChecksum ^ checksum] as number;
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
      return checksumWords(
        checksum,
        view.getInt32(payload, true),
        view.getInt32(payload + 4, true),
      );
    }
    if (variant === variantTag.string || variant === variantTag.binary) {
      if (size < 4 || view.getInt32(payload, true) !== size - 4) return -1;
      return this.checksumRange(checksum, payload, size);
    }
    if (variant !== variantTag.boolean || size !== 1) return -1;
    const byte = view.getUint8(payload);
    return byte > 1 ? -1 : (t0[checksum ^ byte] as number);
  }

  /** As `checksumValue`. At least 8 bytes of the record lie before `start`. */
  private checksumRange(checksum: number, start: number, length: number): number {
    const { view } = this;
    const end = start + length;
    const rest = length & 7;
    let at = start + rest;
    let crc = checksum;
    let bits = 0;
    if (rest !== 0) {
      // The first, short piece is read with what stands before it, which is masked away.
      const low = view.getInt32(at - 8, true) & (restMasks[rest] as number);
      const high = view.getInt32(at - 4, true) & (restMasks[rest + 8] as number);
      crc = (allTables[((rest - 1) << 8) | crc] as number) ^ checksumWords(0, low, high);
      bits = low | high;
    }
    for (; at < end; at += 8) {
      const low = view.getInt32(at, true);
      const high = view.getInt32(at + 4, true);
      crc = checksumWords(crc, low, high);
      bits |= low | high;
    }
    return (bits & highBits) === 0 ? crc : crc | 0x100;
  }

  private checksumTimestamp(checksum: number, at: number): number {
    const low = this.view.getInt32(at, true);
    const high = this.view.getInt32(at + 4, true);
    if (low !== this.timestampLow || high !== this.timestampHigh) {
      this.timestampLow = low;
      this.timestampHigh = high;
      this.timestampChecksum = checksumWords(0, low, high);
      this.timestampMs = high * 0x1_0000_0000 + (low >>> 0);
    }
    if (this.timestampMs > this.newestCellMs) this.newestCellMs = this.timestampMs;
    return (t7[checksum] as number) ^ this.timestampChecksum;
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

  private checksumOf(start: number, end: number): number {
    const { view } = this;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, end - start);
    return crc8Range(0, bytes, 0, bytes.length);
  }
}

function isRecordedOperation(operation: number): boolean {
  return (
    operation === operationTag.deleteAllVersions || operation === operationTag.deleteOneVersion
  );
}

/** Continues the checksum over 8 bytes, given as two words. */
function checksumWords(checksum: number, low: number, high: number): number {
  return (
    (t7[(low ^ checksum) & 0xff] as number) ^
    (t6[(low >>> 8) & 0xff] as number) ^
    (t5[(low >>> 16) & 0xff] as number) ^
    (t4[low >>> 24] as number) ^
    (t3[high & 0xff] as number) ^
    (t2[(high >>> 8) & 0xff] as number) ^
    (t1[(high >>> 16) & 0xff] as number) ^
    (t0[high >>> 24] as number)
  );
}
