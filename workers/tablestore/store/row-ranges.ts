import type { ClassicLevel } from "classic-level";

type Db = ClassicLevel<Buffer, Buffer>;

/** Keys `start` ≤ key < `end`. */
export type KeyRange = { readonly start: Buffer; readonly end: Buffer };

/** Bytes of a key that the search for a border looks at, after those that the range's ends share. */
const searchedBytes = 6;

/**
 * Cuts a range into at most `piecesMax` ranges of about the same size on disk, each of `pieceBytesMin`
 * or more, in key order, together exactly the range. Sizes are LevelDB's estimate of what is in its
 * files, so what is only in the memory table does not count; borders need not be keys that exist.
 */
export async function splitRange(
  db: Db,
  range: KeyRange,
  { piecesMax, pieceBytesMin }: { readonly piecesMax: number; readonly pieceBytesMin: number },
): Promise<KeyRange[]> {
  if (piecesMax <= 1) return [range];
  const size = await db.approximateSize(range.start, range.end);
  const pieces = Math.min(piecesMax, Math.floor(size / pieceBytesMin));
  if (pieces <= 1) return [range];
  const bounds = { gte: range.start, lt: range.end, limit: 1 };
  const [first] = await db.keys(bounds).all();
  const [last] = await db.keys({ ...bounds, reverse: true }).all();
  if (first === undefined || last === undefined) return [range];

  const borders: Buffer[] = [];
  for (let piece = 1; piece < pieces; piece++) {
    const border = await findBorder(
      db,
      { start: first, end: last },
      range.start,
      (size * piece) / pieces,
    );
    const before = borders.at(-1) ?? range.start;
    if (border.compare(before) > 0 && border.compare(range.end) < 0) borders.push(border);
  }
  return [range.start, ...borders].map((start, index) => ({
    start,
    end: borders[index] ?? range.end,
  }));
}

/** The smallest key of the searched length before which at least `bytes` lie, by bisection. */
async function findBorder(db: Db, inside: KeyRange, from: Buffer, bytes: number): Promise<Buffer> {
  const shared = sharedPrefixLength(inside.start, inside.end);
  const prefix = inside.start.subarray(0, shared);
  const numberOf = (key: Buffer) => {
    const digits = Buffer.alloc(searchedBytes);
    key.copy(digits, 0, shared, shared + searchedBytes);
    return digits.readUIntBE(0, searchedBytes);
  };
  const keyOf = (number: number) => {
    const digits = Buffer.alloc(searchedBytes);
    digits.writeUIntBE(number, 0, searchedBytes);
    return Buffer.concat([prefix, digits]);
  };
  let [low, high] = [numberOf(inside.start), numberOf(inside.end)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await db.approximateSize(from, keyOf(middle))) < bytes) low = middle + 1;
    else high = middle;
  }
  return keyOf(low);
}

function sharedPrefixLength(one: Buffer, other: Buffer): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index++) if (one[index] !== other[index]) return index;
  return length;
}
