import type { TablestoreClient } from "@/lib/tablestore/client";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainRow } from "@/lib/tablestore/plain-row";
import { createRandom, sampleRow } from "../sample-records";

const rowsPerBatch = 200;
const writersMax = 16;
const seed = 7;

/** A table of the ten sample columns; the stream is on, as delivery needs it. */
export async function createSampleTable(client: TablestoreClient, tableName: string) {
  await client.call("CreateTable", {
    tableMeta: { tableName, primaryKey: [{ name: "seq", type: "INTEGER" }] },
    reservedThroughput: { capacityUnit: {} },
    streamSpec: { enableStream: true, expirationTime: 24 },
  });
}

export type Rows = {
  readonly from: number;
  readonly to: number;
  /** What stands in `created_ms` instead of the sample's own instant. */
  readonly createdMsOf?: (row: number) => number;
};

/** Writes the sample rows [from, to) as fast as the table store takes them. */
export async function fillTable(
  client: TablestoreClient,
  tableName: string,
  range: Rows,
): Promise<void> {
  const random = createRandom(seed);
  let next = range.from;
  const write = async (): Promise<void> => {
    while (next < range.to) {
      const first = next;
      next = Math.min(range.to, first + rowsPerBatch);
      await writeBatch(client, tableName, { ...range, from: first, to: next }, random);
    }
  };
  await Promise.all(Array.from({ length: writersMax }, write));
}

/** One request, at most 200 rows (the service's own limit). */
export async function writeBatch(
  client: TablestoreClient,
  tableName: string,
  { from, to, createdMsOf }: Rows,
  random: () => number,
): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, index) => {
    const row = sampleRow(from + index, random);
    const stamped = createdMsOf === undefined ? row : stamp(row, createdMsOf(from + index));
    return {
      type: "PUT" as const,
      rowChange: encodePlainRow(stamped),
      condition: { rowExistence: "IGNORE" as const },
    };
  });
  const { tables } = await client.call("BatchWriteRow", { tables: [{ tableName, rows }] });
  const refused = tables.flatMap((table) => table.rows).find(({ isOk }) => !isOk);
  if (refused) throw new Error(`A row was refused: ${JSON.stringify(refused.error)}`);
}

function stamp(row: PlainRow, createdMs: number): PlainRow {
  const value = { type: "integer", value: BigInt(createdMs) } as const;
  const attributes = row.attributes.map((cell) =>
    cell.name === "created_ms" ? { ...cell, value } : cell,
  );
  return { ...row, attributes };
}
