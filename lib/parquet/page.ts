import type { Bounds } from "./bounds";
import { definitionLevelsBytesMax, writeDefinitionLevels } from "./definition-levels";
import type { PageCompressor } from "./page-compression";
import { ThriftWriter } from "./thrift-compact";
import { allocateUnzeroed } from "./unzeroed";

/** A finished page with its header, and what the footer will say of it. */
export type Page = {
  readonly bytes: Uint8Array;
  /** Header and body as they were before compression. */
  readonly uncompressedBytes: number;
  /** Counted from the row group's first row. */
  readonly firstRow: number;
  readonly rows: number;
  readonly values: number;
  readonly bounds: Bounds;
};
export type PageContent = {
  /** PLAIN bytes of the values; copied. */
  readonly body: Uint8Array;
  /** A bit per row; null when all rows hold a value or none does. */
  readonly presence: Uint8Array | null;
  readonly rows: number;
  readonly values: number;
};

const dataPage = 0;
const plain = 0;
const rle = 3;
/** Beyond this the scratch memory is given back: one huge value must not cost for ever. */
const scratchBytesMax = 4 * 1024 * 1024;

// Pages are built one at a time, synchronously: one scratch and one writer serve all objects.
let scratch = new Uint8Array(64 * 1024);
const thrift = new ThriftWriter();

/** Builds a DATA_PAGE v1: header, definition levels, values; the latter two compressed as one. */
export function buildPage(
  content: PageContent,
  compressor: PageCompressor,
): Pick<Page, "bytes" | "uncompressedBytes"> {
  const { body, presence, rows, values } = content;
  const { compress } = compressor;
  const room = definitionLevelsBytesMax(rows) + (compress ? body.length : 0);
  if (scratch.length < room) scratch = new Uint8Array(room * 2);
  const levelsEnd = writeDefinitionLevels(scratch, 0, presence, rows, values);
  const size = levelsEnd + body.length;
  if (compress === null) {
    const header = pageHeader(rows, size, size);
    const bytes = concatenate(header, scratch.subarray(0, levelsEnd), body);
    return { bytes, uncompressedBytes: bytes.length };
  }
  scratch.set(body, levelsEnd);
  const compressed = compress(scratch.subarray(0, size));
  const header = pageHeader(rows, size, compressed.length);
  if (scratch.length > scratchBytesMax) scratch = new Uint8Array(scratchBytesMax);
  return {
    bytes: concatenate(header, compressed),
    uncompressedBytes: header.length + size,
  };
}

function pageHeader(rows: number, size: number, compressedSize: number): Uint8Array {
  thrift.int32(1, dataPage);
  thrift.int32(2, size);
  thrift.int32(3, compressedSize);
  thrift.struct(5, () => {
    thrift.int32(1, rows);
    thrift.int32(2, plain);
    thrift.int32(3, rle);
    thrift.int32(4, rle);
  });
  return thrift.finish();
}

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = allocateUnzeroed(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
