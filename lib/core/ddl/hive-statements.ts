import type { ParquetType } from "@/lib/core/schema-mapping";
import { bucketUrlOf, type DatasetLayout, layoutOf, readsLine } from "./dataset-layout";
import type { Ddl, DdlInput } from "./ddl-input";
import { commentLine, escapedLiteral, quoteWithBackticks } from "./sql-quoting";

const hiveTypes: Readonly<Record<ParquetType, string>> = {
  BOOLEAN: "boolean",
  INT64: "bigint",
  DOUBLE: "double",
  UTF8: "string",
  BINARY: "binary",
};

/**
 * The external table that Hive, Spark and DLA share (documented sample: Use EMR), and the statements
 * that load its partitions: MSCK REPAIR where folders are `name=value`, ADD PARTITION where not.
 */
export function renderHiveStatements(
  input: DdlInput,
  scheme: string,
  notes: readonly string[],
): Ddl {
  const layout = layoutOf(input);
  const bucketUrl = bucketUrlOf(input, scheme);
  const table = quoteWithBackticks(input.tableName);
  const lines = [
    readsLine(bucketUrl, input),
    `CREATE EXTERNAL TABLE ${table} (`,
    listColumns(input.columns.map(({ name, type }) => ({ name, type: hiveTypes[type] }))),
    ")",
    ...(layout.columns.length > 0 ? ["PARTITIONED BY (", listColumns(layout.columns), ")"] : []),
    "STORED AS PARQUET",
    `LOCATION ${escapedLiteral(`${bucketUrl}/${layout.rootKey}`)};`,
    ...loadPartitions(layout, table, bucketUrl),
  ];
  return { statement: `${lines.join("\n")}\n`, notes: [...notes, ...noteOnPartitions(layout)] };
}

function listColumns(columns: readonly { readonly name: string; readonly type: string }[]): string {
  return columns.map(({ name, type }) => `  ${quoteWithBackticks(name)} ${type}`).join(",\n");
}

function loadPartitions(layout: DatasetLayout, table: string, bucketUrl: string): string[] {
  if (layout.kind === "single") return [];
  if (layout.kind === "hive") return [`MSCK REPAIR TABLE ${table};`];
  if (layout.partitions.length === 0) {
    return [
      commentLine("No folder has been delivered yet: show this statement again when one has."),
    ];
  }
  return layout.partitions.map(({ folder, values }) => {
    const spec = layout.columns.map(({ name }, at) => `${quoteWithBackticks(name)}=${values[at]}`);
    const location = escapedLiteral(`${bucketUrl}/${folder}/`);
    return `ALTER TABLE ${table} ADD IF NOT EXISTS PARTITION (${spec.join(", ")}) LOCATION ${location};`;
  });
}

function noteOnPartitions({ kind }: DatasetLayout): string[] {
  if (kind === "hive") return ["Run MSCK REPAIR TABLE again when a new folder has begun."];
  if (kind === "time") {
    return [
      "These folders are not named name=value, so each new one has to be added with ALTER TABLE … ADD PARTITION.",
    ];
  }
  return [];
}
