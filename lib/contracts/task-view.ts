import { z } from "zod";
import { errorViewSchema } from "./error-view";
import { pageOf, pageQueryShape } from "./paging";
import {
  compressionSchema,
  dirtyPrefixSchema,
  eventTimeSchema,
  mappedColumnSchema,
  metadataColumnSchema,
  objectSuffixSchema,
  schemaChoiceSchema,
  syncModeSchema,
} from "./task-settings";

const count = z.int().min(0);
const instant = z.iso.datetime().nullable();

/** The words people read, as programs write them. */
export const taskStatusKindSchema = z.enum([
  "initialising",
  "full",
  "incremental",
  "completed",
  "pausing",
  "paused",
  "late",
  "retrying",
  "action_required",
  "expiring",
  "expired",
  "deleting",
]);

/** Consumed records = rows + deletesIgnored + dirtyRecords, exactly, at all times. */
export const accountSchema = z.object({
  records: count,
  rows: count,
  deletesIgnored: count,
  dirtyRecords: count,
  /** Values dropped from rows that were delivered without them. */
  dirtyValues: count,
  unmappedValues: count,
  objects: count,
  bytes: count,
});

export const schemaVersionViewSchema = z.object({
  version: z.int().min(1),
  kind: z.enum(["auto", "manual"]),
  columns: z.array(mappedColumnSchema),
  metadataColumns: z.array(metadataColumnSchema),
});
export type SchemaVersionView = z.infer<typeof schemaVersionViewSchema>;

export const desiredStateSchema = z.enum(["running", "paused", "deleted"]);

const statusSchema = z.object({
  kind: taskStatusKindSchema,
  /** As people read it: `Full 62 %`, `Action required`. */
  label: z.string(),
  tone: z.enum(["neutral", "good", "warn", "bad", "busy"]),
  /** One sentence on why, and on what comes next. */
  detail: z.string(),
});

const progressSchema = z.object({
  stage: z.enum(["initialising", "full", "incremental", "completed"]),
  /** Share of the full phase's channels that are delivered; null before it began or without one. */
  fullPercent: z.number().min(0).max(100).nullable(),
  /** Every change written before this instant stands in the bucket. */
  deliveredThrough: instant,
  /** Age of the oldest change that may be undelivered. */
  lagSeconds: z.number().min(0).nullable(),
  channels: count,
  channelsFinished: count,
});

const taskShape = {
  name: z.string(),
  sourceId: z.string(),
  table: z.string(),
  destinationId: z.string(),
  bucket: z.string(),
  prefix: z.string(),
  mode: syncModeSchema,
  desiredState: desiredStateSchema,
  status: statusSchema,
  progress: progressSchema,
  account: accountSchema,
  lastDeliveredAt: instant,
  /** What stands in the way now: the task's own trouble first, then its channels', oldest first. */
  errors: z.array(errorViewSchema),
  createdAt: z.iso.datetime(),
};

/** One line of the task list. */
export const taskSummarySchema = z.object(taskShape).meta({ id: "TaskSummary" });
export type TaskSummary = z.infer<typeof taskSummarySchema>;

export const taskViewSchema = z
  .object({
    ...taskShape,
    timeZone: z.string(),
    eventTime: eventTimeSchema.nullable(),
    schema: schemaChoiceSchema,
    /** The newest version in use; a change of the mapping starts the next one at a batch border. */
    currentSchema: schemaVersionViewSchema,
    schemaVersions: count,
    flush: z.object({ seconds: z.number(), bytes: z.int() }),
    dirtyPrefix: dirtyPrefixSchema,
    compression: compressionSchema,
    objectSuffix: objectSuffixSchema,
    metadataColumns: z.array(metadataColumnSchema),
    thresholds: z.object({ lateAfterSeconds: z.int() }),
  })
  .meta({ id: "Task" });
export type TaskView = z.infer<typeof taskViewSchema>;

export const taskListQuerySchema = z.strictObject({
  ...pageQueryShape,
  /** Part of a task's name or of its table's. */
  search: z.string().min(1).max(255).optional(),
  sourceId: z.string().min(1).max(64).optional(),
  destinationId: z.string().min(1).max(64).optional(),
  table: z.string().min(1).max(255).optional(),
  desiredState: desiredStateSchema.optional(),
  /** Only tasks with (true) or without (false) something standing in the way. */
  withError: z.stringbool({ truthy: ["true"], falsy: ["false"] }).optional(),
});
export type TaskListQuery = z.infer<typeof taskListQuerySchema>;
export const taskPageSchema = pageOf(taskSummarySchema);
export type TaskPage = z.infer<typeof taskPageSchema>;
