import { describe, expect, it } from "vitest";
import type { RowRouter, RowTarget } from "@/lib/core/ports/row-target";
import { parquetColumnsOf } from "@/lib/core/ports/table-source";
import { createParquetWriter } from "@/lib/parquet/parquet-writer";
import { DuckDbReader } from "@/lib/parquet/testing/other-readers";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainCell, PlainValue } from "@/lib/tablestore/plain-row";
import { actionCode, encodeReadRecordsResponse } from "@/lib/tablestore/read-records";
import { createRecordDecoder } from "./record-decoder";
import { TablestoreRecordPage } from "./record-page";

const rows = 5_000;
const pageRecords = 700;
const partitions = 3;
const writtenUs = 1_700_000_000_000_000n;

type Sample = { readonly id: bigint; readonly d: number; readonly b: boolean; readonly s: string };
const samples: readonly Sample[] = Array.from({ length: rows }, (_, at) => ({
  id: BigInt(at) - 2n ** 62n,
  d: at % 5 === 0 ? -0 : at / 7,
  b: at % 3 === 0,
  s: at % 11 === 0 ? "" : `Zoë ${"東".repeat(at % 40)} ${at}`,
}));

function recordOf({ id, d, b, s }: Sample, at: number) {
  const cell = (name: string, value: PlainValue): PlainCell => ({
    name,
    value,
    operation: null,
    timestampMs: 1_700_000_000_000n,
  });
  const attributes = [
    cell("d", { type: "double", value: d }),
    cell("b", { type: "boolean", value: b }),
    // Every fourth row lacks the string, every ninth holds a number there.
    ...(at % 4 === 0
      ? []
      : [cell("s", at % 9 === 0 ? { type: "integer", value: 1n } : { type: "string", value: s })]),
  ];
  const record = encodePlainRow({
    primaryKey: [{ ...cell("id", { type: "integer", value: id }), timestampMs: null }],
    attributes,
    deleteMarker: false,
    extension: { epoch: 0, timestampUs: writtenUs + BigInt(at), rowIndex: at },
  });
  return { action: at % 2 === 0 ? actionCode.put : actionCode.update, record };
}

async function deliver(): Promise<{ files: Uint8Array[]; dirtyValues: number }> {
  const types = { id: "INT64", d: "DOUBLE", b: "BOOLEAN", s: "UTF8" } as const;
  const mapping = {
    kind: "auto" as const,
    version: 1,
    columns: Object.entries(types).map(([name, type]) => ({
      source: name,
      name,
      type,
      encoding: "PLAIN" as const,
    })),
    metadataColumns: ["_action", "_written_at", "_sequence"] as const,
  };
  const decoder = createRecordDecoder(mapping, null);
  const writers = Array.from({ length: partitions }, () =>
    createParquetWriter({
      columns: parquetColumnsOf(mapping),
      compression: "zstd",
      keyValueMetadata: {},
      limits: { pageBytesMax: 4_000, rowGroupBytesMax: 1 << 20, rowGroupRowsMax: 200 },
    }),
  );
  let row = 0;
  const router: RowRouter = {
    route: () => writers[row++ % partitions] as RowTarget,
    dirtyValue: () => {},
  };
  let dirtyValues = 0;
  for (let from = 0; from < rows; from += pageRecords) {
    const records = samples
      .slice(from, from + pageRecords)
      .map((one, at) => recordOf(one, from + at));
    const body = encodeReadRecordsResponse(records, { nextToken: "n", mayMoreRecord: true });
    const page = decoder.decode(new TablestoreRecordPage(body));
    dirtyValues += page.append(0, page.recordCount, router).dirtyValues;
    for (const writer of writers) if (writer.isRowGroupFull) await writer.closeRowGroup();
  }
  const files = await Promise.all(
    writers.map(async (writer) => new Uint8Array(Buffer.concat(await writer.finish()))),
  );
  return { files, dirtyValues };
}

describe("the way from wire bytes to Parquet", () => {
  it("gives DuckDB every row of every partition as it was written", async () => {
    const { files, dirtyValues } = await deliver();
    const duckDb = await DuckDbReader.open();
    try {
      for (const [partition, file] of files.entries()) {
        const expected = samples
          .map((sample, at) => ({ ...sample, at }))
          .filter(({ at }) => at % partitions === partition);
        const read = await duckDb.read(file);
        const hex = (at: number, digits: number) => at.toString(16).padStart(digits, "0");
        expect(read).toEqual([
          expected.map(({ id }) => `bigint ${id}`),
          expected.map(({ d }) => (Object.is(d, -0) ? "double -0" : `double ${d}`)),
          expected.map(({ b }) => `boolean ${b}`),
          expected.map(({ s, at }) => (at % 4 === 0 || at % 9 === 0 ? "null" : `text ${s}`)),
          expected.map(({ at }) => `text ${at % 2 === 0 ? "put" : "update"}`),
          expected.map(({ at }) => `bigint ${writtenUs + BigInt(at)}`),
          expected.map(
            ({ at }) => `text 00000000:${hex(Number(writtenUs) + at, 16)}:${hex(at, 8)}`,
          ),
        ]);
      }
    } finally {
      await duckDb.close();
    }
    const mismatches = samples.filter((_, at) => at % 4 !== 0 && at % 9 === 0);
    expect(dirtyValues).toBe(mismatches.length);
  });
});
