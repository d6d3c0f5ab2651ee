import type { ParquetType } from "@/lib/core/schema-mapping";
import { type BoundOrder, type Bounds, mergeBounds } from "./bounds";
import type { Page } from "./page";
import { ThriftWriter, thriftType } from "./thrift-compact";
import { Turns } from "./turns";

/** A finished page as the footer remembers it, at its place in the object. */
export type PlacedPage = Omit<Page, "bytes"> & {
  readonly offset: number;
  /** With its header. */
  readonly bytes: number;
};

/** A column's part of a row group, whose pages are finished. */
export type ColumnPages = {
  readonly column: FileColumn;
  readonly codec: number;
  readonly pages: readonly PlacedPage[];
  readonly order: BoundOrder;
};

export type FileColumn = { readonly name: string; readonly type: ParquetType };

/**
 * All that is kept of a column chunk once its pages are gone: finished bytes, because as objects they
 * would hold ten times the memory until the object ends.
 */
export type ClosedChunk = {
  /** Of the chunk's first page. */
  readonly offset: number;
  /** ColumnMetaData, whole. */
  readonly metadata: Uint8Array;
  /** Null where bounds are unknown. */
  readonly columnIndex: Uint8Array | null;
  readonly offsetIndex: Uint8Array | null;
};

export type RowGroup = {
  readonly rows: number;
  readonly offset: number;
  /** Of all pages with their headers, and what they were before compression. */
  readonly bytes: number;
  readonly uncompressedBytes: number;
  readonly chunks: readonly ClosedChunk[];
};

export type FileDescription = {
  readonly columns: readonly FileColumn[];
  readonly rowGroups: readonly RowGroup[];
  readonly keyValueMetadata: Readonly<Record<string, string>>;
  readonly createdBy: string;
};

type Place = { readonly offset: number; readonly bytes: number };
/** Where a chunk's page indexes stand. */
type IndexPlaces = { readonly columnIndex: Place | null; readonly offsetIndex: Place | null };

/** Version 1 of the format is what the oldest readers accept; nothing here needs version 2. */
const formatVersion = 1;
const physicalType: Readonly<Record<ParquetType, number>> = {
  BOOLEAN: 0,
  INT64: 2,
  DOUBLE: 5,
  UTF8: 6,
  BINARY: 6,
};
const optional = 1;
const convertedUtf8 = 0;
const logicalString = 1;
const plain = 0;
const rle = 3;
const dataPage = 0;
const unordered = 0;
const ascending = 1;
const descending = 2;
const typeDefinedOrder = 1;

/** Placing a chunk's indexes, or writing its entry, as work of so many bytes. */
const chunkWorkBytes = 1024;

export const magic: Uint8Array = new TextEncoder().encode("PAR1");

/**
 * What follows the last page, which ends at `offset`: page indexes (all column indexes, then all offset
 * indexes, as readers expect them), footer, its length, magic.
 */
export async function buildTail(file: FileDescription, offset: number): Promise<Uint8Array[]> {
  const turns = new Turns();
  const parts: Uint8Array[] = [];
  let at = offset;
  const placeAll = async (index: "columnIndex" | "offsetIndex"): Promise<(Place | null)[][]> => {
    const places: (Place | null)[][] = [];
    for (const { chunks } of file.rowGroups) {
      places.push(
        chunks.map((chunk) => {
          const bytes = chunk[index];
          if (bytes === null) return null;
          parts.push(bytes);
          at += bytes.length;
          return { offset: at - bytes.length, bytes: bytes.length };
        }),
      );
      await turns.spend(chunks.length * chunkWorkBytes);
    }
    return places;
  };
  const columnIndexes = await placeAll("columnIndex");
  const offsetIndexes = await placeAll("offsetIndex");
  const groups: Uint8Array[] = [];
  for (const [ordinal, group] of file.rowGroups.entries()) {
    const places = group.chunks.map((_, c) => ({
      columnIndex: columnIndexes[ordinal]?.[c] ?? null,
      offsetIndex: offsetIndexes[ordinal]?.[c] ?? null,
    }));
    groups.push(buildRowGroup(group, places, ordinal));
    await turns.spend(group.chunks.length * chunkWorkBytes);
  }
  const footer = buildFooter(file, groups);
  const end = new Uint8Array(8);
  new DataView(end.buffer).setUint32(0, footer.length, true);
  end.set(magic, 4);
  parts.push(footer, end);
  return parts;
}

/** Bytes of a closed chunk, without what holds them. */
export function metadataBytesOf({ metadata, columnIndex, offsetIndex }: ClosedChunk): number {
  return metadata.length + (columnIndex?.length ?? 0) + (offsetIndex?.length ?? 0);
}

/** Forgets all of a finished chunk but the bytes that the object's end needs. */
export function closeChunk(chunk: ColumnPages): ClosedChunk {
  return {
    offset: chunk.pages[0]?.offset ?? 0,
    metadata: buildColumnMetadata(chunk),
    columnIndex: buildColumnIndex(chunk),
    offsetIndex: buildOffsetIndex(chunk),
  };
}

function buildFooter(file: FileDescription, groups: readonly Uint8Array[]): Uint8Array {
  const thrift = new ThriftWriter();
  thrift.int32(1, formatVersion);
  const root = { name: "schema", type: null };
  thrift.list(2, thriftType.struct, [root, ...file.columns], (column) => {
    thrift.structElement(() => writeSchemaElement(thrift, column, file.columns.length));
  });
  thrift.int64(
    3,
    file.rowGroups.reduce((rows, group) => rows + group.rows, 0),
  );
  thrift.list(4, thriftType.struct, groups, (group) => thrift.finishedStructElement(group));
  const metadata = Object.entries(file.keyValueMetadata);
  if (metadata.length > 0) {
    thrift.list(5, thriftType.struct, metadata, ([key, value]) => {
      thrift.structElement(() => {
        thrift.string(1, key);
        thrift.string(2, value);
      });
    });
  }
  thrift.string(6, file.createdBy);
  // Without this readers must not trust min_value and max_value.
  thrift.list(7, thriftType.struct, file.columns, () => {
    thrift.structElement(() => thrift.struct(typeDefinedOrder, () => {}));
  });
  return thrift.finish();
}

function writeSchemaElement(
  thrift: ThriftWriter,
  column: { name: string; type: ParquetType | null },
  columns: number,
): void {
  if (column.type === null) {
    thrift.string(4, column.name);
    thrift.int32(5, columns);
    return;
  }
  thrift.int32(1, physicalType[column.type]);
  thrift.int32(3, optional);
  thrift.string(4, column.name);
  if (column.type === "UTF8") {
    thrift.int32(6, convertedUtf8);
    thrift.struct(10, () => thrift.struct(logicalString, () => {}));
  }
}

function buildRowGroup(
  group: RowGroup,
  places: readonly IndexPlaces[],
  ordinal: number,
): Uint8Array {
  const thrift = new ThriftWriter();
  thrift.list(1, thriftType.struct, [...group.chunks.entries()], ([index, chunk]) => {
    thrift.structElement(() => writeColumnChunk(thrift, chunk, places[index]));
  });
  thrift.int64(2, group.uncompressedBytes);
  thrift.int64(3, group.rows);
  thrift.int64(5, group.offset);
  thrift.int64(6, group.bytes);
  // The field has 16 bits; readers that use it do so for encryption, which is not ours.
  if (ordinal < 0x8000) thrift.int16(7, ordinal);
  return thrift.finish();
}

function writeColumnChunk(
  thrift: ThriftWriter,
  { offset, metadata }: ClosedChunk,
  places: IndexPlaces | undefined,
): void {
  thrift.int64(2, offset);
  thrift.finishedStruct(3, metadata);
  if (places?.offsetIndex) {
    thrift.int64(4, places.offsetIndex.offset);
    thrift.int32(5, places.offsetIndex.bytes);
  }
  if (places?.columnIndex) {
    thrift.int64(6, places.columnIndex.offset);
    thrift.int32(7, places.columnIndex.bytes);
  }
}

function buildColumnMetadata(chunk: ColumnPages): Uint8Array {
  const { column, codec, pages } = chunk;
  const start = pages[0]?.offset ?? 0;
  const thrift = new ThriftWriter();
  thrift.int32(1, physicalType[column.type]);
  thrift.list(2, thriftType.int32, [plain, rle], (encoding) => thrift.integerElement(encoding));
  thrift.list(3, thriftType.binary, [column.name], (name) => thrift.stringElement(name));
  thrift.int32(4, codec);
  thrift.int64(5, sumOf(pages, "rows"));
  thrift.int64(6, sumOf(pages, "uncompressedBytes"));
  thrift.int64(7, sumOf(pages, "bytes"));
  thrift.int64(9, start);
  thrift.struct(12, () => writeStatistics(thrift, chunk));
  thrift.list(13, thriftType.struct, [pages.length], (count) => {
    thrift.structElement(() => {
      thrift.int32(1, dataPage);
      thrift.int32(2, plain);
      thrift.int32(3, count);
    });
  });
  return thrift.finish();
}

function writeStatistics(thrift: ThriftWriter, chunk: ColumnPages): void {
  thrift.int64(3, sumOf(chunk.pages, "rows") - sumOf(chunk.pages, "values"));
  const { min, max } = chunkBounds(chunk);
  if (max) thrift.binary(5, max.bytes);
  if (min) thrift.binary(6, min.bytes);
  if (max) thrift.boolean(7, max.exact);
  if (min) thrift.boolean(8, min.exact);
}

/** A page without a minimum holds only nulls and NaN, which say nothing of the other pages. */
function chunkBounds(chunk: ColumnPages): Bounds {
  const known = chunk.pages.map((page) => page.bounds).filter(({ min }) => min !== null);
  const [first, ...others] = known;
  return others.reduce(
    (bounds, next) => mergeBounds(bounds, next, chunk.order),
    first ?? { min: null, max: null },
  );
}

/** Null when a page has values and lacks a bound: a reader would skip it as if it were empty. */
function buildColumnIndex(chunk: ColumnPages): Uint8Array | null {
  const { pages } = chunk;
  const known = pages.every(
    ({ values, bounds }) => values === 0 || (bounds.min !== null && bounds.max !== null),
  );
  if (!known || pages.length === 0) return null;
  const none = new Uint8Array(0);
  const thrift = new ThriftWriter();
  thrift.list(1, thriftType.boolean, pages, (page) => thrift.booleanElement(page.values === 0));
  thrift.list(2, thriftType.binary, pages, (page) => {
    thrift.binaryElement(page.bounds.min?.bytes ?? none);
  });
  thrift.list(3, thriftType.binary, pages, (page) => {
    thrift.binaryElement(page.bounds.max?.bytes ?? none);
  });
  thrift.int32(4, boundaryOrder(chunk));
  thrift.list(5, thriftType.int64, pages, (page) => thrift.integerElement(page.rows - page.values));
  return thrift.finish();
}

/** Whether page bounds only go up or only go down, pages of nulls left aside. */
function boundaryOrder(chunk: ColumnPages): number {
  const bounds = chunk.pages.filter((page) => page.values > 0).map((page) => page.bounds);
  const follows = (sign: number) =>
    bounds.every(({ min, max }, at) => {
      const before = bounds[at - 1];
      if (!before?.min || !before.max || !min || !max) return at === 0;
      const byMin = chunk.order(min.bytes, before.min.bytes) * sign;
      const byMax = chunk.order(max.bytes, before.max.bytes) * sign;
      return byMin >= 0 && byMax >= 0;
    });
  if (follows(1)) return ascending;
  return follows(-1) ? descending : unordered;
}

function buildOffsetIndex(chunk: ColumnPages): Uint8Array {
  const thrift = new ThriftWriter();
  thrift.list(1, thriftType.struct, chunk.pages, (page) => {
    thrift.structElement(() => {
      thrift.int64(1, page.offset);
      thrift.int32(2, page.bytes);
      thrift.int64(3, page.firstRow);
    });
  });
  return thrift.finish();
}

function sumOf(
  pages: readonly PlacedPage[],
  field: "rows" | "values" | "bytes" | "uncompressedBytes",
): number {
  return pages.reduce((sum, page) => sum + page[field], 0);
}
