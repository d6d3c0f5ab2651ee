/**
 * CRC-8 with polynomial P = x^8 + x^2 + x + 1 (reference: wire protocol 3.2), by words.
 *
 * The bytes are the coefficients of a polynomial over GF(2), first bit highest, and the checksum is that
 * polynomial · x^8 mod P. Squaring x^8 ≡ x^2 + x + 1 twice gives x^32 ≡ x^8 + x^4 + 1, so 32 bits of
 * state take in a word with a few shifts (`fold`), and tables are needed only at the end. That is four
 * times as fast as a table step for each byte. Words are read big-endian.
 *
 * A start value is added to the first byte: the checksum is linear.
 */

/** tables[k << 8 | byte] is the checksum of the byte and k zero bytes after it. */
const tables = makeTables(8);

/** Continues `checksum` over one byte. */
export function checksumByte(checksum: number, byte: number): number {
  return tables[checksum ^ byte] as number;
}

/** Continues `checksum` over 8 bytes. */
export function checksumOf64(checksum: number, first: number, second: number): number {
  return reduce(fold(first ^ (checksum << 24), second));
}

/** Continues `checksum` over 8 zero bytes; with the checksum of 8 others added, over those. */
export function checksumShift64(checksum: number): number {
  return tables[0x700 | checksum] as number;
}

/** Set in what `checksumRange` gives when a byte is beyond ASCII. */
export const beyondAscii = 0x100;

/**
 * Continues `checksum` over view[start, start + length), length > 0. At least 3 bytes must lie before
 * `start` in the view.
 */
export function checksumRange(
  view: DataView,
  checksum: number,
  start: number,
  length: number,
): number {
  const end = start + length;
  // A first piece shorter than a word is read with what stands before it, which is masked away.
  const first = ((length - 1) & 3) + 1;
  let at = start + first;
  const mask = first === 4 ? -1 : (1 << (first * 8)) - 1;
  let bits = view.getInt32(at - 4, false) & mask;
  let state = bits ^ (checksum << ((first - 1) * 8));
  for (; at < end; at += 4) {
    const word = view.getInt32(at, false);
    bits |= word;
    state = fold(state, word);
  }
  return (bits & 0x80808080) === 0 ? reduce(state) : reduce(state) | beyondAscii;
}

/** state · x^32 + word, mod x^32 + x^8 + x^4 + 1, which P divides. */
function fold(state: number, word: number): number {
  const over = (state >>> 24) ^ (state >>> 28);
  return state ^ (state << 4) ^ (state << 8) ^ word ^ over ^ (over << 4) ^ (over << 8);
}

/** state · x^8 mod P. */
function reduce(state: number): number {
  return (
    (tables[0x300 | (state >>> 24)] as number) ^
    (tables[0x200 | ((state >>> 16) & 0xff)] as number) ^
    (tables[0x100 | ((state >>> 8) & 0xff)] as number) ^
    (tables[state & 0xff] as number)
  );
}

function makeTables(count: number): Uint8Array {
  const made = new Uint8Array(count << 8);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let zeros = 0; zeros < count; zeros++) {
      for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
      made[(zeros << 8) | byte] = crc;
    }
  }
  return made;
}
