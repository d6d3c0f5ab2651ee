import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Compressors } from "hyparquet";
import { zstd } from "./zstd";

/** What readers of Parquet need beside snappy, which hyparquet brings. Output may have no other length. */
export const pageDecompressors: Compressors = {
  ZSTD: (input, length) => exactly(zstd.decompress(input), length),
  GZIP: (input, length) => exactly(gunzipSync(input, { maxOutputLength: length }), length),
  BROTLI: (input, length) =>
    exactly(brotliDecompressSync(input, { maxOutputLength: length }), length),
};

function exactly(output: Uint8Array, length: number): Uint8Array {
  if (output.byteLength !== length)
    throw new Error("A page has another length than its header says");
  return new Uint8Array(output);
}
