import type { MappedColumn, SchemaMapping } from "@/lib/core/schema-mapping";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainCell, PlainRow, PlainValue } from "@/lib/tablestore/plain-row";
import { actionCode, encodeReadRecordsResponse } from "@/lib/tablestore/read-records";

/**
 * Ten columns as tables have them: integers (some beyond 2^53), an instant, doubles, a boolean, strings
 * of high, middle and low cardinality (5 % of the names beyond ASCII), one of them null in 30 % of rows.
 */
export const sampleColumns: readonly MappedColumn[] = (
  [
    ["seq", "INT64"],
    ["amount", "INT64"],
    ["created_ms", "INT64"],
    ["price", "DOUBLE"],
    ["score", "DOUBLE"],
    ["active", "BOOLEAN"],
    ["name", "UTF8"],
    ["category", "UTF8"],
    ["customer", "UTF8"],
    ["note", "UTF8"],
  ] as const
).map(([name, type]) => ({ source: name, name, type, encoding: "PLAIN" }));

export const sampleMapping: SchemaMapping = {
  kind: "auto",
  version: 1,
  columns: sampleColumns,
  metadataColumns: [],
};

/** The largest response that a tunnel sends. */
const pageBytesMax = 4 * 1024 * 1024;
const seed = 20_240_501;
const firstWrittenMs = 1_714_521_600_000;

/** ReadRecords responses that hold `rows` rows together, always the same ones. */
export function* samplePages(rows: number): Generator<Uint8Array> {
  const random = createRandom(seed);
  let records: { action: number; record: Uint8Array }[] = [];
  let bytes = 0;
  for (let row = 0; row < rows; row++) {
    const record = sampleRecord(row, random);
    records.push({ action: actionCode.put, record });
    bytes += record.length + 8;
    if (bytes >= pageBytesMax - 4096 || row === rows - 1) {
      yield encodeReadRecordsResponse(records, {
        nextToken: `page-${row}`,
        mayMoreRecord: row < rows - 1,
      });
      records = [];
      bytes = 0;
    }
  }
}

function sampleRecord(row: number, random: () => number): Uint8Array {
  const writtenMs = firstWrittenMs + Math.floor(row / 20);
  const timestampUs = BigInt(writtenMs) * 1000n;
  return encodePlainRow({
    ...sampleRow(row, random, BigInt(writtenMs)),
    extension: { epoch: 0, timestampUs, rowIndex: row % 20 },
  });
}

/** The same ten columns as a row to write; without `timestampMs` the table store stamps its cells. */
export function sampleRow(
  row: number,
  random: () => number,
  timestampMs: bigint | null = null,
): PlainRow {
  const pick = (count: number) => Math.floor(random() * count);
  const digits = (count: number) => String(pick(10 ** count)).padStart(count, "0");
  const attribute = (name: string, value: PlainValue): PlainCell => ({
    name,
    value,
    operation: null,
    timestampMs,
  });
  const text = (value: string): PlainValue => ({ type: "string", value });
  const integer = (value: bigint): PlainValue => ({ type: "integer", value });
  const name = random() < 0.05 ? `Zoë 東京 ${digits(6)} ü` : `user ${digits(6)} ${digits(5)} smith`;
  const attributes = [
    attribute("amount", integer(BigInt(pick(1_000_000)) - 500_000n)),
    attribute("created_ms", integer(BigInt(firstWrittenMs + pick(86_400_000)))),
    attribute("price", { type: "double", value: Math.round(random() * 1e6) / 100 }),
    attribute("score", { type: "double", value: random() * 2 - 1 }),
    attribute("active", { type: "boolean", value: random() < 0.5 }),
    attribute("name", text(name)),
    attribute("category", text(`category-${pick(50)}`)),
    attribute("customer", text(`customer-${String(pick(10_000)).padStart(8, "0")}`)),
  ];
  if (random() >= 0.3) {
    attributes.push(attribute("note", text(`note ${digits(4)} left by the courier ${digits(3)}`)));
  }
  return {
    primaryKey: [
      {
        name: "seq",
        value: integer((1n << 53n) + BigInt(row)),
        operation: null,
        timestampMs: null,
      },
    ],
    attributes,
    deleteMarker: false,
    extension: null,
  };
}

/** mulberry32: small, fast, and the same everywhere. */
export function createRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
