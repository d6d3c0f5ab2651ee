import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadata,
  parquetReadObjects,
  readColumnIndex,
  readOffsetIndex,
} from "hyparquet";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { zstd } from "../zstd";
import { canonical } from "./sample-table";

/** hyparquet brings snappy; zstd comes from outside. */
export const compressors = {
  ZSTD: (input: Uint8Array) => new Uint8Array(zstd.decompress(input)),
};

export function asyncBufferOf(bytes: Uint8Array): AsyncBuffer {
  return {
    byteLength: bytes.length,
    slice: (start, end) => bytes.slice(start, end).buffer as ArrayBuffer,
  };
}

/** Bounds of strings and binaries as bytes, which is what they are compared as. */
const parsers = { ...DEFAULT_PARSERS, stringFromBytes: (bytes: Uint8Array) => bytes };

export function metadataOf(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(bytes.slice().buffer as ArrayBuffer, { parsers });
}

/** All cells column by column, as `canonical` text; binary columns come as bytes. */
export async function readWithHyparquet(bytes: Uint8Array): Promise<string[][]> {
  const names = metadataOf(bytes)
    .schema.slice(1)
    .map((element) => element.name);
  const rows = await parquetReadObjects({ file: asyncBufferOf(bytes), compressors, utf8: false });
  return names.map((name) => rows.map((row) => canonical(row[name])));
}

/** Page indexes of every chunk, row group by row group; columnIndex is null where there is none. */
export function pageIndexesOf(bytes: Uint8Array) {
  const metadata = metadataOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return metadata.row_groups.map((group) =>
    group.columns.map((chunk, column) => {
      const element = metadata.schema[column + 1];
      if (!element) throw new Error("No such column");
      const reader = (offset: bigint | undefined) => ({ view, offset: Number(offset) });
      return {
        offsetIndex: readOffsetIndex(reader(chunk.offset_index_offset)),
        columnIndex:
          chunk.column_index_offset === undefined
            ? null
            : readColumnIndex(reader(chunk.column_index_offset), element, parsers),
      };
    }),
  );
}
