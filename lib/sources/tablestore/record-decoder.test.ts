import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ParquetType, SchemaMapping } from "@/lib/core/schema-mapping";
import type { EventTime } from "@/lib/core/task";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainCell, PlainRow, PlainValue, SequenceInfo } from "@/lib/tablestore/plain-row";
import { encodeReadRecordsResponse } from "@/lib/tablestore/read-records";
import { createRecordDecoder } from "./record-decoder";
import { TablestoreRecordPage } from "./record-page";
import { type RecordedValue, RecordingRouter } from "./testing/recording-router";

type SampleRecord = { readonly action: number; readonly record: Uint8Array };
const put = 1;
const update = 2;
const remove = 3;

function pageOf(records: readonly SampleRecord[]): TablestoreRecordPage {
  return new TablestoreRecordPage(
    encodeReadRecordsResponse(records, { nextToken: "next", mayMoreRecord: true }),
  );
}

function mappingOf(
  columns: Readonly<Record<string, ParquetType>>,
  rest: Partial<SchemaMapping> = {},
): SchemaMapping {
  return {
    kind: "auto",
    version: 1,
    columns: Object.entries(columns).map(([name, type]) => ({
      source: name,
      name,
      type,
      encoding: "PLAIN",
    })),
    metadataColumns: [],
    ...rest,
  };
}

function cell(name: string, value: PlainValue | null, rest: Partial<PlainCell> = {}): PlainCell {
  return { name, value, operation: null, timestampMs: 1_700_000_000_123n, ...rest };
}
const text = (value: string): PlainValue => ({ type: "string", value });
const integer = (value: bigint): PlainValue => ({ type: "integer", value });
const hex = (value: string) => Buffer.from(value).toString("hex");

function rowOf(attributes: readonly PlainCell[], rest: Partial<PlainRow> = {}): PlainRow {
  const key = [cell("pk", text("key"), { timestampMs: null })];
  return { primaryKey: key, attributes, deleteMarker: false, extension: null, ...rest };
}

function decodeAll(
  mapping: SchemaMapping,
  records: readonly SampleRecord[],
  eventTime: EventTime | null = null,
) {
  const page = createRecordDecoder(mapping, eventTime).decode(pageOf(records));
  const router = new RecordingRouter();
  const counts = page.append(0, page.recordCount, router);
  return { page, router, counts };
}

const extension: SequenceInfo = { epoch: 7, timestampUs: 1_700_000_000_123_456n, rowIndex: 3 };

describe("a record decoder", () => {
  it("puts each value of the mapping into its column, and leaves the others null", () => {
    const mapping = mappingOf({
      pk: "UTF8",
      i: "INT64",
      d: "DOUBLE",
      b: "BOOLEAN",
      x: "BINARY",
      no: "UTF8",
    });
    const attributes = [
      cell("x", { type: "binary", value: Uint8Array.of(0, 255) }),
      cell("b", { type: "boolean", value: true }),
      cell("d", { type: "double", value: -0 }),
      cell("i", integer(-(2n ** 63n))),
    ];
    const { router, counts } = decodeAll(mapping, [
      { action: put, record: encodePlainRow(rowOf(attributes)) },
    ]);
    expect([...(router.rows[0]?.values ?? [])].sort()).toEqual([
      [0, hex("key")],
      [1, -(2n ** 63n)],
      [2, "0000000000000080"],
      [3, true],
      [4, "00ff"],
    ]);
    expect(counts).toEqual({
      records: 1,
      rows: 1,
      deletesIgnored: 0,
      dirtyRecords: 0,
      dirtyValues: 0,
      unmappedValues: 0,
      lastWrittenAtMs: 1_700_000_000_123,
    });
  });

  it("takes the extension as the write time, and of base data the newest cell", () => {
    const stream = rowOf([cell("a", text("x"))], { extension });
    const base = rowOf([
      cell("a", text("x"), { timestampMs: 5n }),
      cell("b", text("x"), { timestampMs: 9n }),
      cell("c", text("x"), { timestampMs: 7n }),
    ]);
    const { router, counts } = decodeAll(
      mappingOf({ pk: "UTF8" }),
      [base, stream].map((row) => ({ action: put, record: encodePlainRow(row) })),
    );
    expect(router.rows.map((row) => row.writtenAtMs)).toEqual([9, 1_700_000_000_123]);
    expect(counts.lastWrittenAtMs).toBe(1_700_000_000_123);
  });

  it("takes only the newest version of a cell, which stands first", () => {
    const row = rowOf([cell("a", text("new")), cell("a", text("old"), { timestampMs: 1n })]);
    const { router, counts } = decodeAll(mappingOf({ pk: "UTF8", a: "UTF8" }), [
      { action: put, record: encodePlainRow(row) },
    ]);
    expect(router.rows[0]?.values.get(1)).toBe(hex("new"));
    expect(counts.rows).toBe(1);
  });

  it("makes deleted cells null, and ignores but counts deleted rows", () => {
    const changed = rowOf(
      [
        cell("a", null, { operation: "delete-all-versions", timestampMs: null }),
        cell("b", null, { operation: "delete-one-version" }),
        cell("c", text("kept")),
      ],
      { extension },
    );
    const deleted = rowOf([], { extension, deleteMarker: true });
    const { router, counts } = decodeAll(
      mappingOf({ pk: "UTF8", a: "UTF8", b: "UTF8", c: "UTF8" }),
      [
        { action: update, record: encodePlainRow(changed) },
        { action: remove, record: encodePlainRow(deleted) },
        { action: remove, record: encodePlainRow({ ...deleted, deleteMarker: false }) },
      ],
    );
    expect(router.rows.map((row) => [...row.values.keys()].sort())).toEqual([[0, 3]]);
    expect(counts).toMatchObject({ records: 3, rows: 1, deletesIgnored: 2 });
  });

  it("drops a value of another type and one that is not UTF-8, and says which and why", () => {
    const row = rowOf(
      [
        cell("a", integer(2n ** 60n)),
        cell("b", { type: "malformed-string", value: Uint8Array.of(0x61, 0xff) }),
        cell("c", text("fine")),
      ],
      { extension },
    );
    const { router, counts } = decodeAll(
      mappingOf({ pk: "UTF8", a: "UTF8", b: "UTF8", c: "UTF8" }),
      [{ action: put, record: encodePlainRow(row) }],
    );
    expect([...(router.rows[0]?.values.keys() ?? [])].sort()).toEqual([0, 3]);
    expect(counts).toMatchObject({ rows: 1, dirtyRecords: 0, dirtyValues: 2 });
    const where = { key: '{"pk":"key"}', position: "00000007:00060a2418202240:00000003" };
    expect(router.dirty).toEqual([
      {
        column: "a",
        reason: "type_mismatch",
        expected: "string",
        actual: "integer",
        value: "1152921504606846976",
        ...where,
      },
      {
        column: "b",
        reason: "invalid_utf8",
        expected: "string",
        actual: "string",
        value: "Yf8=",
        ...where,
      },
    ]);
  });

  it("reports columns that an auto mapping would take on, once, and not those of deleted or corrupt records", () => {
    const record = (row: PlainRow) => ({ action: put, record: encodePlainRow(row) });
    const corrupt = encodePlainRow(rowOf([cell("corrupt", text("x"))]));
    corrupt[corrupt.length - 1] = (corrupt.at(-1) as number) ^ 1;
    const { page, counts } = decodeAll(mappingOf({ pk: "UTF8" }), [
      record(
        rowOf([cell("n", { type: "binary", value: new Uint8Array(1) }), cell("a", integer(1n))]),
      ),
      record(rowOf([cell("b", text("x")), cell("a", text("x")), cell("n", text("x"))])),
      { action: put, record: corrupt },
      { action: remove, record: encodePlainRow(rowOf([cell("gone", text("x"))])) },
    ]);
    expect(page.unseenColumns).toEqual([
      { name: "a", type: "integer" },
      { name: "b", type: "string" },
      { name: "n", type: "string" },
    ]);
    expect(counts).toMatchObject({
      rows: 2,
      deletesIgnored: 1,
      dirtyRecords: 1,
      unmappedValues: 5,
    });
  });

  it("counts values that a manual mapping leaves out, and never calls them unseen", () => {
    const row = rowOf([cell("a", text("x")), cell("b", text("y"))]);
    const { page, counts } = decodeAll(mappingOf({ pk: "UTF8", b: "UTF8" }, { kind: "manual" }), [
      { action: put, record: encodePlainRow(row) },
    ]);
    expect(page.unseenColumns).toEqual([]);
    expect(counts).toMatchObject({ rows: 1, unmappedValues: 1 });
  });

  it("hands the event-time column's value to the router, mapped or not", () => {
    const rows = [
      rowOf([cell("at", text("2024-05-01T00:00:00Z"))]),
      rowOf([cell("at", integer(5n))]),
      rowOf([cell("at", { type: "double", value: 1.5 })]),
      rowOf([cell("at", { type: "boolean", value: true })]),
      rowOf([]),
    ].map((row) => ({ action: put, record: encodePlainRow(row) }));
    const eventTime: EventTime = { column: "at", format: "RFC3339" };
    for (const mapping of [mappingOf({ pk: "UTF8" }), mappingOf({ pk: "UTF8", at: "INT64" })]) {
      const { router } = decodeAll(mapping, rows, eventTime);
      expect(router.rows.map((row) => row.eventTime)).toEqual([
        { type: "string", text: "2024-05-01T00:00:00Z" },
        { type: "integer", value: 5n },
        { type: "double", value: 1.5 },
        null,
        null,
      ]);
    }
    expect(decodeAll(mappingOf({ pk: "UTF8" }), rows).router.rows[0]?.eventTime).toBeUndefined();
  });

  it("fills the metadata columns behind the mapping's", () => {
    const mapping = mappingOf(
      { pk: "UTF8" },
      { metadataColumns: ["_action", "_written_at", "_sequence"] },
    );
    const { router } = decodeAll(mapping, [
      { action: put, record: encodePlainRow(rowOf([cell("a", text("x"), { timestampMs: 12n })])) },
      { action: update, record: encodePlainRow(rowOf([], { extension })) },
      { action: put, record: encodePlainRow(rowOf([])) },
    ]);
    const metadata = router.rows.map(({ values }) => [1, 2, 3].map((column) => values.get(column)));
    expect(metadata).toEqual([
      [hex("put"), 12_000n, hex("00000000:0000000000000000:00000000")],
      [hex("update"), 1_700_000_000_123_456n, hex("00000007:00060a2418202240:00000003")],
      [hex("put"), undefined, hex("00000000:0000000000000000:00000000")],
    ]);
  });

  it("appends any range of records, as often as asked", () => {
    const records = Array.from({ length: 10 }, (_, at) => ({
      action: put,
      record: encodePlainRow(rowOf([cell("i", integer(BigInt(at)))])),
    }));
    const page = createRecordDecoder(mappingOf({ pk: "UTF8", i: "INT64" }), null).decode(
      pageOf(records),
    );
    const router = new RecordingRouter();
    expect(page.append(7, 2, router).rows).toBe(2);
    expect(page.append(0, 1, router).rows).toBe(1);
    expect(page.append(7, 0, router).rows).toBe(0);
    expect(router.rows.map((row) => row.values.get(1))).toEqual([7n, 8n, 0n]);
    expect(() => page.append(9, 2, router)).toThrow();
  });

  it("remembers more columns than it can learn as unmapped ones", () => {
    const attributes = Array.from({ length: 1000 }, (_, at) => `column-${at}`);
    const decoder = createRecordDecoder(mappingOf({ pk: "UTF8" }, { kind: "manual" }), null);
    for (let round = 0; round < 6; round++) {
      const row = rowOf(attributes.map((name) => cell(`${name}-${round}`, text("x"))));
      const page = decoder.decode(pageOf([{ action: put, record: encodePlainRow(row) }]));
      const counts = page.append(0, 1, new RecordingRouter());
      expect(counts).toMatchObject({ rows: 1, unmappedValues: 1000 });
    }
  });
});

const value: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(integer),
  fc.double().map((double): PlainValue => ({ type: "double", value: double })),
  fc.boolean().map((boolean): PlainValue => ({ type: "boolean", value: boolean })),
  fc.string({ unit: "binary", maxLength: 60 }).map(text),
  fc.uint8Array({ maxLength: 60 }).map((binary): PlainValue => ({ type: "binary", value: binary })),
  fc
    .uint8Array({ minLength: 1, maxLength: 30 })
    .map(
      (bytes): PlainValue => ({ type: "malformed-string", value: Uint8Array.of(0xff, ...bytes) }),
    ),
);

const names = ["a", "b1", "ccc", "dddd", "column", "naïve", "日本", "x".repeat(200), ""];
const attribute: fc.Arbitrary<PlainCell> = fc
  .record({
    name: fc.constantFrom(...names),
    timestampMs: fc.option(fc.bigInt(0n, 2_000_000_000_000n)),
    content: fc.oneof(
      { weight: 5, arbitrary: value.map((held) => ({ value: held, operation: null })) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom("delete-all-versions" as const, "delete-one-version" as const)
          .map((operation) => ({ value: null, operation })),
      },
    ),
  })
  .map(({ content, ...rest }) => ({ ...rest, ...content }));

const plainRow: fc.Arbitrary<PlainRow> = fc.record({
  primaryKey: fc
    .tuple(fc.string({ unit: "binary" }), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
    .map(([first, second]) => [
      cell("pk1", text(first), { timestampMs: null }),
      cell("pk2", integer(second), { timestampMs: null }),
    ]),
  attributes: fc.array(attribute, { maxLength: 12 }),
  deleteMarker: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.boolean()),
  extension: fc.option(
    fc.record({
      epoch: fc.integer({ min: 0, max: 100 }),
      timestampUs: fc.bigInt(0n, 2n ** 52n),
      rowIndex: fc.integer({ min: 0, max: 1_000_000 }),
    }),
  ),
});

const sampleRecord: fc.Arbitrary<SampleRecord> = fc.record({
  action: fc.constantFrom(put, put, update, remove),
  record: plainRow.map((row) => encodePlainRow(row)),
});

const types: readonly ParquetType[] = ["BOOLEAN", "INT64", "DOUBLE", "UTF8", "BINARY"];
const mappingArbitrary: fc.Arbitrary<SchemaMapping> = fc
  .tuple(
    fc.subarray([...names.filter((name) => name !== ""), "pk1", "pk2"], { minLength: 1 }),
    fc.array(fc.constantFrom(...types), { minLength: 12, maxLength: 12 }),
    fc.constantFrom("auto" as const, "manual" as const),
  )
  .map(([sources, columnTypes, kind]) =>
    mappingOf(
      Object.fromEntries(sources.map((source, at) => [source, columnTypes[at] ?? "UTF8"])),
      { kind },
    ),
  );

/** The same rules over objects: slow, short, and written from the other decoder. */
function expectedOf(mapping: SchemaMapping, { action, record }: SampleRecord) {
  const row = decodePlainRow(record);
  const values = new Map<number, RecordedValue>();
  const seen = new Set<string>();
  let dirty = 0;
  let unmapped = 0;
  const cells = [...row.primaryKey, ...row.attributes];
  for (const { value: held, operation } of cells) {
    // Requests may hold these, records never do.
    const isRequestOnly = held && ["inf-min", "inf-max", "auto-increment"].includes(held.type);
    if (isRequestOnly || operation === "increment") throw new Error("Not a record");
  }
  if (action === remove || row.deleteMarker) return null;
  for (const { name, value: held } of cells) {
    if (held === null || seen.has(name)) continue;
    seen.add(name);
    const column = mapping.columns.findIndex(({ source }) => source === name);
    const type = mapping.columns[column]?.type;
    if (type === undefined) unmapped++;
    else if (held.type === "integer" && type === "INT64") values.set(column, held.value);
    else if (held.type === "boolean" && type === "BOOLEAN") values.set(column, held.value);
    else if (held.type === "string" && type === "UTF8") values.set(column, hex(held.value));
    else if (held.type === "binary" && type === "BINARY") {
      values.set(column, Buffer.from(held.value).toString("hex"));
    } else if (held.type === "double" && type === "DOUBLE") {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(held.value);
      values.set(column, bytes.toString("hex"));
    } else dirty++;
  }
  const newestMs = cells.reduce((ms, { timestampMs }) => Math.max(ms, Number(timestampMs ?? 0)), 0);
  const writtenAtMs = row.extension ? Number(row.extension.timestampUs / 1000n) : newestMs;
  return { values: [...values].sort(([a], [b]) => a - b), dirty, unmapped, writtenAtMs };
}

describe("any records", () => {
  it("decode to the same cells as object by object", () => {
    fc.assert(
      fc.property(
        mappingArbitrary,
        fc.array(sampleRecord, { maxLength: 20 }),
        (mapping, records) => {
          const { router, counts } = decodeAll(mapping, records);
          const expected = records.map((record) => expectedOf(mapping, record));
          const rows = expected.filter((row) => row !== null);
          expect(counts).toMatchObject({
            records: records.length,
            rows: rows.length,
            deletesIgnored: expected.length - rows.length,
            dirtyRecords: 0,
            dirtyValues: rows.reduce((sum, row) => sum + row.dirty, 0),
            unmappedValues: rows.reduce((sum, row) => sum + row.unmapped, 0),
          });
          expect(router.dirty.length).toBe(counts.dirtyValues);
          expect(
            router.rows.map(({ values, writtenAtMs }) => ({
              values: [...values].sort(([a], [b]) => a - b),
              writtenAtMs,
            })),
          ).toEqual(rows.map(({ values, writtenAtMs }) => ({ values, writtenAtMs })));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("damaged records", () => {
  const damage = fc.record({
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    kind: fc.constantFrom("flip", "set", "cut", "insert", "remove"),
  });

  function damaged(
    record: Uint8Array,
    { at, byte, kind }: { at: number; byte: number; kind: string },
  ) {
    const bytes = Buffer.from(record);
    const place = at % bytes.length;
    if (kind === "cut") return bytes.subarray(0, place);
    if (kind === "insert") {
      return Buffer.concat([bytes.subarray(0, place), Buffer.of(byte), bytes.subarray(place)]);
    }
    if (kind === "remove") {
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]);
    }
    bytes[place] = kind === "flip" ? (bytes[place] as number) ^ (1 << (byte & 7)) : byte;
    return bytes;
  }

  it("never crash, are read no further than their end, and keep the account balanced", () => {
    fc.assert(
      fc.property(
        mappingArbitrary,
        fc.array(fc.tuple(sampleRecord, fc.array(damage, { maxLength: 2 })), {
          minLength: 1,
          maxLength: 6,
        }),
        (mapping, cases) => {
          const records = cases.map(([{ action, record }, damages]) => ({
            action,
            record: damages.reduce<Uint8Array>(
              (bytes, one) => (bytes.length === 0 ? bytes : damaged(bytes, one)),
              record,
            ),
          }));
          const { counts, router } = decodeAll(mapping, records);
          const { rows, deletesIgnored, dirtyRecords } = counts;
          expect(counts.records).toBe(records.length);
          expect(rows + deletesIgnored + dirtyRecords).toBe(records.length);
          expect(router.rows.length).toBe(rows);
          // What the other decoder refuses is refused here; what it reads is read alike.
          const expected = records.map((record) => attempt(() => expectedOf(mapping, record)));
          expect(dirtyRecords).toBe(expected.filter((one) => one === "refused").length);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("are the only ones lost: a flipped bit in one leaves its neighbours as they were", () => {
    const record = encodePlainRow(rowOf([cell("a", text("some text")), cell("i", integer(77n))]));
    const mapping = mappingOf({ pk: "UTF8", a: "UTF8", i: "INT64" });
    for (let bit = 0; bit < record.length * 8; bit++) {
      const broken = record.slice();
      broken[bit >>> 3] = (broken[bit >>> 3] as number) ^ (1 << (bit & 7));
      const { router, counts } = decodeAll(
        mapping,
        [record, broken, record].map((bytes) => ({ action: put, record: bytes })),
      );
      // A checksum of 8 bits finds every flip of a single bit.
      expect(counts).toMatchObject({ rows: 2, dirtyRecords: 1 });
      expect(router.rows.map((row) => row.values.get(2))).toEqual([77n, 77n]);
    }
  });
});

function attempt<T>(run: () => T): T | "refused" {
  try {
    return run();
  } catch {
    return "refused";
  }
}
