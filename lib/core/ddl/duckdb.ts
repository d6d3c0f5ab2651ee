import { globOf, layoutOf, readsLine } from "./dataset-layout";
import type { Ddl, DdlInput } from "./ddl-input";
import { commentLine, quoteWithDoubleQuotes, standardLiteral } from "./sql-quoting";

/**
 * A DuckDB view over the objects. It takes every column that the objects have (`union_by_name`), so it
 * stays right when the schema grows, and finds new folders each time it is read.
 */
export function renderDuckdbDdl(input: DdlInput): Ddl {
  const layout = layoutOf(input);
  const bucketUrl = input.bucketUrl ?? `s3://${input.bucket}`;
  const glob = globOf(input, {
    text: escapeGlob,
    variable: (width) => "[0-9]".repeat(width),
  });
  const options = [
    "union_by_name = true",
    layout.kind === "hive" ? "hive_partitioning = true" : "hive_partitioning = false",
    ...(layout.kind === "hive" ? [`hive_types = {${folderTypes(layout.columns)}}`] : []),
  ];
  const lines = [
    readsLine(bucketUrl, input),
    ...(input.bucketUrl === null ? secretHint(input) : []),
    `CREATE OR REPLACE VIEW ${quoteWithDoubleQuotes(input.tableName)} AS`,
    "SELECT * FROM read_parquet(",
    [standardLiteral(`${escapeGlob(bucketUrl)}/${glob}`), ...options]
      .map((argument) => `  ${argument}`)
      .join(",\n"),
    ");",
  ];
  return {
    statement: `${lines.join("\n")}\n`,
    notes: [
      ...(input.bucketUrl === null
        ? ["Make the secret in the comment first, with a key that may read the bucket."]
        : []),
      "The view can be made once the first object has been delivered.",
    ],
  };
}

/** Without this, DuckDB takes `ds=20200831` for a number. */
function folderTypes(
  columns: readonly { readonly name: string; readonly type: "int" | "string" }[],
): string {
  return columns
    .map(({ name, type }) => `${standardLiteral(name)}: ${type === "int" ? "INTEGER" : "VARCHAR"}`)
    .join(", ");
}

/** A wildcard character in brackets is itself, and a backslash would take the next character's meaning away. */
function escapeGlob(text: string): string {
  return text.replace(/[*?[]/g, "[$&]").replaceAll("\\", "\\\\");
}

function secretHint({ bucket, endpoint, region, pathStyle }: DdlInput): string[] {
  const options = [
    "TYPE s3",
    "KEY_ID '<access key id>'",
    "SECRET '<secret access key>'",
    `REGION ${standardLiteral(region)}`,
    ...(endpoint === null
      ? []
      : [
          `ENDPOINT ${standardLiteral(endpoint.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, ""))}`,
          `USE_SSL ${!/^http:/i.test(endpoint)}`,
        ]),
    `URL_STYLE '${pathStyle ? "path" : "vhost"}'`,
    `SCOPE ${standardLiteral(`s3://${bucket}`)}`,
  ];
  return [
    commentLine("A key that may read the bucket, unless anybody may:"),
    commentLine(`  CREATE SECRET (${options.join(", ")});`),
  ];
}
