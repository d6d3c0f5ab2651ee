import { type AsyncBuffer, parquetMetadataAsync, parquetRead } from "hyparquet";
import { pageDecompressors } from "@/lib/parquet/page-decompression";

/** What is decoded at a time. */
const sliceBytes = 4 * 1024 * 1024;
const sliceRowsMax = 16_384;

/** Values of one row in the order of the columns asked for; text and bytes as bytes, missing ones null. */
export type ReadRow = readonly unknown[];

/**
 * Rows [from, to) of a Parquet object, some thousand at a time, in order. Columns that the object lacks
 * are null. Holds one row group's bytes of the columns asked for.
 */
export async function* readObjectRows(
  file: AsyncBuffer,
  names: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<ReadRow[]> {
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  const present = new Set(metadata.schema.slice(1).map(({ name }) => name));
  const columns = names.filter((name) => present.has(name));
  const places = names.map((name) => columns.indexOf(name));
  let start = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const end = Math.min(start + rows, to);
    const held = heldRanges(file);
    const step = sliceRowsOf(Number(group.total_byte_size), rows);
    for (let at = Math.max(start, from); at < end; at += step) {
      const slice = { rowStart: at, rowEnd: Math.min(at + step, end) };
      const read = columns.length === 0 ? null : await readSlice(held, metadata, columns, slice);
      yield Array.from({ length: slice.rowEnd - slice.rowStart }, (_, index) =>
        places.map((place) => (place < 0 ? null : (read?.[index]?.[place] ?? null))),
      );
    }
    start += rows;
  }
}

function sliceRowsOf(bytes: number, rows: number): number {
  const share = Math.floor((rows * sliceBytes) / Math.max(1, bytes));
  return Math.max(1_024, Math.min(sliceRowsMax, share));
}

/** The slices of a row group ask for the same bytes again. */
function heldRanges(file: AsyncBuffer): AsyncBuffer {
  const held = new Map<string, ReturnType<AsyncBuffer["slice"]>>();
  return {
    byteLength: file.byteLength,
    slice: (start, end) => {
      const key = `${start} ${end}`;
      const bytes = held.get(key) ?? file.slice(start, end);
      held.set(key, bytes);
      return bytes;
    },
  };
}

async function readSlice(
  file: AsyncBuffer,
  metadata: Awaited<ReturnType<typeof parquetMetadataAsync>>,
  columns: string[],
  slice: { readonly rowStart: number; readonly rowEnd: number },
): Promise<unknown[][]> {
  let rows: unknown[][] = [];
  await parquetRead({
    ...{ file, metadata, columns, ...slice },
    compressors: pageDecompressors,
    utf8: false,
    parsers: { stringFromBytes: (bytes) => bytes },
    geoparquet: false,
    onComplete: (read) => {
      rows = read;
    },
  });
  return rows;
}
