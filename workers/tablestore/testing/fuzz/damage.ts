import type { Random } from "./random";

type Damage = (bytes: Buffer, random: Random) => Buffer;

/** Lengths and counts that are wrong in the ways that break parsers. */
const hugeVarints = ["ffffffff0f", "ffffffffffffffff7f", "ffffffffffffffffff01", "80808080808080"];
const hugeUint32 = [0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x0100_0000, 0];

const damages: readonly Damage[] = [
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function dropTheBeginning(bytes, random) {
    return bytes.subarray(random.below(bytes.length + 1));
  },
  function flipBits(bytes, random) {
    const flipped = Buffer.from(bytes);
    for (let count = 1 + random.below(4); count > 0 && flipped.length > 0; count--) {
      const at = random.below(flipped.length);
      flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
    }
    return flipped;
  },
  function insert(bytes, random) {
    return splice(bytes, random, random.bytes(1 + random.below(12)));
  },
  function insertHugeVarint(bytes, random) {
    return splice(bytes, random, Buffer.from(random.pick(hugeVarints), "hex"));
  },
  function overwriteLength(bytes, random) {
    if (bytes.length < 4) return bytes;
    const changed = Buffer.from(bytes);
    changed.writeUInt32LE(random.pick(hugeUint32), random.below(bytes.length - 3));
    return changed;
  },
  function overwriteByte(bytes, random) {
    if (bytes.length === 0) return bytes;
    const changed = Buffer.from(bytes);
    changed[random.below(bytes.length)] = random.pick([0x00, 0x01, 0x7f, 0x80, 0xff]);
    return changed;
  },
  function repeatSlice(bytes, random) {
    const start = random.below(bytes.length + 1);
    const slice = bytes.subarray(start, start + 1 + random.below(40));
    const times = random.below(100) === 0 ? 20_000 : 1 + random.below(50);
    return splice(bytes, random, Buffer.concat(Array.from({ length: times }, () => slice)));
  },
  function removeSlice(bytes, random) {
    const start = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + 1 + random.below(8))]);
  },
  function replaceAll(_bytes, random) {
    return random.bytes(random.below(200));
  },
];

function splice(bytes: Buffer, random: Random, inserted: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
}

/** The bytes with one to three faults. */
export function damage(bytes: Uint8Array, random: Random): Buffer {
  let damaged = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0; count--) {
    damaged = Buffer.from(random.pick(damages)(damaged, random));
  }
  return damaged;
}
