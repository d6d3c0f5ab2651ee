import type { DestinationView } from "@/lib/contracts/destination-body";
import type { TaskBody } from "@/lib/contracts/task-body";
import type { TaskView } from "@/lib/contracts/task-view";
import type { Problem } from "@/lib/core/problem";
import type { ParquetType } from "@/lib/core/schema-mapping";
import type { SyncMode } from "@/lib/core/task";
import type { Message, MessageInit } from "@/lib/tablestore/messages";
import type { EnumValue } from "@/lib/tablestore/schema/enums";

type TaskType = EnumValue<"DeliveryTaskType">;
type Column = Message<"ParquetSchema">;
type BodyColumn = Extract<TaskBody["schema"], { kind: "manual" }>["columns"][number];

const modes: Readonly<Record<TaskType, SyncMode>> = {
  BASE: "full",
  INC: "incremental",
  BASE_INC: "differential",
};
const taskTypes: Readonly<Record<SyncMode, TaskType>> = {
  full: "BASE",
  incremental: "INC",
  differential: "BASE_INC",
};
/** The documented mappings; the wire's enum has more types, which no document says how to fill. */
const typesOfWire: Readonly<Partial<Record<EnumValue<"ParquetDataType">, ParquetType>>> = {
  BOOL: "BOOLEAN",
  INT64: "INT64",
  UTF8: "UTF8",
  DOUBLE: "DOUBLE",
};
const wireTypes: Readonly<Record<ParquetType, EnumValue<"ParquetDataType">>> = {
  BOOLEAN: "BOOL",
  INT64: "INT64",
  UTF8: "UTF8",
  DOUBLE: "DOUBLE",
  // The console offers what the wire has no name for; typeExtend then says what it really is.
  BINARY: "UTF8",
};

export type DraftFromWire = {
  /** Lacks the fields that have a problem. */
  readonly body: Partial<TaskBody>;
  /** By the fields of the request. */
  readonly problems: readonly Problem[];
};

/** What a request asks for in the words of the console's own task body, with all that is wrong in it. */
export function readTaskDraft(request: Message<"CreateDeliveryTaskRequest">): DraftFromWire {
  const { taskName, tableName, taskConfig } = request;
  const problems: Problem[] = [];
  if (!taskName) problems.push(required("taskName"));
  if (!taskConfig) return { body: {}, problems: [...problems, required("taskConfig")] };
  const { ossPrefix, ossBucket, ossDirtyPrefix, format } = taskConfig;
  if (!ossPrefix) problems.push(required("taskConfig.ossPrefix"));
  if (!ossBucket) problems.push(required("taskConfig.ossBucket"));
  if (format !== undefined && format !== "Parquet") {
    problems.push({ field: "taskConfig.format", message: "Objects are Parquet only." });
  }
  // Absent is documented to be BASE_INC, although the enum's first value is BASE.
  const taskType = request.taskType ?? "BASE_INC";
  const mode = Object.hasOwn(modes, taskType) ? modes[taskType] : undefined;
  if (!mode) problems.push({ field: "taskType", message: "It is BASE, INC or BASE_INC." });
  const eventTime = readEventTime(taskConfig.eventTimeColumn, problems);
  const columns = readColumns(taskConfig.schema, problems);
  return {
    problems,
    body: {
      ...(taskName ? { name: taskName } : {}),
      ...(tableName ? { table: tableName } : {}),
      ...(ossPrefix ? { prefix: ossPrefix } : {}),
      ...(ossDirtyPrefix ? { dirtyPrefix: ossDirtyPrefix } : {}),
      ...(mode ? { mode } : {}),
      ...(eventTime ? { eventTime } : {}),
      ...(columns ? { schema: { kind: "manual", columns } } : {}),
    },
  };
}

const required = (field: string): Problem => ({ field, message: "This is required." });

function readEventTime(
  given: Message<"EventColumn"> | undefined,
  problems: Problem[],
): TaskBody["eventTime"] {
  if (given === undefined) return null;
  const { columnName, timeFormat } = given;
  const field = "taskConfig.eventTimeColumn";
  if (!columnName) problems.push(required(`${field}.columnName`));
  // An unknown number of an enum arrives as that number.
  if (typeof timeFormat !== "string") {
    const message = "It is RFC822, RFC850, RFC1123, RFC3339 or Unix.";
    problems.push({ field: `${field}.timeFormat`, message });
    return null;
  }
  return columnName ? { column: columnName, format: timeFormat } : null;
}

/** Null when the list cannot be a mapping. */
function readColumns(schema: readonly Column[], problems: Problem[]): BodyColumn[] | null {
  const field = "taskConfig.schema";
  if (schema.length === 0) {
    problems.push({ field, message: "It names at least one column." });
    return null;
  }
  const before = problems.length;
  const columns = schema.map((column, index) => readColumn(column, `${field}[${index}]`, problems));
  return problems.length === before ? columns.filter((column) => column !== null) : null;
}

function readColumn(column: Column, field: string, problems: Problem[]): BodyColumn | null {
  const { columnName, ossColumnName, type, encode = "PLAIN", typeExtend } = column;
  const parquetType = type === undefined ? undefined : typesOfWire[type];
  if (!columnName) problems.push(required(`${field}.columnName`));
  if (!parquetType) {
    const message =
      type === undefined
        ? "This is required."
        : `${type} is not delivered; the types are BOOL, INT64, UTF8 and DOUBLE.`;
    problems.push({ field: `${field}.type`, message });
  }
  if (typeof encode !== "string") {
    problems.push({ field: `${field}.encode`, message: "It is none of the documented encodings." });
  }
  if (typeExtend) {
    problems.push({ field: `${field}.typeExtend`, message: "Extended types are not delivered." });
  }
  if (!columnName || !parquetType) return null;
  return {
    source: columnName,
    name: ossColumnName || columnName,
    type: parquetType,
    encoding: encode,
  };
}

/** The request's field for a field of the console's body. */
export function wireField(field: string): string {
  for (const [pattern, replacement] of wireFields) {
    if (pattern.test(field)) return field.replace(pattern, replacement);
  }
  return field;
}

const wireFields: readonly [RegExp, string][] = [
  [/^name$/, "taskName"],
  [/^(table|sourceId)$/, "tableName"],
  [/^mode$/, "taskType"],
  [/^prefix$/, "taskConfig.ossPrefix"],
  [/^dirtyPrefix$/, "taskConfig.ossDirtyPrefix"],
  [/^destinationId$/, "taskConfig.ossBucket"],
  [/^eventTime[.]column$/, "taskConfig.eventTimeColumn.columnName"],
  [/^eventTime[.]format$/, "taskConfig.eventTimeColumn.timeFormat"],
  [/^eventTime/, "taskConfig.eventTimeColumn"],
  [/^schema[.]columns(\[\d+\])[.]source$/, "taskConfig.schema$1.columnName"],
  [/^schema[.]columns(\[\d+\])[.]name$/, "taskConfig.schema$1.ossColumnName"],
  [/^schema[.]columns(\[\d+\])[.]type$/, "taskConfig.schema$1.type"],
  [/^schema[.]columns(\[\d+\])[.]encoding$/, "taskConfig.schema$1.encode"],
  [/^schema([.]columns)?/, "taskConfig.schema"],
];

export const taskTypeOf = (mode: SyncMode): TaskType => taskTypes[mode];

/** Never without a configuration: one SDK reads it without looking whether it is there. */
export function writeTaskDescription(
  task: TaskView,
  destination: DestinationView,
): MessageInit<"DescribeDeliveryTaskResponse"> {
  return {
    taskType: taskTypes[task.mode],
    taskConfig: writeConfig(task, destination),
    taskSyncStat: writeStat(task),
  };
}

/**
 * Culvert assumes no role: it writes with the destination's own access key, so a role that was given
 * at creation is not kept, and the answer names the destination in its stead. It cannot be left
 * empty, nor any other text: one SDK then refuses the whole answer.
 */
function writeConfig(task: TaskView, destination: DestinationView): MessageInit<"OSSTaskConfig"> {
  const { eventTime, schema, currentSchema } = task;
  const columns = schema.kind === "manual" ? schema.columns : currentSchema.columns;
  return {
    ossPrefix: task.prefix,
    ossBucket: task.bucket,
    ossEndpoint: endpointOf(destination),
    ossStsRole: `acs:ram::culvert:role/${destination.id}`,
    ...(task.dirtyPrefix === null ? {} : { ossDirtyPrefix: task.dirtyPrefix }),
    ...(eventTime === null
      ? {}
      : { eventTimeColumn: { columnName: eventTime.column, timeFormat: eventTime.format } }),
    format: "Parquet",
    schema: columns.map(({ source, name, type, encoding }) => ({
      columnName: source,
      ossColumnName: name,
      type: wireTypes[type],
      encode: encoding ?? "PLAIN",
      ...(type === "BINARY" ? { typeExtend: "BINARY" } : {}),
    })),
  };
}

/** As the destination has it; without one it is the provider's own for the region. */
export function endpointOf({ endpoint, region }: DestinationView): string {
  return endpoint ?? `s3.${region}.amazonaws.com`;
}

const phases: Readonly<Record<TaskView["progress"]["stage"], EnumValue<"TaskSyncPhase">>> = {
  initialising: "INIT",
  full: "FULL",
  incremental: "INCR",
  // Clients take a full task in this phase for finished.
  completed: "INCR",
};
const nsPerMs = 1_000_000n;

function writeStat(task: TaskView): MessageInit<"TaskSyncStat"> {
  const { stage, deliveredThrough } = task.progress;
  const through = deliveredThrough === null ? 0n : BigInt(Date.parse(deliveredThrough)) * nsPerMs;
  const [error] = task.errors;
  const errorCode = task.errors.map(({ documentedName }) => errorOf(documentedName)).find(Boolean);
  return {
    taskSyncPhase: phases[stage],
    currentSyncTimestamp: through,
    // Left out when all is well: one SDK has no name for that.
    ...(errorCode ? { errorCode } : {}),
    detail: error
      ? `${error.title}. ${error.cause} ${error.nextStep}`
      : `${task.status.label}. ${task.status.detail}`,
  };
}

function errorOf(documentedName: string | null): EnumValue<"DeliveryErrorType"> | undefined {
  if (documentedName === "UnAuthorized") return "UNAUTHORIZED";
  return documentedName === "InvalidOssBucket" ? "INVALID_OSS_BUCKET" : undefined;
}
