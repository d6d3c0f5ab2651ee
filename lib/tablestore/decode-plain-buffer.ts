import { isUtf8 } from "node:buffer";
import { crc8Byte, crc8Range } from "./crc8";
import {
  extensionLength,
  headerLength,
  operationTag,
  plainTag,
  sequenceInfoLength,
  variantTag,
} from "./plain-buffer-tags";
import {
  type CellOperation,
  PlainBufferError,
  type PlainCell,
  type PlainRow,
  type PlainValue,
  type SequenceInfo,
} from "./plain-row";

/**
 * Reads every row of a PlainBuffer; zero bytes are zero rows. Checksums are verified. Zeros after
 * the last row are ignored, because one official SDK sends its buffer's unused end (reference 3.3).
 * Throws PlainBufferError and nothing else; allocates nothing that the input does not fill.
 * Binary values are views into `bytes`.
 */
export function decodePlainRows(bytes: Uint8Array): PlainRow[] {
  if (bytes.length === 0) return [];
  const cursor = openRows(bytes);
  const rows: PlainRow[] = [];
  do rows.push(readRow(cursor));
  while (!cursor.atPadding());
  return rows;
}

/** Reads a PlainBuffer that must hold exactly one row. */
export function decodePlainRow(bytes: Uint8Array): PlainRow {
  const cursor = openRows(bytes);
  const row = readRow(cursor);
  if (!cursor.atPadding()) throw cursor.error("More than one row");
  return row;
}

/** Reads a value on its own, as filters and partition ranges hold it (reference 3.6). */
export function decodeVariant(bytes: Uint8Array): PlainValue {
  const cursor = new Cursor(bytes);
  const value = readVariant(cursor);
  if (cursor.position !== bytes.length) throw cursor.error("Bytes after the value");
  return value;
}

class Cursor {
  readonly bytes: Buffer;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  error(message: string): PlainBufferError {
    return new PlainBufferError(message, this.position);
  }

  /** Steps over `length` bytes and gives where they start. */
  take(length: number): number {
    const start = this.position;
    if (length > this.bytes.length - start) throw this.error("Cut short");
    this.position = start + length;
    return start;
  }

  takeByte(): number {
    return this.bytes[this.take(1)] as number;
  }

  takeUint32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  takeInt32(): number {
    return this.bytes.readInt32LE(this.take(4));
  }

  takeInt64(): bigint {
    return this.bytes.readBigInt64LE(this.take(8));
  }

  /** Steps over `tag` if it comes next. */
  takeIf(tag: number): boolean {
    if (this.bytes[this.position] !== tag) return false;
    this.position++;
    return true;
  }

  expect(tag: number, what: string): void {
    if (!this.takeIf(tag)) throw this.error(`No ${what}`);
  }

  /** True at the end or before nothing but zeros; zeros before anything else are corruption. */
  atPadding(): boolean {
    if (this.position === this.bytes.length) return true;
    if (this.bytes[this.position] !== 0) return false;
    for (let at = this.position; at < this.bytes.length; at++) {
      if (this.bytes[at] !== 0) throw this.error("Bytes after the last row");
    }
    return true;
  }
}

function openRows(bytes: Uint8Array): Cursor {
  const cursor = new Cursor(bytes);
  if (bytes.length < headerLength || cursor.takeUint32() !== plainTag.header) {
    throw new PlainBufferError("No PlainBuffer header", 0);
  }
  return cursor;
}

/** The row's checksum over its cells so far. */
type RowState = { crc: number };

function readRow(cursor: Cursor): PlainRow {
  const state: RowState = { crc: 0 };
  const primaryKey = cursor.takeIf(plainTag.primaryKey) ? readCells(cursor, state, true) : [];
  const attributes = cursor.takeIf(plainTag.attributes) ? readCells(cursor, state, false) : [];
  const deleteMarker = cursor.takeIf(plainTag.deleteMarker);
  const extension = cursor.takeIf(plainTag.extension) ? readExtension(cursor) : null;
  cursor.expect(plainTag.rowChecksum, "row checksum");
  if (cursor.takeByte() !== crc8Byte(state.crc, deleteMarker ? 1 : 0)) {
    throw cursor.error("Row checksum mismatch");
  }
  return { primaryKey, attributes, deleteMarker, extension };
}

function readCells(cursor: Cursor, state: RowState, isKey: boolean): PlainCell[] {
  const cells: PlainCell[] = [];
  while (cursor.takeIf(plainTag.cell)) cells.push(readCell(cursor, state, isKey));
  return cells;
}

function readCell(cursor: Cursor, state: RowState, isKey: boolean): PlainCell {
  cursor.expect(plainTag.cellName, "cell name");
  const nameLength = cursor.takeUint32();
  const nameStart = cursor.take(nameLength);
  const nameEnd = cursor.position;
  const name = decodeUtf8(cursor.bytes, nameStart, nameEnd);
  if (name === null) throw cursor.error("A cell name is not UTF-8");
  let crc = crc8Range(0, cursor.bytes, nameStart, nameEnd);

  let value: PlainValue | null = null;
  if (cursor.takeIf(plainTag.cellValue)) {
    const length = cursor.takeUint32();
    const start = cursor.position;
    value = readVariant(cursor);
    if (cursor.position - start !== length) throw cursor.error("A value's length is not its own");
    crc = crc8Range(crc, cursor.bytes, start, cursor.position);
  }
  const operationByte = cursor.takeIf(plainTag.cellOperation) ? cursor.takeByte() : null;
  let timestampMs: bigint | null = null;
  if (cursor.takeIf(plainTag.cellTimestamp)) {
    const start = cursor.position;
    timestampMs = cursor.takeInt64();
    crc = crc8Range(crc, cursor.bytes, start, cursor.position);
  }
  // The operation stands before the timestamp and is hashed after it.
  if (operationByte !== null) crc = crc8Byte(crc, operationByte);
  const operation = operationByte === null ? null : operationOf(cursor, operationByte);
  checkCell(cursor, isKey, value, operation);
  cursor.expect(plainTag.cellChecksum, "cell checksum");
  if (cursor.takeByte() !== crc) throw cursor.error("Cell checksum mismatch");
  state.crc = crc8Byte(state.crc, crc);
  return { name, value, operation, timestampMs };
}

function operationOf(cursor: Cursor, byte: number): CellOperation {
  switch (byte) {
    case operationTag.deleteAllVersions:
      return "delete-all-versions";
    case operationTag.deleteOneVersion:
      return "delete-one-version";
    case operationTag.increment:
      return "increment";
    default:
      throw cursor.error("Unknown cell operation");
  }
}

function checkCell(
  cursor: Cursor,
  isKey: boolean,
  value: PlainValue | null,
  operation: CellOperation | null,
): void {
  if (isKey) {
    if (value === null) throw cursor.error("A primary key cell has no value");
    if (value.type === "malformed-string") throw cursor.error("A primary key value is not UTF-8");
    if (operation !== null) throw cursor.error("A primary key cell has an operation");
    return;
  }
  const type = value?.type;
  if (type === "inf-min" || type === "inf-max" || type === "auto-increment") {
    throw cursor.error("A value of primary keys stands in an attribute");
  }
  if (value === null && operation === null) throw cursor.error("An attribute has no value");
}

function readVariant(cursor: Cursor): PlainValue {
  const tag = cursor.takeByte();
  switch (tag) {
    case variantTag.integer:
      return { type: "integer", value: cursor.takeInt64() };
    case variantTag.double:
      return { type: "double", value: cursor.bytes.readDoubleLE(cursor.take(8)) };
    case variantTag.boolean: {
      const byte = cursor.takeByte();
      if (byte > 1) throw cursor.error("A boolean is neither 0 nor 1");
      return { type: "boolean", value: byte === 1 };
    }
    case variantTag.string: {
      const length = cursor.takeUint32();
      const start = cursor.take(length);
      const text = decodeUtf8(cursor.bytes, start, cursor.position);
      if (text !== null) return { type: "string", value: text };
      return { type: "malformed-string", value: cursor.bytes.subarray(start, cursor.position) };
    }
    case variantTag.binary: {
      const length = cursor.takeUint32();
      const start = cursor.take(length);
      return { type: "binary", value: cursor.bytes.subarray(start, cursor.position) };
    }
    case variantTag.infMin:
      return { type: "inf-min" };
    case variantTag.infMax:
      return { type: "inf-max" };
    case variantTag.autoIncrement:
      return { type: "auto-increment" };
    default:
      throw cursor.error("Unknown value type");
  }
}

function readExtension(cursor: Cursor): SequenceInfo {
  if (cursor.takeUint32() !== extensionLength) throw cursor.error("Unknown extension");
  cursor.expect(plainTag.sequenceInfo, "sequence info");
  if (cursor.takeUint32() !== sequenceInfoLength) throw cursor.error("Unknown sequence info");
  cursor.expect(plainTag.sequenceEpoch, "sequence epoch");
  const epoch = cursor.takeInt32();
  cursor.expect(plainTag.sequenceTimestamp, "sequence timestamp");
  const timestampUs = cursor.takeInt64();
  cursor.expect(plainTag.sequenceRowIndex, "sequence row index");
  return { epoch, timestampUs, rowIndex: cursor.takeInt32() };
}

/** Longer ranges are checked natively; shorter ones are mostly ASCII names, where a call costs more. */
const scanLengthMax = 64;

/** The text of bytes[start, end), or null when they are not UTF-8. A byte order mark is kept. */
function decodeUtf8(bytes: Buffer, start: number, end: number): string | null {
  if (end - start <= scanLengthMax && isAscii(bytes, start, end)) {
    return bytes.toString("latin1", start, end);
  }
  return isUtf8(bytes.subarray(start, end)) ? bytes.toString("utf8", start, end) : null;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}
