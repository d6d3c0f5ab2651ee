/** Values as JavaScript has them, for the writers that take nothing else. */

/** A number where it is exact, else a BigInt: the cheapest form that loses nothing. */
export function readInteger(source: DataView, offset: number): number | bigint {
  const high = source.getInt32(offset + 4, true);
  if (high >= -0x20_0000 && high < 0x20_0000) {
    return high * 0x1_0000_0000 + source.getUint32(offset, true);
  }
  return source.getBigInt64(offset, true);
}

let lastBuffer: ArrayBufferLike | null = null;
let lastBytes: Buffer = Buffer.alloc(0);

/** Text that is known to be UTF-8. Most of it is ASCII, which is turned into a string faster. */
export function readText(source: DataView, start: number, end: number): string {
  if (source.buffer !== lastBuffer) {
    lastBuffer = source.buffer;
    lastBytes = Buffer.from(source.buffer);
  }
  const from = source.byteOffset + start;
  const to = source.byteOffset + end;
  for (let at = from; at < to; at++) {
    if ((lastBytes[at] as number) > 0x7f) return lastBytes.toString("utf8", from, to);
  }
  return lastBytes.toString("latin1", from, to);
}
