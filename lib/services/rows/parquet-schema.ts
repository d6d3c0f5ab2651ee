import type { FileMetaData, SchemaElement } from "hyparquet";
import type { DatasetColumn } from "@/lib/core/dataset";
import type { Problem } from "@/lib/core/problem";
import type { ParquetType } from "@/lib/core/schema-mapping";

/**
 * Whether a file has the dataset's columns: each by its name, with a type whose every value is one of
 * the column's. Columns that it lacks are null; others than the dataset's are refused.
 */
export function checkParquetSchema(
  { schema }: Pick<FileMetaData, "schema">,
  columns: readonly DatasetColumn[],
): Problem[] {
  const [root, ...elements] = schema;
  const isFlat = elements.every(({ num_children }) => (num_children ?? 0) === 0);
  if (root === undefined || !isFlat || elements.length !== root.num_children) {
    return [
      { field: "rows", message: "The file has nested columns, which a dataset cannot hold." },
    ];
  }
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const seen = new Set<string>();
  const problems = elements.flatMap((element): Problem[] => {
    const { name } = element;
    const type = types.get(name);
    const problem = (message: string): Problem[] => [{ field: name, message }];
    if (type === undefined) return problem("The dataset has no such column.");
    if (seen.has(name)) return problem("The column is there twice.");
    seen.add(name);
    if (element.repetition_type === "REPEATED") return problem("The column holds lists.");
    if (isReadableAs(type, element)) return [];
    return problem(`The dataset's column is ${type}, and the file's is ${describeType(element)}.`);
  });
  return elements.length === 0
    ? [{ field: "rows", message: "The file has no columns." }]
    : problems;
}

function isReadableAs(type: ParquetType, element: SchemaElement): boolean {
  const { type: physical, converted_type: converted, logical_type: logical } = element;
  const isPlain = converted === undefined && logical === undefined;
  switch (type) {
    case "BOOLEAN":
      return physical === "BOOLEAN" && isPlain;
    case "INT64":
      return (physical === "INT32" || physical === "INT64") && isWithinInt64(element);
    case "DOUBLE":
      return (physical === "FLOAT" || physical === "DOUBLE") && isPlain;
    case "UTF8":
      return (
        physical === "BYTE_ARRAY" &&
        (logical === undefined || logical.type === "STRING" || logical.type === "ENUM") &&
        (converted === "UTF8" || converted === "ENUM" || logical?.type === "STRING")
      );
    case "BINARY":
      return (physical === "BYTE_ARRAY" || physical === "FIXED_LEN_BYTE_ARRAY") && isPlain;
  }
}

const integerTypes: ReadonlySet<string> = new Set([
  ...["INT_8", "INT_16", "INT_32", "INT_64", "UINT_8", "UINT_16", "UINT_32"],
]);

function isWithinInt64({
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): boolean {
  if (converted !== undefined && !integerTypes.has(converted)) return false;
  if (logical === undefined) return true;
  return logical.type === "INTEGER" && (logical.isSigned || logical.bitWidth < 64);
}

function describeType({ type, converted_type: converted, logical_type: logical }: SchemaElement) {
  return [type ?? "a group", logical?.type ?? converted].filter(Boolean).join(" ");
}
