import { crc8Byte, crc8Range } from "./crc8";
import {
  extensionLength,
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
 * Writes rows as one PlainBuffer of exactly their length; no rows are zero bytes (reference 3.1).
 * Throws PlainBufferError for what the format cannot carry: integers beyond 64 bits, text with
 * unpaired surrogates (it would silently become other text).
 */
export function encodePlainRows(rows: readonly PlainRow[]): Uint8Array {
  if (rows.length === 0) return new Uint8Array(0);
  const sink = new Sink();
  sink.putUint32(plainTag.header);
  for (const row of rows) writeRow(sink, row);
  return sink.finish();
}

/** One row with its header, as requests and records carry it. */
export function encodePlainRow(row: PlainRow): Uint8Array {
  return encodePlainRows([row]);
}

/** A value on its own, as filters and partition ranges hold it (reference 3.6). */
export function encodeVariant(value: PlainValue): Uint8Array {
  const sink = new Sink();
  writeVariant(sink, value);
  return sink.finish();
}

const initialCapacity = 256;
const surrogate = /\p{Surrogate}/u;

/** A buffer that doubles as it fills. */
class Sink {
  bytes = Buffer.allocUnsafe(initialCapacity);
  position = 0;

  /** Makes room for `length` bytes and gives where they start. */
  reserve(length: number): number {
    const start = this.position;
    const end = start + length;
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, start);
      this.bytes = larger;
    }
    this.position = end;
    return start;
  }

  putByte(byte: number): void {
    const start = this.reserve(1);
    this.bytes[start] = byte;
  }

  putUint32(value: number): void {
    const start = this.reserve(4);
    this.bytes.writeUInt32LE(value, start);
  }

  putInt32(value: number): void {
    if ((value | 0) !== value) throw new PlainBufferError("An integer exceeds 32 bits", null);
    const start = this.reserve(4);
    this.bytes.writeInt32LE(value, start);
  }

  putInt64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      throw new PlainBufferError("An integer exceeds 64 bits", null);
    }
    const start = this.reserve(8);
    this.bytes.writeBigInt64LE(value, start);
  }

  /** Length in bytes, then the text. */
  putText(text: string): void {
    const length = Buffer.byteLength(text);
    if (length !== text.length && surrogate.test(text)) {
      throw new PlainBufferError("A text holds half a character", null);
    }
    this.putUint32(length);
    const start = this.reserve(length);
    this.bytes.write(text, start, length, "utf8");
  }

  putBytes(bytes: Uint8Array): void {
    this.putUint32(bytes.length);
    const start = this.reserve(bytes.length);
    this.bytes.set(bytes, start);
  }

  finish(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.position));
  }
}

function writeRow(sink: Sink, row: PlainRow): void {
  let crc = 0;
  // The tag stands even before zero cells: an old row image without it is unreadable to one SDK.
  sink.putByte(plainTag.primaryKey);
  for (const cell of row.primaryKey) crc = crc8Byte(crc, writeCell(sink, cell));
  if (row.attributes.length > 0) {
    sink.putByte(plainTag.attributes);
    for (const cell of row.attributes) crc = crc8Byte(crc, writeCell(sink, cell));
  }
  if (row.deleteMarker) sink.putByte(plainTag.deleteMarker);
  if (row.extension !== null) writeExtension(sink, row.extension);
  sink.putByte(plainTag.rowChecksum);
  sink.putByte(crc8Byte(crc, row.deleteMarker ? 1 : 0));
}

/** Writes the cell and gives its checksum. */
function writeCell(sink: Sink, cell: PlainCell): number {
  sink.putByte(plainTag.cell);
  sink.putByte(plainTag.cellName);
  const nameStart = sink.position + 4;
  sink.putText(cell.name);
  let crc = crc8Range(0, sink.bytes, nameStart, sink.position);
  if (cell.value !== null) {
    sink.putByte(plainTag.cellValue);
    const lengthAt = sink.reserve(4);
    writeVariant(sink, cell.value);
    sink.bytes.writeUInt32LE(sink.position - lengthAt - 4, lengthAt);
    crc = crc8Range(crc, sink.bytes, lengthAt + 4, sink.position);
  }
  const operation = cell.operation === null ? null : operationByte(cell.operation);
  if (operation !== null) {
    sink.putByte(plainTag.cellOperation);
    sink.putByte(operation);
  }
  if (cell.timestampMs !== null) {
    sink.putByte(plainTag.cellTimestamp);
    sink.putInt64(cell.timestampMs);
    crc = crc8Range(crc, sink.bytes, sink.position - 8, sink.position);
  }
  if (operation !== null) crc = crc8Byte(crc, operation);
  sink.putByte(plainTag.cellChecksum);
  sink.putByte(crc);
  return crc;
}

function operationByte(operation: CellOperation): number {
  switch (operation) {
    case "delete-all-versions":
      return operationTag.deleteAllVersions;
    case "delete-one-version":
      return operationTag.deleteOneVersion;
    case "increment":
      return operationTag.increment;
  }
}

function writeVariant(sink: Sink, value: PlainValue): void {
  switch (value.type) {
    case "integer":
      sink.putByte(variantTag.integer);
      sink.putInt64(value.value);
      break;
    case "double": {
      sink.putByte(variantTag.double);
      const start = sink.reserve(8);
      sink.bytes.writeDoubleLE(value.value, start);
      break;
    }
    case "boolean":
      sink.putByte(variantTag.boolean);
      sink.putByte(value.value ? 1 : 0);
      break;
    case "string":
      sink.putByte(variantTag.string);
      sink.putText(value.value);
      break;
    case "malformed-string":
      sink.putByte(variantTag.string);
      sink.putBytes(value.value);
      break;
    case "binary":
      sink.putByte(variantTag.binary);
      sink.putBytes(value.value);
      break;
    case "inf-min":
      sink.putByte(variantTag.infMin);
      break;
    case "inf-max":
      sink.putByte(variantTag.infMax);
      break;
    case "auto-increment":
      sink.putByte(variantTag.autoIncrement);
      break;
  }
}

function writeExtension(sink: Sink, sequence: SequenceInfo): void {
  sink.putByte(plainTag.extension);
  sink.putUint32(extensionLength);
  sink.putByte(plainTag.sequenceInfo);
  sink.putUint32(sequenceInfoLength);
  sink.putByte(plainTag.sequenceEpoch);
  sink.putInt32(sequence.epoch);
  sink.putByte(plainTag.sequenceTimestamp);
  sink.putInt64(sequence.timestampUs);
  sink.putByte(plainTag.sequenceRowIndex);
  sink.putInt32(sequence.rowIndex);
}
