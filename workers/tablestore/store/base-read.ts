import type { ClassicLevel } from "classic-level";
import type { BaseCut, BaseRange } from "./base-cut";
import { encodeRow, type KeySection } from "./cell";
import { baseImageKey, keyAfter, rowKeyOfBaseImage } from "./key-encoding";
import { liveCells } from "./live-cells";
import { frameBaseRecord } from "./log-entry";
import { keySectionOf, plainBytesOf, readStoredRow, sequenceOf } from "./stored-row";

type Db = ClassicLevel<Buffer, Buffer>;

export type BasePage = {
  /** Framed records, to be joined. */
  readonly chunks: readonly Buffer[];
  readonly recordCount: number;
  /** The key of the last row looked at, given or not; null when none was left. */
  readonly lastKey: KeySection | null;
  /** Nothing of the range follows. */
  readonly finished: boolean;
};

export type BaseReadLimits = { readonly recordsMax: number; readonly bytesMax: number };

/** Rows that changed after the cut are looked at and not given: a page ends here even when empty. */
const scannedMax = 20_000;
const entriesPerStep = 500;
const bytesPerStep = 512 * 1024;

/**
 * Rows of the range after `afterKey` as they were at the cut, in key order: live rows that have not
 * changed since, merged with the images of those that have. Both sides are read from one LevelDB
 * snapshot, held for this page only: between two of its own, a row's change could move it from one
 * side to the other unseen.
 */
export async function readBasePage(
  db: Db,
  cut: BaseCut,
  range: BaseRange,
  afterKey: Buffer | null,
  limits: BaseReadLimits,
): Promise<BasePage> {
  const from = afterKey === null ? range.start : keyAfter(afterKey);
  const snapshot = db.snapshot();
  const live = new Side(
    db.iterator({ gte: from, lt: range.end, snapshot, highWaterMarkBytes: bytesPerStep }),
  );
  const images = new Side(
    db.iterator({
      gte: baseImageKey(cut.id, from),
      lt: baseImageKey(cut.id, range.end),
      snapshot,
      highWaterMarkBytes: bytesPerStep,
    }),
    rowKeyOfBaseImage,
  );
  try {
    return await mergePage(cut, live, images, limits);
  } finally {
    await Promise.all([live.close(), images.close()]);
    await snapshot.close();
  }
}

async function mergePage(
  cut: BaseCut,
  live: Side,
  images: Side,
  limits: BaseReadLimits,
): Promise<BasePage> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let last: Buffer | null = null;
  const end = (finished: boolean): BasePage => ({
    chunks,
    recordCount: chunks.length,
    lastKey: last === null ? null : keySectionOf(last),
    finished,
  });
  for (let scanned = 0; ; scanned++) {
    const row = await nextRow(live, images);
    if (row === null) return end(true);
    const isFull = chunks.length >= limits.recordsMax || scanned >= scannedMax;
    if (isFull || (chunks.length > 0 && bytes + row.stored.length > limits.bytesMax)) {
      return end(false);
    }
    live.stepOver(row.key);
    images.stepOver(row.key);
    last = row.stored;
    const record = sequenceOf(row.stored) > cut.sequence ? null : rowAtCut(cut, row.stored);
    if (record === null) continue;
    const chunk = frameBaseRecord(record);
    chunks.push(chunk);
    bytes += chunk.length;
  }
}

/** The next row in key order; an image goes before the live row of its key, which is newer. */
async function nextRow(live: Side, images: Side): Promise<{ key: Buffer; stored: Buffer } | null> {
  const fromLive = await live.peek();
  const fromImages = await images.peek();
  if (fromImages === null) return fromLive;
  if (fromLive === null) return fromImages;
  return fromLive.key.compare(fromImages.key) < 0 ? fromLive : fromImages;
}

/** The row's PlainBuffer without what had expired at the cut, or null when nothing is left. */
function rowAtCut(cut: BaseCut, stored: Buffer): Buffer | null {
  if (cut.timeToLiveSeconds < 0) return plainBytesOf(stored);
  const { key, cells } = readStoredRow(stored);
  const alive = liveCells(cells, cut.timeToLiveSeconds, cut.atMs);
  return alive === null ? null : encodeRow(key, alive);
}

type Entries = {
  nextv(count: number): Promise<[Buffer, Buffer][]>;
  close(): Promise<void>;
};

/** One side of the merge, read in steps. */
class Side {
  readonly #entries: Entries;
  readonly #keyOf: (key: Buffer) => Buffer;
  #step: [Buffer, Buffer][] = [];
  #at = 0;
  #ended = false;
  #head: { key: Buffer; stored: Buffer } | null = null;

  constructor(entries: Entries, keyOf: (key: Buffer) => Buffer = (key) => key) {
    this.#entries = entries;
    this.#keyOf = keyOf;
  }

  peek(): Promise<{ key: Buffer; stored: Buffer } | null> | { key: Buffer; stored: Buffer } | null {
    if (this.#head !== null) return this.#head;
    if (this.#at < this.#step.length) return this.#load();
    return this.#ended ? null : this.#refill();
  }

  async #refill(): Promise<{ key: Buffer; stored: Buffer } | null> {
    this.#step = await this.#entries.nextv(entriesPerStep);
    this.#at = 0;
    if (this.#step.length > 0) return this.#load();
    this.#ended = true;
    return null;
  }

  #load(): { key: Buffer; stored: Buffer } {
    const [key, stored] = this.#step[this.#at++] as [Buffer, Buffer];
    this.#head = { key: this.#keyOf(key), stored };
    return this.#head;
  }

  stepOver(key: Buffer): void {
    if (this.#head?.key.equals(key)) this.#head = null;
  }

  close(): Promise<void> {
    return this.#entries.close();
  }
}
