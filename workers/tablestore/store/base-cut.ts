import { baseImageKey, idKey, keyAfter, namespace } from "./key-encoding";

/**
 * A snapshot of a table's rows, taken between two commit jobs and held without holding LevelDB:
 * a row whose last change is not after the cut still is as it was then, and the first change after
 * the cut keeps the older row beside it, in the same batch.
 *
 *   base row at the cut = image of the cut, else the live row if its sequence is not after the cut
 *
 * B1 A row has at most one image per cut: after its first change its sequence is after the cut.
 * B2 Once a range's checkpoint has passed a row, or the range is done, no image of it is kept.
 */
export type BaseCut = {
  readonly id: number;
  readonly tableId: number;
  /** Jobs up to this one are in the snapshot. */
  readonly sequence: number;
  /** Time of the cut, epoch ms: what had expired by then is not in the snapshot. */
  readonly atMs: number;
  /** -1, or how long cells lived when the cut was made. */
  readonly timeToLiveSeconds: number;
  readonly ranges: BaseRange[];
};

/** The rows that one base channel reads: `start` ≤ row key < `end`. */
export type BaseRange = {
  readonly channelId: string;
  readonly start: Buffer;
  readonly end: Buffer;
  /** The last row key that the channel's checkpoint has passed. */
  passed: Buffer | null;
  done: boolean;
};

/** Whether a change of this row has to keep the row as it was. */
export function keepsImage(cut: BaseCut, rowKey: Buffer, rowSequence: number): boolean {
  if (rowSequence > cut.sequence) return false;
  for (const range of cut.ranges) {
    if (rowKey.compare(range.start) < 0 || rowKey.compare(range.end) >= 0) continue;
    return !range.done && (range.passed === null || rowKey.compare(range.passed) > 0);
  }
  return false;
}

export function isCutDone(cut: BaseCut): boolean {
  return cut.ranges.every((range) => range.done);
}

/** Key bounds of all images of a cut. */
export function imagesOfCut(cutId: number): { gte: Buffer; lt: Buffer } {
  return {
    gte: idKey(namespace.baseImage, cutId),
    lt: idKey(namespace.baseImage, cutId + 1),
  };
}

/** Key bounds of the images that nobody reads again, or null when there are none yet. */
export function imagesPassed(cut: BaseCut, range: BaseRange): { gte: Buffer; lt: Buffer } | null {
  const gte = baseImageKey(cut.id, range.start);
  if (range.done) return { gte, lt: baseImageKey(cut.id, range.end) };
  if (range.passed === null) return null;
  return { gte, lt: keyAfter(baseImageKey(cut.id, range.passed)) };
}
