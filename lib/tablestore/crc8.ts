/** CRC-8 with polynomial 0x07, init 0, no reflection, no final xor (reference: wire protocol 3.2). */
const table = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1;
  table[byte] = crc;
}

/** Continues `crc` over one byte. */
export function crc8Byte(crc: number, byte: number): number {
  return table[(crc ^ byte) & 0xff] as number;
}

/** Continues `crc` over bytes[start, end). */
export function crc8Range(crc: number, bytes: Uint8Array, start: number, end: number): number {
  let value = crc;
  for (let at = start; at < end; at++) value = table[value ^ (bytes[at] as number)] as number;
  return value;
}
