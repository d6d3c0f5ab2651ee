import type { ParquetType } from "@/lib/core/schema-mapping";
import { bucketUrlOf, type DatasetLayout, layoutOf, readsLine } from "./dataset-layout";
import type { Ddl, DdlInput } from "./ddl-input";
import { commentLine, quoteWithDoubleQuotes, standardLiteral } from "./sql-quoting";

const trinoTypes: Readonly<Record<ParquetType, string>> = {
  BOOLEAN: "boolean",
  INT64: "bigint",
  DOUBLE: "double",
  UTF8: "varchar",
  BINARY: "varbinary",
};

/**
 * Trino's Hive connector. Partition columns are ordinary columns that must come last, in the order of
 * `partitioned_by`.
 */
export function renderTrinoDdl(input: DdlInput): Ddl {
  const layout = layoutOf(input);
  const bucketUrl = bucketUrlOf(input, "s3");
  const columns = [
    ...input.columns.map(({ name, type }) => ({ name, type: trinoTypes[type] })),
    ...layout.columns.map(({ name, type }) => ({
      name,
      type: type === "int" ? "integer" : "varchar",
    })),
  ];
  const properties = [
    `external_location = ${standardLiteral(`${bucketUrl}/${layout.rootKey}`)}`,
    "format = 'PARQUET'",
    ...(layout.columns.length > 0
      ? [`partitioned_by = ${arrayOf(layout.columns.map(({ name }) => name.toLowerCase()))}`]
      : []),
  ];
  const lines = [
    readsLine(bucketUrl, input),
    `CREATE TABLE hive.default.${quoteWithDoubleQuotes(input.tableName)} (`,
    columns.map(({ name, type }) => `  ${quoteWithDoubleQuotes(name)} ${type}`).join(",\n"),
    ")",
    "WITH (",
    properties.map((property) => `  ${property}`).join(",\n"),
    ");",
    ...loadPartitions(layout, input.tableName, bucketUrl),
  ];
  return {
    statement: `${lines.join("\n")}\n`,
    notes: [
      "hive.default stands for your catalogue of the Hive connector and its schema.",
      ...noteOnPartitions(layout),
    ],
  };
}

function loadPartitions(layout: DatasetLayout, tableName: string, bucketUrl: string): string[] {
  const table = `schema_name => 'default', table_name => ${standardLiteral(tableName)}`;
  if (layout.kind === "single") return [];
  if (layout.kind === "hive") {
    // The metastore keeps names in lower case; folders with capitals are only found without regard to case.
    const hasCapitals = layout.columns.some(({ name }) => name !== name.toLowerCase());
    const caseRule = hasCapitals ? ", case_sensitive => false" : "";
    return [`CALL hive.system.sync_partition_metadata(${table}, mode => 'ADD'${caseRule});`];
  }
  if (layout.partitions.length === 0) {
    return [
      commentLine("No folder has been delivered yet: show this statement again when one has."),
    ];
  }
  const columns = arrayOf(layout.columns.map(({ name }) => name));
  return layout.partitions.map(
    ({ folder, values }) =>
      `CALL hive.system.register_partition(${table}, partition_columns => ${columns}, partition_values => ${arrayOf(values)}, location => ${standardLiteral(`${bucketUrl}/${folder}`)});`,
  );
}

function noteOnPartitions({ kind }: DatasetLayout): string[] {
  if (kind === "hive") return ["Run sync_partition_metadata again when a new folder has begun."];
  if (kind === "time") {
    return [
      "These folders are not named name=value, so each new one has to be registered; the catalogue needs hive.allow-register-partition-procedure=true.",
    ];
  }
  return [];
}

function arrayOf(texts: readonly string[]): string {
  return `ARRAY[${texts.map(standardLiteral).join(", ")}]`;
}
