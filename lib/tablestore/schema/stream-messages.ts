import { optional, repeated, required } from "./field";

/** The low-level stream API (reference: wire protocol 2.5). */
export const streamMessages = {
  ListStreamRequest: { tableName: optional(1, "string") },
  Stream: {
    streamId: required(1, "string"),
    tableName: required(2, "string"),
    creationTime: required(3, "int64"),
  },
  ListStreamResponse: { streams: repeated(1, "Stream") },
  DescribeStreamRequest: {
    streamId: required(1, "string"),
    inclusiveStartShardId: optional(2, "string"),
    shardLimit: optional(3, "int32"),
  },
  StreamShard: {
    shardId: required(1, "string"),
    parentId: optional(2, "string"),
    parentSiblingId: optional(3, "string"),
  },
  DescribeStreamResponse: {
    streamId: required(1, "string"),
    expirationTime: required(2, "int32"),
    tableName: required(3, "string"),
    creationTime: required(4, "int64"),
    streamStatus: required(5, "StreamStatus"),
    shards: repeated(6, "StreamShard"),
    nextShardId: optional(7, "string"),
  },
  GetShardIteratorRequest: {
    streamId: required(1, "string"),
    shardId: required(2, "string"),
    timestamp: optional(3, "int64"),
    token: optional(4, "string"),
  },
  GetShardIteratorResponse: {
    shardIterator: required(1, "string"),
    nextToken: optional(2, "string"),
  },
  GetStreamRecordRequest: {
    shardIterator: required(1, "string"),
    limit: optional(2, "int32"),
    tableName: optional(3, "string"),
  },
  StreamRecord: {
    actionType: required(1, "ActionType"),
    record: required(2, "bytes"),
    originRecord: optional(3, "bytes"),
  },
  GetStreamRecordResponse: {
    streamRecords: repeated(1, "StreamRecord"),
    nextShardIterator: optional(2, "string"),
    consumed: optional(3, "ConsumedCapacity"),
    mayMoreRecord: optional(4, "bool"),
  },
} as const;
