import { optional, repeated, required } from "./field";

/** The Tunnel Service (reference: wire protocol 2.6). Times are epoch nanoseconds. */
export const tunnelMessages = {
  /** One of `flag` and `startOffset` is set; `endOffset` ends the channel there. */
  StreamTunnelConfig: {
    flag: optional(1, "StartOffsetFlag"),
    startOffset: optional(2, "uint64"),
    endOffset: optional(3, "uint64"),
  },
  Tunnel: {
    tableName: required(1, "string"),
    tunnelName: required(3, "string"),
    tunnelType: required(4, "TunnelType"),
    streamTunnelConfig: optional(5, "StreamTunnelConfig"),
    needAllTimeSeriesColumns: optional(6, "bool"),
  },
  CreateTunnelRequest: { tunnel: required(1, "Tunnel") },
  CreateTunnelResponse: { tunnelId: required(1, "string") },
  DeleteTunnelRequest: {
    tableName: required(1, "string"),
    tunnelName: required(2, "string"),
    tunnelId: optional(3, "string"),
  },
  DeleteTunnelResponse: {},
  ListTunnelRequest: { tableName: optional(1, "string") },
  TunnelInfo: {
    tunnelId: required(1, "string"),
    /** "BaseData", "Stream" or "BaseAndStream"; a string here, an enum where tunnels are made. */
    tunnelType: required(2, "string"),
    tableName: required(3, "string"),
    instanceName: required(4, "string"),
    streamId: required(5, "string"),
    /** "InitBaseDataAndStreamShard", "ProcessBaseData" or "ProcessStream". */
    stage: required(6, "string"),
    expired: optional(7, "bool"),
    tunnelName: optional(8, "string"),
    public: optional(9, "bool"),
    streamTunnelConfig: optional(10, "StreamTunnelConfig"),
    createTime: optional(11, "int64"),
  },
  ListTunnelResponse: { tunnels: repeated(1, "TunnelInfo") },
  /** Culvert's own. Without a channel the one with the widest range is split. */
  SplitChannelRequest: { tableName: required(1, "string"), channelId: optional(2, "string") },
  SplitChannelResponse: {
    channelId: required(1, "string"),
    childIds: repeated(2, "string"),
  },
  DescribeTunnelRequest: {
    tableName: required(1, "string"),
    tunnelName: required(2, "string"),
    tunnelId: optional(3, "string"),
  },
  ChannelInfo: {
    channelId: required(1, "string"),
    /** "BaseData" or "Stream". */
    channelType: optional(2, "string"),
    /** "WAIT", "OPEN", "CLOSING", "CLOSE" or "TERMINATED". */
    channelStatus: optional(3, "string"),
    clientId: optional(4, "string"),
    /** Everything written before this instant was consumed. */
    channelRpo: optional(5, "int64"),
    /** Records consumed. */
    channelCount: optional(6, "int64"),
  },
  DescribeTunnelResponse: {
    tunnel: required(1, "TunnelInfo"),
    channels: repeated(2, "ChannelInfo"),
    tunnelRpo: optional(3, "int64"),
  },
  ClientConfig: {
    /** Seconds. */
    timeout: optional(1, "int64"),
    clientTag: optional(2, "string"),
  },
  ConnectRequest: {
    tunnelId: required(1, "string"),
    clientConfig: optional(2, "ClientConfig"),
  },
  ConnectResponse: { clientId: required(1, "string") },
  Channel: {
    channelId: required(1, "string"),
    version: required(2, "int64"),
    status: required(3, "ChannelStatus"),
    detail: optional(4, "bytes"),
  },
  HeartbeatRequest: {
    tunnelId: required(1, "string"),
    clientId: required(2, "string"),
    channels: repeated(3, "Channel"),
  },
  HeartbeatResponse: { channels: repeated(1, "Channel") },
  ShutdownRequest: { tunnelId: required(1, "string"), clientId: required(2, "string") },
  ShutdownResponse: {},
  GetCheckpointRequest: {
    tunnelId: required(1, "string"),
    clientId: required(2, "string"),
    channelId: required(3, "string"),
  },
  GetCheckpointResponse: {
    checkpoint: required(1, "string"),
    sequenceNumber: required(2, "int64"),
  },
  CheckpointRequest: {
    tunnelId: required(1, "string"),
    clientId: required(2, "string"),
    channelId: required(3, "string"),
    checkpoint: required(4, "string"),
    sequenceNumber: required(5, "int64"),
  },
  CheckpointResponse: {},
  ReadRecordsRequest: {
    tunnelId: required(1, "string"),
    clientId: required(2, "string"),
    channelId: required(3, "string"),
    token: required(4, "string"),
  },
  /** Off the hot path only; see read-records.ts. */
  ReadRecordsResponse: {
    records: repeated(1, "Record"),
    nextToken: required(2, "string"),
    mayMoreRecord: optional(3, "bool"),
  },
  Record: {
    actionType: required(1, "ActionType"),
    record: required(2, "bytes"),
    originRecord: optional(3, "bytes"),
  },
  Token: { version: required(1, "int64"), content: required(2, "bytes") },
  TokenContent: {
    primaryKey: optional(1, "bytes"),
    iterator: optional(2, "string"),
    timestamp: optional(3, "int64"),
  },
  TokenContentV2: {
    primaryKey: optional(1, "bytes"),
    iterator: optional(2, "string"),
    timestamp: optional(3, "int64"),
    totalCount: optional(4, "int64"),
  },
  GetRpoRequest: { tunnelId: optional(1, "string"), limit: optional(2, "int32") },
  GetRpoResponse: {
    rpoInfos: optional(1, "bytes"),
    tunnelRpoInfos: optional(2, "bytes"),
    tunnelId: optional(3, "string"),
  },
  ScheduleRequest: { tunnelId: required(1, "string"), channels: repeated(3, "Channel") },
  ScheduleResponse: {},
} as const;
