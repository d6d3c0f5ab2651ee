import { connectSdk, type SdkResponse, type SdkRow as SdkWireRow, sdk } from "../official-sdk";
import {
  type Cell,
  type Filter,
  type KeyColumn,
  type SdkAccess,
  type SdkDriver,
  SdkError,
  type SdkOperation,
  type SdkOperations,
  type SdkRow,
  type SdkValue,
  type Write,
} from "./sdk-driver";

/** The official npm SDK behind the same requests as the programs of the other languages. */
export function startNodeDriver(access: SdkAccess): SdkDriver {
  const call = connectSdk(access);
  const operations: Partial<Record<SdkOperation, (ask: never) => Promise<object>>> = {
    createTable: async (ask: Ask<"createTable">) => {
      await call("createTable", tableParams(ask));
      return {};
    },
    describeTable: async ({ table }: Ask<"describeTable">) => {
      const response = await call("describeTable", { tableName: table });
      return describedTable(response);
    },
    listTables: async () => ({ tables: (await call("listTable")).tableNames ?? [] }),
    deleteTable: ({ table }: Ask<"deleteTable">) => call("deleteTable", { tableName: table }),
    write: async (ask: Write) => {
      const response = await call(`${ask.kind}Row`, { tableName: ask.table, ...writeParams(ask) });
      const key = response.row?.primaryKey;
      return { key: key && key.length > 0 ? writeKey(key) : null };
    },
    batchWrite: async ({ writes }: Ask<"batchWrite">) => {
      // In a batch an update's columns go by the name that only puts have elsewhere.
      const rows = writes.map((write) => ({
        type: write.kind.toUpperCase(),
        ...writeParams(write),
        ...(write.kind === "update" ? { attributeColumns: updateParams(write) } : {}),
      }));
      const tableName = writes[0]?.table;
      const { tables = [] } = await call("batchWriteRow", { tables: [{ tableName, rows }] });
      return {
        results: (tables as unknown as BatchResult[]).map(({ isOk, errorCode }) =>
          isOk ? { ok: true } : { ok: false, code: errorCode },
        ),
      };
    },
    getRow: async (ask: Ask<"getRow">) => {
      const { row } = await call("getRow", {
        tableName: ask.table,
        primaryKey: readKey(ask.key),
        maxVersions: ask.versions ?? 1,
        ...(ask.columns ? { columnsToGet: ask.columns } : {}),
        ...(ask.filter ? { columnFilter: readFilter(ask.filter) } : {}),
      });
      return { row: writeRow(row) };
    },
    getRange: async (ask: Ask<"getRange">) => {
      const response = await call("getRange", {
        tableName: ask.table,
        direction: ask.backward ? sdk.Direction.BACKWARD : sdk.Direction.FORWARD,
        inclusiveStartPrimaryKey: readKey(ask.from),
        exclusiveEndPrimaryKey: readKey(ask.to),
        maxVersions: 1,
        ...(ask.limit ? { limit: ask.limit } : {}),
        ...(ask.filter ? { columnFilter: readFilter(ask.filter) } : {}),
      });
      const next = response.nextStartPrimaryKey;
      return { rows: (response.rows ?? []).map(writeRow), next: next ? writeKey(next) : null };
    },
    batchGet: async ({ table, keys }: Ask<"batchGet">) => {
      const { tables = [] } = await call("batchGetRow", {
        tables: [{ tableName: table, primaryKey: keys.map(readKey), maxVersions: 1 }],
      });
      return { rows: (tables[0] ?? []).map((found) => writeRow(found as SdkWireRow)) };
    },
  };
  return {
    async call(operation, request) {
      const run = operations[operation];
      if (!run) throw new Error(`The npm SDK has no ${operation}`);
      try {
        return (await run(request as never)) as never;
      } catch (thrown) {
        throw readError(thrown);
      }
    },
    close: async () => {},
  };
}

type Ask<O extends SdkOperation> = SdkOperations[O][0];
type BatchResult = { readonly isOk: boolean; readonly errorCode: string };

/** This SDK gives the HTTP status for a code, and the error's bytes for a message. */
function readError(thrown: unknown): unknown {
  const { message } = thrown as Error;
  const code = /OTS[A-Za-z]+/.exec(message)?.[0];
  return code === undefined ? thrown : new SdkError(code, message);
}

function tableParams(ask: Ask<"createTable">): object {
  return {
    tableMeta: {
      tableName: ask.table,
      primaryKey: ask.key.map(({ name, type, auto }) => ({
        name,
        type: type.toUpperCase(),
        ...(auto ? { option: "AUTO_INCREMENT" } : {}),
      })),
    },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: ask.versions ?? 1 },
  };
}

const keyTypes = ["", "integer", "string", "binary"] as const;

function describedTable(response: SdkResponse): object {
  const { tableMeta, tableOptions } = response as unknown as {
    tableMeta: { primaryKey: { name: string; type: number; option?: number | null }[] };
    tableOptions: { maxVersions: number };
  };
  return {
    key: tableMeta.primaryKey.map((column) => ({
      name: column.name,
      type: keyTypes[column.type],
      // What was not on the wire is inherited: the enum's first value, which is AUTO_INCREMENT.
      ...(Object.hasOwn(column, "option") && column.option === 1 ? { auto: true } : {}),
    })),
    versions: tableOptions.maxVersions,
  };
}

function writeParams(write: Write): object {
  const { expect = "IGNORE", condition, returnKey } = write;
  return {
    condition: new sdk.Condition(
      sdk.RowExistenceExpectation[expect],
      condition ? readFilter(condition) : null,
    ),
    primaryKey: readKey(write.key),
    ...(write.kind === "put" ? { attributeColumns: (write.put ?? []).map(readCell) } : {}),
    ...(write.kind === "update" ? { updateOfAttributeColumns: updateParams(write) } : {}),
    ...(returnKey ? { returnContent: { returnType: sdk.ReturnType.Primarykey } } : {}),
  };
}

function updateParams({ put, deleteColumns, deleteVersions, increments }: Write): object[] {
  return [
    ...(put ? [{ PUT: put.map(readCell) }] : []),
    ...(deleteColumns ? [{ DELETE_ALL: deleteColumns }] : []),
    ...(deleteVersions
      ? [{ DELETE: deleteVersions.map(({ name, at }) => ({ [name]: int64(at) })) }]
      : []),
    ...(increments
      ? [{ INCREMENT: increments.map(({ name, by }) => ({ [name]: int64(by) })) }]
      : []),
  ];
}

const int64 = (digits: string): unknown => sdk.Long.fromString(digits);

function readCell({ name, at, ...value }: Cell): object {
  return { [name]: readValue(value), ...(at === undefined ? {} : { timestamp: int64(at) }) };
}

const readKey = (columns: readonly KeyColumn[]): object[] =>
  columns.map(({ name, ...value }) => ({ [name]: readValue(value) }));

function readValue({ type, value }: SdkValue): unknown {
  switch (type) {
    case "integer":
      return int64(value);
    case "string":
      return value;
    case "double":
      return Buffer.from(value, "hex").readDoubleBE();
    case "boolean":
      return value === "true";
    case "binary":
      return Buffer.from(value, "base64");
    case "min":
      return sdk.INF_MIN;
    case "max":
      return sdk.INF_MAX;
    case "auto":
      return sdk.PK_AUTO_INCR;
  }
}

function writeValue(value: unknown): SdkValue {
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "boolean") return { type: "boolean", value: value ? "true" : "false" };
  if (Buffer.isBuffer(value)) return { type: "binary", value: value.toString("base64") };
  if (typeof value !== "number") return { type: "integer", value: String(value) };
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return { type: "double", value: bits.toString("hex") };
}

const writeKey = (columns: readonly { name: string; value: unknown }[]): KeyColumn[] =>
  columns.map(({ name, value }) => ({ name, ...writeValue(value) }));

function writeRow(row: SdkWireRow | undefined): SdkRow | null {
  if (!row?.primaryKey || row.primaryKey.length === 0) return null;
  const columns = (row.attributes ?? []).map(({ columnName, columnValue, timestamp }) => ({
    name: columnName,
    ...writeValue(columnValue),
    at: String(timestamp),
  }));
  return { key: writeKey(row.primaryKey), columns };
}

const comparators = {
  "=": sdk.ComparatorType.EQUAL,
  "!=": sdk.ComparatorType.NOT_EQUAL,
  ">": sdk.ComparatorType.GREATER_THAN,
  ">=": sdk.ComparatorType.GREATER_EQUAL,
  "<": sdk.ComparatorType.LESS_THAN,
  "<=": sdk.ComparatorType.LESS_EQUAL,
} as const;

function readFilter(filter: Filter): object {
  if (filter.kind === "page") return new sdk.ColumnPaginationFilter(filter.limit, filter.offset);
  if (filter.kind === "compare") {
    const { column, value, operator, passIfMissing, latestOnly } = filter;
    return new sdk.SingleColumnCondition(
      column,
      readValue(value),
      comparators[operator],
      passIfMissing,
      latestOnly,
    );
  }
  const operator = { and: "AND", or: "OR", not: "NOT" } as const;
  const composite = new sdk.CompositeCondition(sdk.LogicalOperator[operator[filter.kind]]);
  for (const part of filter.of) composite.addSubCondition(readFilter(part));
  return composite;
}
