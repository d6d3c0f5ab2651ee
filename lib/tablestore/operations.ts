import type { Message, MessageInit, MessageName } from "./messages";

type Operation = {
  /** As the request line and the signatures have it. */
  readonly path: string;
  readonly request: MessageName;
  readonly response: MessageName;
  /** Doing it twice comes to the same, so an unknown outcome may be tried again. */
  readonly repeatable: boolean;
};

function defineOperations<const T extends Record<string, Operation>>(operations: T): T {
  return operations;
}

/** Every operation that Culvert speaks, on either end (reference: wire protocol 1.2). */
export const operations = defineOperations({
  CreateTable: {
    path: "/CreateTable",
    request: "CreateTableRequest",
    response: "CreateTableResponse",
    repeatable: false,
  },
  ListTable: {
    path: "/ListTable",
    request: "ListTableRequest",
    response: "ListTableResponse",
    repeatable: true,
  },
  DescribeTable: {
    path: "/DescribeTable",
    request: "DescribeTableRequest",
    response: "DescribeTableResponse",
    repeatable: true,
  },
  UpdateTable: {
    path: "/UpdateTable",
    request: "UpdateTableRequest",
    response: "UpdateTableResponse",
    repeatable: false,
  },
  DeleteTable: {
    path: "/DeleteTable",
    request: "DeleteTableRequest",
    response: "DeleteTableResponse",
    repeatable: false,
  },
  PutRow: {
    path: "/PutRow",
    request: "PutRowRequest",
    response: "PutRowResponse",
    repeatable: false,
  },
  UpdateRow: {
    path: "/UpdateRow",
    request: "UpdateRowRequest",
    response: "UpdateRowResponse",
    repeatable: false,
  },
  DeleteRow: {
    path: "/DeleteRow",
    request: "DeleteRowRequest",
    response: "DeleteRowResponse",
    repeatable: false,
  },
  GetRow: {
    path: "/GetRow",
    request: "GetRowRequest",
    response: "GetRowResponse",
    repeatable: true,
  },
  GetRange: {
    path: "/GetRange",
    request: "GetRangeRequest",
    response: "GetRangeResponse",
    repeatable: true,
  },
  BatchWriteRow: {
    path: "/BatchWriteRow",
    request: "BatchWriteRowRequest",
    response: "BatchWriteRowResponse",
    repeatable: false,
  },
  BatchGetRow: {
    path: "/BatchGetRow",
    request: "BatchGetRowRequest",
    response: "BatchGetRowResponse",
    repeatable: true,
  },
  CreateTunnel: {
    path: "/tunnel/create",
    request: "CreateTunnelRequest",
    response: "CreateTunnelResponse",
    repeatable: false,
  },
  ListTunnel: {
    path: "/tunnel/list",
    request: "ListTunnelRequest",
    response: "ListTunnelResponse",
    repeatable: true,
  },
  DescribeTunnel: {
    path: "/tunnel/describe",
    request: "DescribeTunnelRequest",
    response: "DescribeTunnelResponse",
    repeatable: true,
  },
  DeleteTunnel: {
    path: "/tunnel/delete",
    request: "DeleteTunnelRequest",
    response: "DeleteTunnelResponse",
    repeatable: false,
  },
  /** Not repeatable: a client that nobody knows of would be given channels until it times out. */
  Connect: {
    path: "/tunnel/connect",
    request: "ConnectRequest",
    response: "ConnectResponse",
    repeatable: false,
  },
  Heartbeat: {
    path: "/tunnel/heartbeat",
    request: "HeartbeatRequest",
    response: "HeartbeatResponse",
    repeatable: true,
  },
  Shutdown: {
    path: "/tunnel/shutdown",
    request: "ShutdownRequest",
    response: "ShutdownResponse",
    repeatable: false,
  },
  GetCheckpoint: {
    path: "/tunnel/getcheckpoint",
    request: "GetCheckpointRequest",
    response: "GetCheckpointResponse",
    repeatable: true,
  },
  /** Its sequence number makes a second one either the same or refused. */
  Checkpoint: {
    path: "/tunnel/checkpoint",
    request: "CheckpointRequest",
    response: "CheckpointResponse",
    repeatable: true,
  },
  ReadRecords: {
    path: "/tunnel/readrecords",
    request: "ReadRecordsRequest",
    response: "ReadRecordsResponse",
    repeatable: true,
  },
  /** Culvert's embedded table store alone has it: the real service splits when it sees fit. */
  SplitChannel: {
    path: "/culvert/split-channel",
    request: "SplitChannelRequest",
    response: "SplitChannelResponse",
    repeatable: false,
  },
  CreateDeliveryTask: {
    path: "/CreateDeliveryTask",
    request: "CreateDeliveryTaskRequest",
    response: "CreateDeliveryTaskResponse",
    repeatable: false,
  },
  DescribeDeliveryTask: {
    path: "/DescribeDeliveryTask",
    request: "DescribeDeliveryTaskRequest",
    response: "DescribeDeliveryTaskResponse",
    repeatable: true,
  },
  ListDeliveryTask: {
    path: "/ListDeliveryTask",
    request: "ListDeliveryTaskRequest",
    response: "ListDeliveryTaskResponse",
    repeatable: true,
  },
  DeleteDeliveryTask: {
    path: "/DeleteDeliveryTask",
    request: "DeleteDeliveryTaskRequest",
    response: "DeleteDeliveryTaskResponse",
    repeatable: false,
  },
});

export type OperationName = keyof typeof operations;
export type RequestOf<O extends OperationName> = MessageInit<(typeof operations)[O]["request"]>;
export type ResponseOf<O extends OperationName> = Message<(typeof operations)[O]["response"]>;
