import { createRequire } from "node:module";

/** The official npm SDK, unmodified. It has no types of its own; these are the parts that tests use. */
type Callback = (error: unknown, data: SdkResponse) => void;
export type SdkResponse = Record<string, unknown> & {
  readonly row?: SdkRow;
  readonly rows?: readonly SdkRow[];
  readonly tables?: readonly { readonly isOk: boolean; readonly [key: string]: unknown }[][];
  readonly nextStartPrimaryKey?: readonly { name: string; value: unknown }[];
};
export type SdkRow = {
  readonly primaryKey?: readonly { readonly name: string; readonly value: unknown }[];
  readonly attributes?: readonly {
    readonly columnName: string;
    readonly columnValue: unknown;
    readonly timestamp: unknown;
  }[];
};
type SdkOperation =
  | "createTable"
  | "listTable"
  | "describeTable"
  | "updateTable"
  | "deleteTable"
  | "putRow"
  | "updateRow"
  | "deleteRow"
  | "getRow"
  | "getRange"
  | "batchWriteRow"
  | "batchGetRow";
type RawClient = Record<SdkOperation, (params: object, callback: Callback) => void>;

type Sdk = {
  readonly Client: new (options: {
    accessKeyId: string;
    secretAccessKey: string;
    endpoint: string;
    instancename: string;
    maxRetries?: number;
  }) => RawClient;
  readonly Long: { fromNumber(value: number): unknown; fromString(value: string): unknown };
  readonly Condition: new (existence: unknown, column: unknown) => object;
  readonly SingleColumnCondition: new (
    name: string,
    value: unknown,
    comparator: unknown,
    passIfMissing?: boolean,
    latestVersionOnly?: boolean,
  ) => object;
  readonly CompositeCondition: new (
    combinator: unknown,
  ) => {
    addSubCondition(condition: object): void;
  };
  readonly ColumnPaginationFilter: new (limit: number, offset: number) => object;
  readonly RowExistenceExpectation: Record<"IGNORE" | "EXPECT_EXIST" | "EXPECT_NOT_EXIST", unknown>;
  readonly ComparatorType: Record<
    "EQUAL" | "NOT_EQUAL" | "GREATER_THAN" | "GREATER_EQUAL" | "LESS_THAN" | "LESS_EQUAL",
    unknown
  >;
  readonly LogicalOperator: Record<"AND" | "OR" | "NOT", unknown>;
  readonly ReturnType: Record<"NONE" | "Primarykey" | "AfterModify", unknown>;
  readonly Direction: Record<"FORWARD" | "BACKWARD", unknown>;
  readonly INF_MIN: unknown;
  readonly INF_MAX: unknown;
  readonly PK_AUTO_INCR: unknown;
};

export const sdk = createRequire(import.meta.url)("tablestore") as Sdk;

/** Integers as the SDK takes them without losing digits. */
export const int64 = (value: bigint | number): unknown => sdk.Long.fromString(String(value));

export type SdkClient = (operation: SdkOperation, params?: object) => Promise<SdkResponse>;

export function connectSdk(options: {
  port: number;
  accessKeyId: string;
  accessKeySecret: string;
  instance: string;
}): SdkClient {
  const client = new sdk.Client({
    accessKeyId: options.accessKeyId,
    secretAccessKey: options.accessKeySecret,
    endpoint: `http://127.0.0.1:${options.port}`,
    instancename: options.instance,
    maxRetries: 0,
  });
  return (operation, params = {}) =>
    new Promise((resolve, reject) => {
      client[operation](params, (error, data) => (error ? reject(error) : resolve(data)));
    });
}

/** Row attributes by name; the newest version wins. */
export function valuesOf(row: SdkRow | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { columnName, columnValue } of row?.attributes ?? []) {
    if (!(columnName in values)) values[columnName] = plain(columnValue);
  }
  return values;
}

export function keyOf(row: SdkRow | undefined): unknown[] {
  return (row?.primaryKey ?? []).map(({ value }) => plain(value));
}

/** The SDK's Int64 objects print their digits. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return value;
  return BigInt(String(value));
}
