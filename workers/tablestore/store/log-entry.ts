import { extensionLength, plainTag, sequenceInfoLength } from "@/lib/tablestore/plain-buffer-tags";

export type LogRecord = {
  /** ActionType of the protocol. */
  readonly action: 1 | 2 | 3;
  /** bytes[start…] is a PlainBuffer of one row without extension. */
  readonly bytes: Buffer;
  readonly start: number;
  /** The old values that the table's stream asks for, or null. */
  readonly origin: Buffer | null;
};

/** Write time in µs as a double (8) and record count (4); the framed records follow. */
export const entryHeaderLength = 12;
/** The extension with its own tag and length. */
const extensionBytes = 5 + extensionLength;
const recordTag = 0x0a;
const actionTag = 0x08;
const bytesTag = 0x12;
const originTag = 0x1a;

/** Packs one commit's records of a channel, in order, into an entry. */
export function packLogEntry(records: readonly LogRecord[], timestampUs: number): Buffer {
  let length = entryHeaderLength;
  for (const record of records) {
    const content = contentLength(record);
    length += 1 + varintLength(content) + content;
  }
  const entry = Buffer.allocUnsafe(length);
  entry.writeDoubleBE(timestampUs, 0);
  entry.writeUInt32BE(records.length, 8);
  let at = entryHeaderLength;
  for (let index = 0; index < records.length; index++) {
    at = writeFramedRecord(entry, at, records[index] as LogRecord, timestampUs, index);
  }
  return entry;
}

function contentLength(record: LogRecord): number {
  const rowLength = record.bytes.length - record.start + extensionBytes;
  let length = 2 + 1 + varintLength(rowLength) + rowLength;
  if (record.origin !== null) {
    length += 1 + varintLength(record.origin.length) + record.origin.length;
  }
  return length;
}

function writeFramedRecord(
  out: Buffer,
  start: number,
  record: LogRecord,
  timestampUs: number,
  rowIndex: number,
): number {
  const { bytes, origin } = record;
  let at = start;
  out[at++] = recordTag;
  at = writeVarint(out, at, contentLength(record));
  out[at++] = actionTag;
  out[at++] = record.action;
  out[at++] = bytesTag;
  at = writeVarint(out, at, bytes.length - record.start + extensionBytes);
  // The extension stands before the row checksum and is not part of it.
  const checksumAt = bytes.length - 2;
  at += bytes.copy(out, at, record.start, checksumAt);
  at = writeExtension(out, at, timestampUs, rowIndex);
  out[at++] = bytes[checksumAt] as number;
  out[at++] = bytes[checksumAt + 1] as number;
  if (origin === null) return at;
  out[at++] = originTag;
  at = writeVarint(out, at, origin.length);
  return at + origin.copy(out, at);
}

function writeExtension(out: Buffer, start: number, timestampUs: number, rowIndex: number): number {
  let at = start;
  out[at++] = plainTag.extension;
  at = out.writeUInt32LE(extensionLength, at);
  out[at++] = plainTag.sequenceInfo;
  at = out.writeUInt32LE(sequenceInfoLength, at);
  out[at++] = plainTag.sequenceEpoch;
  at = out.writeInt32LE(0, at);
  out[at++] = plainTag.sequenceTimestamp;
  at = out.writeUInt32LE(timestampUs % 0x1_0000_0000, at);
  at = out.writeUInt32LE(Math.floor(timestampUs / 0x1_0000_0000), at);
  out[at++] = plainTag.sequenceRowIndex;
  return out.writeInt32LE(rowIndex, at);
}

/** Frames a base data row as field 1 of a ReadRecordsResponse; base records have no extension. */
export function frameBaseRecord(row: Buffer): Buffer {
  const content = 2 + 1 + varintLength(row.length) + row.length;
  const out = Buffer.allocUnsafe(1 + varintLength(content) + content);
  let at = 0;
  out[at++] = recordTag;
  at = writeVarint(out, at, content);
  out[at++] = actionTag;
  out[at++] = 1;
  out[at++] = bytesTag;
  at = writeVarint(out, at, row.length);
  row.copy(out, at);
  return out;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++;
  return length;
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  return at;
}

/** Where the framed record at `start` ends. */
export function endOfFramedRecord(entry: Buffer, start: number): number {
  let at = start + 1;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = entry[at++] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at + length;
  }
}

export function timestampOfEntry(entry: Buffer): number {
  return entry.readDoubleBE(0);
}

export function recordCountOfEntry(entry: Buffer): number {
  return entry.readUInt32BE(8);
}
