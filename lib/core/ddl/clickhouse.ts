import { globOf, layoutOf, readsLine } from "./dataset-layout";
import type { Ddl, DdlInput } from "./ddl-input";
import { commentLine, escapedLiteral, quoteWithEscapes } from "./sql-quoting";

/**
 * A ClickHouse view over the s3 table function. Columns are named one by one because folder columns
 * are virtual ones in some versions, which `*` leaves out, and ordinary ones in others.
 */
export function renderClickhouseDdl(input: DdlInput): Ddl {
  const layout = layoutOf(input);
  const bucketUrl = input.bucketUrl ?? bucketAddress(input);
  // `?` is one character; there is no way to write a wildcard character of the prefix itself.
  const glob = globOf(input, { text: (text) => text, variable: (width) => "?".repeat(width) });
  const isHive = layout.kind === "hive";
  const columns = [...input.columns, ...(isHive ? layout.columns : [])];
  const settings = [
    `use_hive_partitioning = ${isHive ? 1 : 0}`,
    // Objects of an earlier schema version lack columns: without it the first object decides for all.
    "schema_inference_mode = 'union'",
    // An object that lacks a column then gives null for it and not "" or 0.
    "schema_inference_make_columns_nullable = 1",
  ];
  const lines = [
    readsLine(bucketUrl, input),
    commentLine("Put a key that may read the bucket in place of the names in angle brackets."),
    `CREATE OR REPLACE VIEW ${quoteWithEscapes(input.tableName)} AS`,
    "SELECT",
    columns.map(({ name }) => `  ${quoteWithEscapes(name)}`).join(",\n"),
    "FROM s3(",
    `  ${escapedLiteral(`${bucketUrl}/${glob}`)},`,
    "  '<access key id>',",
    "  '<secret access key>',",
    "  'Parquet'",
    ")",
    `SETTINGS ${settings.join(", ")};`,
  ];
  return {
    statement: `${lines.join("\n")}\n`,
    notes: [
      "The view can be made once an object with all of these columns has been delivered.",
      ...(isHive ? ["Folder columns need ClickHouse 24.10 or later."] : []),
      ...(/[*?{}]/.test(input.template.text)
        ? ["ClickHouse takes *, ? and braces in the prefix for wildcards."]
        : []),
    ],
  };
}

function bucketAddress({ bucket, endpoint, region, pathStyle }: DdlInput): string {
  const service = (endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, "");
  return pathStyle ? `${service}/${bucket}` : service.replace("://", `://${bucket}.`);
}
