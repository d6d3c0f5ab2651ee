import { snappyCompressor } from "hysnappy";
import type { Compression } from "@/lib/core/schema-mapping";
import { zstd } from "./zstd";

/** How the pages of an object are compressed. `codec` is the number of the format's CompressionCodec. */
export type PageCompressor = {
  readonly codec: number;
  /** Null: pages stand as they are. The result does not share memory with the input. */
  readonly compress: ((bytes: Uint8Array) => Uint8Array) | null;
};

/** Level 1 compresses these pages twice as fast as level 3 and almost as well. */
const zstdLevel = 1;

const compressors: { [name in Compression]?: PageCompressor } = {};

/** Compressors keep memory of their own, so a process has one of each. */
export function pageCompressor(compression: Compression): PageCompressor {
  const known = compressors[compression];
  if (known) return known;
  const made = makeCompressor(compression);
  compressors[compression] = made;
  return made;
}

function makeCompressor(compression: Compression): PageCompressor {
  switch (compression) {
    case "uncompressed":
      return { codec: 0, compress: null };
    case "snappy":
      return { codec: 1, compress: snappyCompressor() };
    case "zstd":
      return { codec: 6, compress: (bytes) => zstd.compress(bytes, zstdLevel) };
  }
}
