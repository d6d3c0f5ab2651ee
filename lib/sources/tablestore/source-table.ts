import type { TableRow } from "@/lib/core/ports/table-editor";
import type { ColumnType, SampleCell, SampleRow, TableDescription } from "@/lib/core/record";
import type { Message } from "@/lib/tablestore/messages";
import type { PlainCell, PlainRow } from "@/lib/tablestore/plain-row";
import type { EnumValue } from "@/lib/tablestore/schema/enums";

const keyTypes: Readonly<Record<EnumValue<"PrimaryKeyType">, ColumnType>> = {
  INTEGER: "integer",
  STRING: "string",
  BINARY: "binary",
};
const definedTypes: Readonly<Record<EnumValue<"DefinedColumnType">, ColumnType>> = {
  DCT_INTEGER: "integer",
  DCT_DOUBLE: "double",
  DCT_BOOLEAN: "boolean",
  DCT_STRING: "string",
  DCT_BLOB: "binary",
};

/** What a stream keeps when the service does not say: its longest (reference: tunnel-service.md 4). */
const streamHoursMax = 168;

export function toTableDescription(response: Message<"DescribeTableResponse">): TableDescription {
  const { tableMeta, streamDetails } = response;
  return {
    name: tableMeta.tableName,
    primaryKey: tableMeta.primaryKey.map(({ name, type }) => ({ name, type: keyTypes[type] })),
    definedColumns: tableMeta.definedColumn.map(({ name, type }) => ({
      name,
      type: definedTypes[type],
    })),
    streamExpirationHours: streamDetails?.enableStream
      ? (streamDetails.expirationTime ?? streamHoursMax)
      : null,
  };
}

/** Key columns first, then attributes as the service orders them: by name. */
export function toSampleRow(row: PlainRow): SampleRow {
  return { cells: toSampleCells([...row.primaryKey, ...row.attributes]) };
}

export function toTableRow(row: PlainRow): TableRow {
  return { key: toSampleCells(row.primaryKey), attributes: toSampleCells(row.attributes) };
}

function toSampleCells(cells: readonly PlainCell[]): SampleCell[] {
  return cells.map(toSampleCell).filter((cell) => cell !== null);
}

function toSampleCell({ name, value }: PlainCell): SampleCell | null {
  switch (value?.type) {
    case "integer":
      return { name, type: "integer", value: value.value.toString() };
    case "double":
    case "boolean":
    case "string":
      return { name, type: value.type, value: value.value };
    case "malformed-string":
      // People see the replacement characters; delivery counts the value as dirty.
      return { name, type: "string", value: Buffer.from(value.value).toString("utf8") };
    case "binary":
      return { name, type: "binary", value: Buffer.from(value.value).toString("base64") };
    default:
      return null;
  }
}
