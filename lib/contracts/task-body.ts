import { z } from "zod";
import { defaultDirtyPrefix } from "@/lib/core/dirty-prefix";
import type { TaskSettings } from "@/lib/core/task";
import {
  compressionSchema,
  dirtyPrefixSchema,
  eventTimeSchema,
  flushChangeSchema,
  flushSchema,
  metadataColumnsSchema,
  objectSuffixSchema,
  prefixCharactersMax,
  schemaChoiceSchema,
  syncModeSchema,
  taskDefaults,
} from "./task-settings";

/** When people are told that a task is behind: a matter of the console, not of the delivery. */
export const lateAfterSecondsDefault = 600;
export const thresholdsSchema = z.strictObject({
  /** Late: the oldest undelivered record is older than this. The documented P99 is 10 minutes. */
  lateAfterSeconds: z.int().min(30).max(86_400).default(lateAfterSecondsDefault),
});

const text = (charactersMax: number) => z.string().min(1).max(charactersMax);

/**
 * Body of `POST /api/v1/tasks`, by shape. What the words mean (the name's rule, the template's
 * variables, whether the bucket exists) is checked by the create-task service on top of this.
 */
export const taskBodyShape = {
  name: text(64),
  sourceId: text(64),
  table: text(255),
  destinationId: text(64),
  prefix: text(prefixCharactersMax),
  mode: syncModeSchema,
  timeZone: text(64).default(taskDefaults.timeZone),
  eventTime: eventTimeSchema.nullish().transform((value) => value ?? null),
  schema: schemaChoiceSchema,
  flush: flushSchema.default({ ...taskDefaults.flush }),
  /** Absent: `_dirty/<task>/`. null: no dirty objects. */
  dirtyPrefix: dirtyPrefixSchema.optional(),
  compression: compressionSchema.default(taskDefaults.compression),
  objectSuffix: objectSuffixSchema.default(taskDefaults.objectSuffix),
  metadataColumns: metadataColumnsSchema.default([]),
  thresholds: thresholdsSchema.default({ lateAfterSeconds: lateAfterSecondsDefault }),
} as const;

export const taskBodySchema = z.strictObject(taskBodyShape).meta({ id: "TaskBody" });
/** As a client writes it, with everything that has a default left out at will. */
export type TaskBody = z.input<typeof taskBodySchema>;
export type ParsedTaskBody = z.output<typeof taskBodySchema>;

/** The settings that a body asks for, with the defaults filled in. */
export function settingsOf(body: ParsedTaskBody): TaskSettings {
  const { thresholds: _, dirtyPrefix, ...settings } = body;
  return {
    ...settings,
    dirtyPrefix: dirtyPrefix === undefined ? defaultDirtyPrefix(body.name) : dirtyPrefix,
  };
}

/**
 * Body of `PATCH /api/v1/tasks/{name}`. Name, source, table, destination, prefix, mode and zone are
 * what the delivered objects' names and order rest on, so they never change.
 */
export const taskPatchShape = {
  schema: schemaChoiceSchema.optional(),
  flush: flushChangeSchema.optional(),
  dirtyPrefix: dirtyPrefixSchema.optional(),
  compression: compressionSchema.optional(),
  metadataColumns: metadataColumnsSchema.optional(),
  thresholds: thresholdsSchema.optional(),
} as const;
export const taskPatchSchema = z.strictObject(taskPatchShape).meta({ id: "TaskPatch" });
export type TaskPatch = z.input<typeof taskPatchSchema>;
export type ParsedTaskPatch = z.output<typeof taskPatchSchema>;
