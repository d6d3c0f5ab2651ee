import { crc32 } from "node:zlib";

/** A cyclic redundancy check that takes its data piece by piece. */
export type Crc = { update(data: Uint8Array): void; digest(): Buffer };

/** Reflected polynomials: Castagnoli, IEEE 802.3, and NVM Express's 64-bit one. */
const castagnoli = 0x82f63b78;
const ieee = 0xedb88320;
const nvme = 0x9a6c9329ac4bc9b5n;

export function createCrc32(): Crc {
  let value = 0;
  return {
    update: (data) => {
      value = crc32(data, value);
    },
    digest: () => uint32(value),
  };
}

export function createCrc32c(): Crc {
  let value = 0xffffffff;
  return {
    update: (data) => {
      for (let index = 0; index < data.length; index += 1) {
        value = (value >>> 8) ^ (table32c[(value ^ (data[index] ?? 0)) & 0xff] ?? 0);
      }
    },
    digest: () => uint32((value ^ 0xffffffff) >>> 0),
  };
}

/** In two 32-bit halves, because BigInt arithmetic per byte is a hundred times slower. */
export function createCrc64Nvme(): Crc {
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update: (data) => {
      for (let index = 0; index < data.length; index += 1) {
        const entry = (low ^ (data[index] ?? 0)) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (table64Low[entry] ?? 0);
        high = (high >>> 8) ^ (table64High[entry] ?? 0);
      }
    },
    digest: () => Buffer.concat([uint32(~high >>> 0), uint32(~low >>> 0)]),
  };
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}

const table32c = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? castagnoli : 0);
  return value >>> 0;
});

const table64 = Array.from({ length: 256 }, (_, byte) => {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit += 1) value = (value >> 1n) ^ (value & 1n ? nvme : 0n);
  return value;
});
const table64High = Uint32Array.from(table64, (value) => Number(value >> 32n));
const table64Low = Uint32Array.from(table64, (value) => Number(value & 0xffffffffn));

export const crcPolynomials = {
  CRC32: { width: 32n, polynomial: BigInt(ieee) },
  CRC32C: { width: 32n, polynomial: BigInt(castagnoli) },
  CRC64NVME: { width: 64n, polynomial: nvme },
} as const;

/**
 * The check of A followed by B, from the two checks and B's length: a CRC is linear, so the check
 * of A only has to be moved on by as many zero bytes as B has (multiplied by x^(8n) modulo P).
 */
export function combineCrcs(
  kind: keyof typeof crcPolynomials,
  first: Buffer,
  second: Buffer,
  secondLength: number,
): Buffer {
  const { width, polynomial } = crcPolynomials[kind];
  const one = 1n << (width - 1n);
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    let factor = b;
    for (let bit = one; bit !== 0n; bit >>= 1n) {
      if (a & bit) product ^= factor;
      factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
    }
    return product;
  };
  let shift = one;
  let power = one >> 8n;
  for (let left = BigInt(secondLength); left > 0n; left >>= 1n) {
    if (left & 1n) shift = multiply(shift, power);
    power = multiply(power, power);
  }
  const combined = multiply(shift, toBigInt(first)) ^ toBigInt(second);
  return Buffer.from(combined.toString(16).padStart(Number(width) / 4, "0"), "hex");
}

const toBigInt = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);
