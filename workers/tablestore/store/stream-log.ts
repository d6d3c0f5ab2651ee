import type { ClassicLevel } from "classic-level";
import { extensionLength, plainTag, sequenceInfoLength } from "@/lib/tablestore/plain-buffer-tags";
import { Refusal } from "../refusal";
import { idKey, logKey, namespace, sequenceOfLogKey } from "./key-encoding";

/**
 * The change log of stream channels. One commit's records of one channel are one entry, under the
 * sequence of its first record: an entry holds the records already framed as field 1 of a
 * ReadRecordsResponse, so a page of an answer is a few entries one after the other.
 *
 * Entry: write time in µs (8, double), record count (4), framed records.
 *
 * L1 (timestamp, row index) grows strictly within a channel, whatever the clock does.
 * L2 Sequences of a channel have no holes; `durableSequence` never passes what is on disk.
 * L3 A page never starts below `firstSequence`: what is being trimmed is not read.
 */
export type LogChannel = {
  readonly ordinal: number;
  readonly id: string;
  /** What the next record gets. Only the commit loop moves it. */
  nextSequence: number;
  /** Records below this can be read. */
  durableSequence: number;
  lastTimestampUs: number;
  /** The oldest record that is kept. */
  firstSequence: number;
  readonly waiters: Set<() => void>;
};

export type LogRecord = {
  /** ActionType of the protocol. */
  readonly action: 1 | 2 | 3;
  /** bytes[start…] is a PlainBuffer of one row without extension. */
  readonly bytes: Buffer;
  readonly start: number;
  /** The old values that the table's stream asks for, or null. */
  readonly origin: Buffer | null;
};

export type LogPage = {
  /** Framed records, to be joined. */
  readonly chunks: readonly Buffer[];
  readonly recordCount: number;
  readonly byteLength: number;
  readonly nextSequence: number;
  /** Write time of the last record, µs, or null when there is none. */
  readonly lastTimestampUs: number | null;
  /** A record at or after the asked end follows. */
  readonly reachedEnd: boolean;
};

type Db = ClassicLevel<Buffer, Buffer>;

const entryHeaderLength = 12;
/** The extension with its own tag and length. */
const extensionBytes = 5 + extensionLength;
const headLength = 14;
const recordTag = 0x0a;
const actionTag = 0x08;
const bytesTag = 0x12;
const originTag = 0x1a;

/** The write time of a channel's next entry. */
export function nextTimestampUs(channel: LogChannel, nowMs: number): number {
  return Math.max(nowMs * 1000, channel.lastTimestampUs + 1);
}

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
function endOfFramedRecord(entry: Buffer, start: number): number {
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

export function encodeLogHead(nextSequence: number, lastTimestampUs: number): Buffer {
  const head = Buffer.allocUnsafe(headLength);
  head.writeUIntBE(nextSequence, 0, 6);
  head.writeDoubleBE(lastTimestampUs, 6);
  return head;
}

export function encodeTrim(firstSequence: number): Buffer {
  const trim = Buffer.allocUnsafe(6);
  trim.writeUIntBE(firstSequence, 0, 6);
  return trim;
}

/** A channel as it was when the process ended; a new one when nothing is known of it. */
export async function openLogChannel(db: Db, ordinal: number, id: string): Promise<LogChannel> {
  const [head, trim] = await db.getMany([
    idKey(namespace.logHead, ordinal),
    idKey(namespace.logTrim, ordinal),
  ]);
  const nextSequence = head?.readUIntBE(0, 6) ?? 0;
  return {
    ordinal,
    id,
    nextSequence,
    durableSequence: nextSequence,
    lastTimestampUs: head?.readDoubleBE(6) ?? 0,
    firstSequence: trim?.readUIntBE(0, 6) ?? 0,
    waiters: new Set(),
  };
}

export type LogReadLimits = {
  readonly recordsMax: number;
  readonly bytesMax: number;
  /** Records written at or after this time, µs, are not given. */
  readonly beforeUs: number;
};

/** What a page is assembled in. */
type PageState = {
  readonly chunks: Buffer[];
  recordCount: number;
  byteLength: number;
  sequence: number;
  lastTimestampUs: number | null;
  reachedEnd: boolean;
  full: boolean;
};

/**
 * Records from `fromSequence` on, at least one if there is any. Throws OTSTunnelExpired for a
 * position that was trimmed.
 */
export async function readLogPage(
  db: Db,
  channel: LogChannel,
  fromSequence: number,
  limits: LogReadLimits,
): Promise<LogPage> {
  assertKept(channel, fromSequence);
  const page: PageState = {
    chunks: [],
    recordCount: 0,
    byteLength: 0,
    sequence: fromSequence,
    lastTimestampUs: null,
    reachedEnd: false,
    full: false,
  };
  if (fromSequence < channel.durableSequence) await fillPage(db, channel, page, limits);
  const { chunks, recordCount, byteLength, lastTimestampUs, reachedEnd } = page;
  return {
    chunks,
    recordCount,
    byteLength,
    nextSequence: page.sequence,
    lastTimestampUs,
    reachedEnd,
  };
}

function assertKept(channel: LogChannel, sequence: number): void {
  if (sequence < channel.firstSequence) {
    throw new Refusal(
      "OTSTunnelExpired",
      "The stream data at this position has expired and was trimmed.",
    );
  }
}

async function fillPage(
  db: Db,
  channel: LogChannel,
  page: PageState,
  limits: LogReadLimits,
): Promise<void> {
  const start = await entryHolding(db, channel, page.sequence);
  assertKept(channel, page.sequence);
  const iterator = db.iterator({
    gte: logKey(channel.ordinal, start),
    lt: logKey(channel.ordinal, channel.durableSequence),
    highWaterMarkBytes: limits.bytesMax,
  });
  try {
    while (!page.full) {
      const entries = await iterator.nextv(entriesPerStep);
      if (entries.length === 0) return;
      for (const [key, entry] of entries) {
        addEntry(page, sequenceOfLogKey(key), entry, limits);
        if (page.full) break;
      }
    }
  } finally {
    await iterator.close();
  }
}

const entriesPerStep = 256;

/** The key of the entry that holds `sequence`; most positions are the start of one. */
async function entryHolding(db: Db, channel: LogChannel, sequence: number): Promise<number> {
  const key = logKey(channel.ordinal, sequence);
  if ((await db.has(key)) === true) return sequence;
  const iterator = db.keys({
    gte: logKey(channel.ordinal, channel.firstSequence),
    lt: key,
    reverse: true,
    limit: 1,
  });
  try {
    const found = await iterator.next();
    return found === undefined ? sequence : sequenceOfLogKey(found);
  } finally {
    await iterator.close();
  }
}

function addEntry(page: PageState, first: number, entry: Buffer, limits: LogReadLimits): void {
  const timestampUs = timestampOfEntry(entry);
  if (timestampUs >= limits.beforeUs) {
    page.reachedEnd = true;
    page.full = true;
    return;
  }
  const count = recordCountOfEntry(entry);
  let at = entryHeaderLength;
  for (let skip = page.sequence - first; skip > 0; skip--) at = endOfFramedRecord(entry, at);
  const available = first + count - page.sequence;
  const taken = takeRecords(page, entry, at, available, limits);
  if (taken > 0) page.lastTimestampUs = timestampUs;
  if (taken < available) page.full = true;
}

/** Adds as many of the entry's `available` records from `start` as the limits leave room for. */
function takeRecords(
  page: PageState,
  entry: Buffer,
  start: number,
  available: number,
  limits: LogReadLimits,
): number {
  const room = limits.recordsMax - page.recordCount;
  let end = start;
  let taken = 0;
  if (available <= room && page.byteLength + entry.length - start <= limits.bytesMax) {
    end = entry.length;
    taken = available;
  } else {
    while (taken < Math.min(available, room)) {
      const next = endOfFramedRecord(entry, end);
      const isFirst = page.recordCount + taken === 0;
      if (!isFirst && page.byteLength + next - start > limits.bytesMax) break;
      end = next;
      taken++;
    }
  }
  if (taken > 0) {
    page.chunks.push(entry.subarray(start, end));
    page.recordCount += taken;
    page.byteLength += end - start;
    page.sequence += taken;
  }
  return taken;
}

/** The first sequence whose write time is at or after `timestampUs`: a search by halving. */
export async function sequenceAtTime(
  db: Db,
  channel: LogChannel,
  timestampUs: number,
): Promise<number> {
  let low = channel.firstSequence;
  let high = channel.durableSequence;
  // Everything below low is older, everything from high on is not; both are starts of entries.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const start = await entryHolding(db, channel, middle);
    const entry = await db.get(logKey(channel.ordinal, start));
    if (entry === undefined) return high;
    if (timestampOfEntry(entry) >= timestampUs) high = start;
    else low = start + recordCountOfEntry(entry);
  }
  return low;
}
