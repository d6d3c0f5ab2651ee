/** Equal bytes of the bitmap from which on a run is shorter than the bits themselves. */
const runBytesMin = 8;

/** Room that `writeDefinitionLevels` may need for `rows` rows. */
export function definitionLevelsBytesMax(rows: number): number {
  return 2 * Math.ceil(rows / 8) + 24;
}

/**
 * Writes which of a page's rows hold a value, as DATA_PAGE v1 wants it: a length of 4 bytes, then the
 * RLE / bit-packing hybrid at bit width 1. `presence` has a bit per row, least significant first, its
 * unused bits zero; null means that all rows are alike: all values (`values === rows`) or all null.
 * Gives the position after the last byte.
 */
export function writeDefinitionLevels(
  target: Uint8Array,
  start: number,
  presence: Uint8Array | null,
  rows: number,
  values: number,
): number {
  const body = start + 4;
  let at: number;
  if (presence === null || values === 0 || values === rows) {
    at = writeRun(target, body, rows, values === 0 ? 0 : 1);
  } else {
    at = writeHybrid(target, body, presence, rows);
  }
  const length = at - body;
  target[start] = length;
  target[start + 1] = length >>> 8;
  target[start + 2] = length >>> 16;
  target[start + 3] = length >>> 24;
  return at;
}

function writeHybrid(
  target: Uint8Array,
  start: number,
  presence: Uint8Array,
  rows: number,
): number {
  const wholeBytes = rows >>> 3;
  let at = start;
  let packedFrom = 0;
  let byte = 0;
  while (byte < wholeBytes) {
    const bits = presence[byte] as number;
    let end = byte + 1;
    if (bits === 0 || bits === 0xff) {
      while (end < wholeBytes && presence[end] === bits) end++;
      if (end - byte >= runBytesMin) {
        at = writePacked(target, at, presence, packedFrom, byte);
        at = writeRun(target, at, (end - byte) * 8, bits & 1);
        packedFrom = end;
      }
    }
    byte = end;
  }
  return writePacked(target, at, presence, packedFrom, (rows + 7) >>> 3);
}

function writeRun(target: Uint8Array, start: number, length: number, level: number): number {
  const at = writeVarint(target, start, length * 2);
  target[at] = level;
  return at + 1;
}

function writePacked(
  target: Uint8Array,
  start: number,
  presence: Uint8Array,
  from: number,
  to: number,
): number {
  if (to === from) return start;
  const at = writeVarint(target, start, (to - from) * 2 + 1);
  target.set(presence.subarray(from, to), at);
  return at + to - from;
}

function writeVarint(target: Uint8Array, start: number, value: number): number {
  let rest = value;
  let at = start;
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at] = rest;
  return at + 1;
}
