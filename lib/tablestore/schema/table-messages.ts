import { optional, repeated, required } from "./field";

/** Tables, their parts and the error body (reference: wire protocol 2.2 and 2.3). */
export const tableMessages = {
  Error: { code: required(1, "string"), message: optional(2, "string") },
  PrimaryKeySchema: {
    name: required(1, "string"),
    type: required(2, "PrimaryKeyType"),
    option: optional(3, "PrimaryKeyOption"),
  },
  DefinedColumnSchema: { name: required(1, "string"), type: required(2, "DefinedColumnType") },
  IndexMeta: {
    name: required(1, "string"),
    primaryKey: repeated(2, "string"),
    definedColumn: repeated(3, "string"),
    indexUpdateMode: required(4, "IndexUpdateMode"),
    indexType: required(5, "IndexType"),
    indexSyncPhase: optional(6, "IndexSyncPhase"),
  },
  TableMeta: {
    tableName: required(1, "string"),
    primaryKey: repeated(2, "PrimaryKeySchema"),
    definedColumn: repeated(3, "DefinedColumnSchema"),
    indexMeta: repeated(4, "IndexMeta"),
    tableId: optional(5, "string"),
    globalTableId: optional(6, "string"),
  },
  TableOptions: {
    /** Seconds; -1 keeps cells forever. */
    timeToLive: optional(1, "int32"),
    maxVersions: optional(2, "int32"),
    bloomFilterType: optional(3, "BloomFilterType"),
    blockSize: optional(4, "int32"),
    deviationCellVersionInSec: optional(5, "int64"),
    allowUpdate: optional(6, "bool"),
    updateFullRow: optional(7, "bool"),
  },
  CapacityUnit: { read: optional(1, "int32"), write: optional(2, "int32") },
  ReservedThroughput: { capacityUnit: required(1, "CapacityUnit") },
  ConsumedCapacity: { capacityUnit: required(1, "CapacityUnit") },
  ReservedThroughputDetails: {
    capacityUnit: required(1, "CapacityUnit"),
    /** Epoch seconds, as is the next one. */
    lastIncreaseTime: required(2, "int64"),
    lastDecreaseTime: optional(3, "int64"),
  },
  StreamSpecification: {
    enableStream: required(1, "bool"),
    /** Hours, at most 168. */
    expirationTime: optional(2, "int32"),
    /** Columns whose old value a record brings as its origin record. */
    columnsToGet: repeated(3, "string"),
  },
  StreamDetails: {
    enableStream: required(1, "bool"),
    streamId: optional(2, "string"),
    expirationTime: optional(3, "int32"),
    lastEnableTime: optional(4, "int64"),
    columnsToGet: repeated(5, "string"),
  },
  SSESpecification: {
    enable: required(1, "bool"),
    keyType: optional(2, "SSEKeyType"),
    keyId: optional(3, "bytes"),
    roleArn: optional(4, "bytes"),
  },
  SSEDetails: {
    enable: required(1, "bool"),
    keyType: optional(2, "SSEKeyType"),
    keyId: optional(3, "bytes"),
    roleArn: optional(4, "bytes"),
  },
  PartitionRange: { begin: required(1, "bytes"), end: required(2, "bytes") },
  CreateTableRequest: {
    tableMeta: required(1, "TableMeta"),
    reservedThroughput: required(2, "ReservedThroughput"),
    tableOptions: optional(3, "TableOptions"),
    partitions: repeated(4, "PartitionRange"),
    streamSpec: optional(5, "StreamSpecification"),
    sseSpec: optional(6, "SSESpecification"),
    indexMetas: repeated(7, "IndexMeta"),
    enableLocalTxn: optional(8, "bool"),
  },
  CreateTableResponse: {},
  ListTableRequest: {},
  ListTableResponse: { tableNames: repeated(1, "string") },
  DescribeTableRequest: { tableName: required(1, "string") },
  DescribeTableResponse: {
    tableMeta: required(1, "TableMeta"),
    reservedThroughputDetails: required(2, "ReservedThroughputDetails"),
    tableOptions: required(3, "TableOptions"),
    /** Required by two SDKs and unknown to another, so a reader must not insist on it. */
    tableStatus: optional(4, "TableStatus"),
    streamDetails: optional(5, "StreamDetails"),
    shardSplits: repeated(6, "bytes"),
    sseDetails: optional(7, "SSEDetails"),
    indexMetas: repeated(8, "IndexMeta"),
    creationTime: optional(9, "int64"),
  },
  UpdateTableRequest: {
    tableName: required(1, "string"),
    reservedThroughput: optional(2, "ReservedThroughput"),
    tableOptions: optional(3, "TableOptions"),
    streamSpec: optional(4, "StreamSpecification"),
  },
  UpdateTableResponse: {
    reservedThroughputDetails: required(1, "ReservedThroughputDetails"),
    tableOptions: required(2, "TableOptions"),
    streamDetails: optional(3, "StreamDetails"),
  },
  DeleteTableRequest: { tableName: required(1, "string") },
  DeleteTableResponse: {},
  AddDefinedColumnRequest: {
    tableName: required(1, "string"),
    columns: repeated(2, "DefinedColumnSchema"),
  },
  AddDefinedColumnResponse: {},
  DeleteDefinedColumnRequest: {
    tableName: required(1, "string"),
    columns: repeated(2, "string"),
  },
  DeleteDefinedColumnResponse: {},
} as const;
