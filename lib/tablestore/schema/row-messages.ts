import { optional, repeated, required } from "./field";

const rowResponse = {
  consumed: required(1, "ConsumedCapacity"),
  /** PlainBuffer: the key, or the changed row, as `returnContent` asked; absent otherwise. */
  row: optional(2, "bytes"),
} as const;

/** Rows and filters; rows and keys are PlainBuffer (reference: wire protocol 2.2 and 2.4). */
export const rowMessages = {
  Condition: {
    rowExistence: required(1, "RowExistenceExpectation"),
    /** A serialized Filter. */
    columnCondition: optional(2, "bytes"),
  },
  ReturnContent: {
    returnType: optional(1, "ReturnType"),
    returnColumnNames: repeated(2, "string"),
  },
  /** Epoch ms; the end is exclusive. */
  TimeRange: {
    startTime: optional(1, "int64"),
    endTime: optional(2, "int64"),
    specificTime: optional(3, "int64"),
  },
  PutRowRequest: {
    tableName: required(1, "string"),
    row: required(2, "bytes"),
    condition: required(3, "Condition"),
    returnContent: optional(4, "ReturnContent"),
    transactionId: optional(5, "string"),
  },
  PutRowResponse: rowResponse,
  UpdateRowRequest: {
    tableName: required(1, "string"),
    rowChange: required(2, "bytes"),
    condition: required(3, "Condition"),
    returnContent: optional(4, "ReturnContent"),
    transactionId: optional(5, "string"),
  },
  UpdateRowResponse: rowResponse,
  DeleteRowRequest: {
    tableName: required(1, "string"),
    primaryKey: required(2, "bytes"),
    condition: required(3, "Condition"),
    returnContent: optional(4, "ReturnContent"),
    transactionId: optional(5, "string"),
  },
  DeleteRowResponse: rowResponse,
  GetRowRequest: {
    tableName: required(1, "string"),
    primaryKey: required(2, "bytes"),
    columnsToGet: repeated(3, "string"),
    timeRange: optional(4, "TimeRange"),
    maxVersions: optional(5, "int32"),
    cacheBlocks: optional(6, "bool"),
    filter: optional(7, "bytes"),
    startColumn: optional(8, "string"),
    endColumn: optional(9, "string"),
    token: optional(10, "bytes"),
    transactionId: optional(11, "string"),
  },
  GetRowResponse: {
    consumed: required(1, "ConsumedCapacity"),
    /** Zero bytes when there is no such row. */
    row: required(2, "bytes"),
    nextToken: optional(3, "bytes"),
  },
  GetRangeRequest: {
    tableName: required(1, "string"),
    direction: required(2, "Direction"),
    columnsToGet: repeated(3, "string"),
    timeRange: optional(4, "TimeRange"),
    maxVersions: optional(5, "int32"),
    /** 0 and absent: no limit. */
    limit: optional(6, "int32"),
    inclusiveStartPrimaryKey: required(7, "bytes"),
    exclusiveEndPrimaryKey: required(8, "bytes"),
    cacheBlocks: optional(9, "bool"),
    filter: optional(10, "bytes"),
    startColumn: optional(11, "string"),
    endColumn: optional(12, "string"),
    token: optional(13, "bytes"),
    transactionId: optional(14, "string"),
    dataBlockTypeHint: optional(15, "DataBlockType"),
    /** Absent means true. */
    returnEntirePrimaryKeys: optional(16, "bool"),
    compressTypeHint: optional(17, "CompressType"),
  },
  GetRangeResponse: {
    consumed: required(1, "ConsumedCapacity"),
    /** Zero bytes, or one PlainBuffer header and many rows. */
    rows: required(2, "bytes"),
    /** Absent when the range is read to its end. */
    nextStartPrimaryKey: optional(3, "bytes"),
    nextToken: optional(4, "bytes"),
    dataBlockType: optional(5, "DataBlockType"),
    compressType: optional(6, "CompressType"),
  },
  RowInBatchWriteRowRequest: {
    type: required(1, "OperationType"),
    rowChange: required(2, "bytes"),
    condition: required(3, "Condition"),
    returnContent: optional(4, "ReturnContent"),
  },
  TableInBatchWriteRowRequest: {
    tableName: required(1, "string"),
    rows: repeated(2, "RowInBatchWriteRowRequest"),
  },
  BatchWriteRowRequest: {
    tables: repeated(1, "TableInBatchWriteRowRequest"),
    transactionId: optional(2, "string"),
    isAtomic: optional(3, "bool"),
  },
  RowInBatchWriteRowResponse: {
    isOk: required(1, "bool"),
    error: optional(2, "Error"),
    consumed: optional(3, "ConsumedCapacity"),
    row: optional(4, "bytes"),
  },
  TableInBatchWriteRowResponse: {
    tableName: required(1, "string"),
    rows: repeated(2, "RowInBatchWriteRowResponse"),
  },
  BatchWriteRowResponse: { tables: repeated(1, "TableInBatchWriteRowResponse") },
  TableInBatchGetRowRequest: {
    tableName: required(1, "string"),
    primaryKey: repeated(2, "bytes"),
    token: repeated(3, "bytes"),
    columnsToGet: repeated(4, "string"),
    timeRange: optional(5, "TimeRange"),
    maxVersions: optional(6, "int32"),
    cacheBlocks: optional(7, "bool"),
    filter: optional(8, "bytes"),
    startColumn: optional(9, "string"),
    endColumn: optional(10, "string"),
  },
  BatchGetRowRequest: { tables: repeated(1, "TableInBatchGetRowRequest") },
  RowInBatchGetRowResponse: {
    isOk: required(1, "bool"),
    error: optional(2, "Error"),
    consumed: optional(3, "ConsumedCapacity"),
    row: optional(4, "bytes"),
    nextToken: optional(5, "bytes"),
  },
  TableInBatchGetRowResponse: {
    tableName: required(1, "string"),
    rows: repeated(2, "RowInBatchGetRowResponse"),
  },
  BatchGetRowResponse: { tables: repeated(1, "TableInBatchGetRowResponse") },
  /** `filter` is the message that `type` names, serialized. */
  Filter: { type: required(1, "FilterType"), filter: required(2, "bytes") },
  ValueTransferRule: { regex: required(1, "string"), castType: optional(2, "VariantType") },
  SingleColumnValueFilter: {
    comparator: required(1, "ComparatorType"),
    columnName: required(2, "string"),
    /** A PlainBuffer variant without framing. */
    columnValue: required(3, "bytes"),
    filterIfMissing: required(4, "bool"),
    latestVersionOnly: required(5, "bool"),
    valueTransRule: optional(6, "ValueTransferRule"),
  },
  CompositeColumnValueFilter: {
    combinator: required(1, "LogicalOperator"),
    subFilters: repeated(2, "Filter"),
  },
  ColumnPaginationFilter: { offset: required(1, "int32"), limit: required(2, "int32") },
} as const;
