import type { ClassicLevel } from "classic-level";
import { Refusal } from "../refusal";
import { idKey, logKey, namespace, sequenceOfLogKey } from "./key-encoding";
import {
  endOfFramedRecord,
  entryHeaderLength,
  recordCountOfEntry,
  timestampOfEntry,
} from "./log-entry";

/**
 * The change log of stream channels. One commit's records of one channel are one entry, under the
 * sequence of its first record: an entry holds the records already framed as field 1 of a
 * ReadRecordsResponse, so a page of an answer is a few entries one after the other.
 *
 * L1 (timestamp, row index) grows strictly within a channel, whatever the clock does.
 * L2 Sequences of a channel have no holes; `durableSequence` never passes what is on disk.
 * L3 A page never starts below `firstSequence`: what is being trimmed is not read.
 * L4 Of one primary key, every record of a channel is older than every record of its children.
 */
export type LogChannel = ChannelRange & {
  readonly ordinal: number;
  readonly id: string;
  /** The channel that this one goes on from; it is read first. */
  readonly parentId: string | null;
  /** What the next record gets. Only the commit loop moves it. */
  nextSequence: number;
  /** Records below this can be read. */
  durableSequence: number;
  lastTimestampUs: number;
  /** The oldest record that is kept. */
  firstSequence: number;
  /** Where a split channel ends, once that is on disk; null while it is written. */
  endSequence: number | null;
  readonly waiters: Set<() => void>;
};

/** Partition keys whose changes go to a channel: `hashStart` ≤ hash < `hashEnd`. */
export type ChannelRange = { readonly hashStart: number; readonly hashEnd: number };

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

/** Wakes whoever waits for the channel's next record. */
export function wakeReaders(channel: LogChannel): void {
  const waiting = [...channel.waiters];
  channel.waiters.clear();
  for (const wake of waiting) wake();
}

const headLength = 14;

/** The write time of a channel's next entry. */
export function nextTimestampUs(channel: LogChannel, nowMs: number): number {
  return Math.max(nowMs * 1000, channel.lastTimestampUs + 1);
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

/** A channel that nothing was written to. */
export function newLogChannel(
  described: ChannelRange & Pick<LogChannel, "ordinal" | "id" | "parentId">,
): LogChannel {
  return {
    ...described,
    nextSequence: 0,
    durableSequence: 0,
    lastTimestampUs: 0,
    firstSequence: 0,
    endSequence: null,
    waiters: new Set(),
  };
}

/** The channel as it was when the process ended. */
export async function openLogChannel(db: Db, channel: LogChannel): Promise<LogChannel> {
  const { ordinal } = channel;
  const [head, trim] = await db.getMany([
    idKey(namespace.logHead, ordinal),
    idKey(namespace.logTrim, ordinal),
  ]);
  const nextSequence = head?.readUIntBE(0, 6) ?? 0;
  return {
    ...channel,
    nextSequence,
    durableSequence: nextSequence,
    lastTimestampUs: head?.readDoubleBE(6) ?? 0,
    firstSequence: trim?.readUIntBE(0, 6) ?? 0,
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
    highWaterMarkBytes: Math.min(limits.bytesMax, bytesPerStep),
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
/** Whole pages in one step left four times the memory behind under constant reading. */
const bytesPerStep = 512 * 1024;

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
