import { optional, repeated } from "./field";

const taskOfTable = { tableName: optional(1, "string"), taskName: optional(2, "string") } as const;

/** Data Delivery (reference: wire protocol 2.7 and 6). Every field is optional on the wire. */
export const deliveryMessages = {
  EventColumn: { columnName: optional(1, "string"), timeFormat: optional(2, "EventTimeFormat") },
  ParquetSchema: {
    columnName: optional(1, "string"),
    ossColumnName: optional(2, "string"),
    type: optional(3, "ParquetDataType"),
    encode: optional(4, "ParquetEncoding"),
    typeExtend: optional(5, "string"),
  },
  OSSTaskConfig: {
    ossPrefix: optional(1, "string"),
    formatter: optional(2, "TimeFormatter"),
    ossDirtyPrefix: optional(3, "string"),
    ossBucket: optional(4, "string"),
    ossEndpoint: optional(5, "string"),
    ossStsRole: optional(6, "string"),
    eventTimeColumn: optional(7, "EventColumn"),
    format: optional(8, "DeliveryFormat"),
    schema: repeated(11, "ParquetSchema"),
  },
  CreateDeliveryTaskRequest: {
    tableName: optional(1, "string"),
    taskName: optional(2, "string"),
    taskConfig: optional(3, "OSSTaskConfig"),
    /** Absent is documented to mean BASE_INC although the enum starts at BASE. */
    taskType: optional(4, "DeliveryTaskType"),
  },
  CreateDeliveryTaskResponse: {},
  DescribeDeliveryTaskRequest: taskOfTable,
  TaskSyncStat: {
    taskSyncPhase: optional(1, "TaskSyncPhase"),
    /** Epoch nanoseconds. */
    currentSyncTimestamp: optional(2, "int64"),
    /** Left out when all is well: one SDK's enum has no OK. */
    errorCode: optional(3, "DeliveryErrorType"),
    detail: optional(4, "string"),
  },
  DescribeDeliveryTaskResponse: {
    taskConfig: optional(1, "OSSTaskConfig"),
    taskSyncStat: optional(2, "TaskSyncStat"),
    taskType: optional(3, "DeliveryTaskType"),
  },
  ListDeliveryTaskRequest: { tableName: optional(1, "string") },
  DeliveryTaskInfo: {
    tableName: optional(1, "string"),
    taskName: optional(2, "string"),
    taskType: optional(3, "DeliveryTaskType"),
  },
  ListDeliveryTaskResponse: { tasks: repeated(1, "DeliveryTaskInfo") },
  DeleteDeliveryTaskRequest: taskOfTable,
  DeleteDeliveryTaskResponse: {},
  UpdateDeliveryTaskRequest: {
    table: optional(1, "string"),
    taskName: optional(2, "string"),
    taskConfig: optional(5, "OSSTaskConfig"),
  },
  UpdateDeliveryTaskResponse: {},
} as const;
