import * as zlib from "node:zlib";
import { compress, decompress, init } from "@bokuweb/zstd-wasm";

/** Zstandard, one frame per call; the result does not share memory with the input. */
export type Zstd = {
  readonly compress: (bytes: Uint8Array, level: number) => Uint8Array;
  readonly decompress: (bytes: Uint8Array) => Uint8Array;
};

/** What Node has from 22.15 on; the types of Node 20 do not know it. */
type NativeZstd = {
  readonly zstdCompressSync?: (bytes: Uint8Array, options: object) => Uint8Array;
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
};
/** ZSTD_c_compressionLevel of zstd.h, which node:zlib takes as a parameter's name. */
const compressionLevel = 100;

/** Node's own where there is one, three times as fast; else WebAssembly, which runs on every platform. */
export const zstd: Zstd = fromNode(zlib as unknown as NativeZstd) ?? (await fromWebAssembly());

function fromNode({ zstdCompressSync, zstdDecompressSync }: NativeZstd): Zstd | null {
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return null;
  return {
    compress: (bytes, level) => zstdCompressSync(bytes, { params: { [compressionLevel]: level } }),
    decompress: (bytes) => zstdDecompressSync(bytes),
  };
}

async function fromWebAssembly(): Promise<Zstd> {
  await init();
  return { compress, decompress };
}
