import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { type Compression, encodingsOf, type ParquetType } from "@/lib/core/schema-mapping";
import { createParquetWriter, type ParquetColumn } from "../../parquet-writer";
import { type Cell, putCell } from "../sample-table";
import { Fingerprint, orderColumn } from "./fingerprint";

export type Dose = {
  readonly name: string;
  readonly columns: readonly ParquetColumn[];
  readonly rows: number;
  readonly compression: Compression;
};

const order: ParquetColumn = { name: orderColumn, type: "INT64", encoding: "PLAIN" };
const types = Object.keys(encodingsOf) as ParquetType[];

/** Two columns of each type; few distinct values in one of them. */
const tenColumns: readonly ParquetColumn[] = [
  order,
  ...types.flatMap((type) => [
    { name: `${type}_many`, type, encoding: "PLAIN" } as const,
    ...(type === "BOOLEAN" ? [] : [{ name: `${type}_few`, type, encoding: "PLAIN" } as const]),
  ]),
];

const everyEncoding: readonly ParquetColumn[] = [
  order,
  ...types.flatMap((type) =>
    encodingsOf[type].map((encoding) => ({ name: `${type}_${encoding}`, type, encoding })),
  ),
];

const manyColumns: readonly ParquetColumn[] = [
  order,
  ...Array.from({ length: 1023 }, (_, at): ParquetColumn => {
    const type = types[at % types.length] ?? "UTF8";
    return { name: `c${at}`, type, encoding: "PLAIN" };
  }),
];

export function dosesOf(rows: number): Dose[] {
  const compressions = ["uncompressed", "snappy", "zstd"] as const;
  const some = Math.ceil(rows / 10);
  return [
    { name: "ten columns", columns: tenColumns, rows, compression: "uncompressed" },
    ...compressions.map(
      (compression): Dose => ({
        ...{ name: "every encoding", columns: everyEncoding, rows: some, compression },
      }),
    ),
    ...compressions.map(
      (compression): Dose => ({
        ...{
          name: "1,024 columns",
          columns: manyColumns,
          rows: Math.ceil(rows / 500),
          compression,
        },
      }),
    ),
    { name: "one column", columns: [order], rows, compression: "snappy" },
    { name: "one row", columns: tenColumns, rows: 1, compression: "zstd" },
    { name: "no rows", columns: tenColumns, rows: 0, compression: "zstd" },
  ];
}

/** Writes the dose to a file as a delivery would, a row group at a time; gives what it holds. */
export async function writeDose(dose: Dose, file: string): Promise<string[]> {
  const { columns, compression, rows } = dose;
  const writer = createParquetWriter({
    columns,
    compression,
    keyValueMetadata: { dose: dose.name },
  });
  const fingerprint = new Fingerprint(columns);
  const output = createWriteStream(file);
  const give = async (chunks: readonly Uint8Array[]) => {
    for (const chunk of chunks) if (!output.write(chunk)) await once(output, "drain");
  };
  for (let row = 0; row < rows; row++) {
    columns.forEach(({ name, type }, column) => {
      const cell = cellOf(name, type, row, column);
      putCell(writer, column, type, cell);
      fingerprint.add(column, row, cell);
    });
    writer.endRow();
    if (!writer.isRowGroupFull) continue;
    await writer.closeRowGroup();
    await give(writer.takeClosed());
  }
  await give(await writer.finish());
  output.end();
  await once(output, "close");
  return fingerprint.texts();
}

function cellOf(name: string, type: ParquetType, row: number, column: number): Cell {
  if (name === orderColumn) return BigInt(row);
  const mixed = Math.imul(row * 31 + column, 0x9e3779b1) >>> 0;
  if (mixed % 7 === 0) return null;
  const value = name.endsWith("_few") ? mixed % 50 : mixed;
  switch (type) {
    case "BOOLEAN":
      return value % 3 === 0;
    case "INT64":
      return value % 5 === 0 ? (1n << 62n) + BigInt(value) : BigInt(value) - 1_000_000n;
    case "DOUBLE":
      return (value % 1_000_000) / 4;
    case "UTF8":
      return value % 11 === 0 ? `Zoë ${value}` : `row ${value}`;
    case "BINARY":
      return new Uint8Array(value % 23).fill(value & 0xff);
  }
}
