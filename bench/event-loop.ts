import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import type { Compression, Encoding, MappedColumn, SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskSettings } from "@/lib/core/task";
import { letHeapGrow } from "@/lib/platform/heap-growth";
import { createRecordDecoder } from "@/lib/sources/tablestore/record-decoder";
import { TablestoreRecordPage } from "@/lib/sources/tablestore/record-page";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import { actionCode, encodeReadRecordsResponse } from "@/lib/tablestore/read-records";
import { footerRange } from "@/workers/delivery/footer-range";
import { OpenBudget } from "@/workers/delivery/open-budget";
import { OpenRows } from "@/workers/delivery/open-rows";
import { sampleColumns, samplePages } from "./sample-records";

/**
 * How long decoding, appending, closing and finishing hold the event loop, as delivery does them, over
 * one object each: what a timer of 1 ms has to wait, and how long turns of the loop take. A turn counts
 * with its time or with the process's processor time meanwhile, whichever is less: the first has what
 * others do on the machine in it, the second what other threads do, and neither holds the loop.
 * `npm run bench:event-loop -- [--pages 40]`
 */
const { values: options } = parseArgs({ options: { pages: { type: "string", default: "40" } } });
const pagesMax = Number(options.pages);
const resolutionMs = 1;

type Shape = {
  readonly name: string;
  readonly columns: readonly MappedColumn[];
  readonly compression: Compression;
  readonly pages: () => Iterable<Uint8Array>;
};

const wide: readonly MappedColumn[] = Array.from({ length: 1024 }, (_, at) => ({
  ...{ source: `c${at}`, name: `c${at}`, encoding: "PLAIN" },
  type: at % 2 === 0 ? "INT64" : "UTF8",
}));

function* widePages(): Generator<Uint8Array> {
  for (let page = 0; page < pagesMax; page++) {
    const records = Array.from({ length: 100 }, (_, row) => ({
      action: actionCode.put,
      record: wideRecord(page * 100 + row),
    }));
    yield encodeReadRecordsResponse(records, { nextToken: `p${page}`, mayMoreRecord: true });
  }
}

function wideRecord(row: number): Uint8Array {
  return encodePlainRow({
    primaryKey: [],
    attributes: wide.map(({ name, type }) => ({
      ...{ name, operation: null, timestampMs: null },
      value:
        type === "INT64"
          ? { type: "integer" as const, value: BigInt(row) }
          : { type: "string" as const, value: `value ${row % 77}` },
    })),
    deleteMarker: false,
    extension: { epoch: 0, timestampUs: BigInt(row), rowIndex: 0 },
  });
}

function* tenColumnPages(): Generator<Uint8Array> {
  let pages = 0;
  for (const page of samplePages(10_000_000)) {
    if (pages++ === pagesMax) return;
    yield page;
  }
}

const encoded = (int64: Encoding, utf8: Encoding): readonly MappedColumn[] =>
  sampleColumns.map((column) => {
    if (column.type === "INT64") return { ...column, encoding: int64 };
    return column.type === "UTF8" ? { ...column, encoding: utf8 } : column;
  });

const ten = { pages: tenColumnPages };
const shapes: readonly Shape[] = [
  { ...ten, name: "10 columns", columns: sampleColumns, compression: "uncompressed" },
  { ...ten, name: "10 columns, snappy", columns: sampleColumns, compression: "snappy" },
  { ...ten, name: "10 columns, zstd", columns: sampleColumns, compression: "zstd" },
  { name: "1,024 columns", columns: wide, compression: "uncompressed", pages: widePages },
  { name: "1,024 columns, zstd", columns: wide, compression: "zstd", pages: widePages },
  {
    ...{ ...ten, name: "10 columns, delta", compression: "uncompressed" },
    columns: encoded("DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY"),
  },
  {
    ...{ ...ten, name: "10 columns, dictionary, zstd", compression: "zstd" },
    columns: encoded("PLAIN_DICTIONARY", "PLAIN_DICTIONARY"),
  },
];

function openRows(shape: Shape): { rows: OpenRows; schema: SchemaMapping } {
  const schema: SchemaMapping = {
    ...{ kind: "manual", version: 1, columns: shape.columns, metadataColumns: [] },
  };
  const settings: TaskSettings = {
    ...{ name: "bench", sourceId: "b", table: "b", destinationId: "b", prefix: "b", mode: "full" },
    ...{ timeZone: "UTC", eventTime: null, schema, flush: { seconds: 900, bytes: 2 ** 30 } },
    ...{ dirtyPrefix: null, compression: shape.compression, objectSuffix: "" },
    metadataColumns: [],
  };
  const rows = new OpenRows({
    ...{ settings, schema, lane: 0, channelId: "bench" },
    partitioner: { folderOf: () => "b" },
    budget: new OpenBudget(512 * 1024 * 1024),
  });
  return { rows, schema };
}

async function deliver(shape: Shape, pages: readonly Uint8Array[]): Promise<number> {
  const { rows, schema } = openRows(shape);
  const decoder = createRecordDecoder(schema, null);
  for (const body of pages) {
    // As after a response: in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    const page = decoder.decode(new TablestoreRecordPage(body));
    await rows.append(page, page.recordCount, body.length);
    for (const object of rows.objects) object.discard();
  }
  const range = { number: 1, startCheckpoint: "a", endCheckpoint: "b" };
  for (const object of rows.objects) await object.finish(footerRange(range));
  return rows.bytes;
}

/** How long each turn of the loop took, in ms, longest first, until it is stopped. */
function watchTurns(): () => number[] {
  const turns: number[] = [];
  let isOver = false;
  let before = process.cpuUsage();
  let beforeMs = performance.now();
  const turn = () => {
    const { user, system } = process.cpuUsage(before);
    turns.push(Math.min((user + system) / 1_000, performance.now() - beforeMs));
    before = process.cpuUsage();
    beforeMs = performance.now();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isOver = true;
    return turns.toSorted((a, b) => b - a);
  };
}

letHeapGrow();
const results: Record<string, object> = {};
for (const shape of shapes) {
  const pages = [...shape.pages()];
  await deliver(shape, pages.slice(0, 8));
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const stopTurns = watchTurns();
  const startMs = performance.now();
  const bytes = await deliver(shape, pages);
  const ms = performance.now() - startMs;
  delay.disable();
  const turns = stopTurns();
  // The hundredth part of them that took something: most turns find nothing to do.
  const busy = turns.filter((turnMs) => turnMs >= resolutionMs);
  results[shape.name] = {
    "longest turn ms": Number((turns[0] ?? 0).toFixed(1)),
    "p99 turn ms": Number((busy[Math.floor(busy.length / 100)] ?? 0).toFixed(1)),
    "longest delay ms": Number((delay.max / 1e6).toFixed(1)),
    "p99 delay ms": Number((delay.percentile(99) / 1e6).toFixed(1)),
    "p50 delay ms": Number((delay.percentile(50) / 1e6).toFixed(1)),
    "total ms": Math.round(ms),
    "out MB": Number((bytes / 1e6).toFixed(1)),
  };
}
console.table(results);
