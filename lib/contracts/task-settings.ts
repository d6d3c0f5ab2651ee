import { z } from "zod";
import {
  flushBytesMax,
  flushBytesMin,
  flushDefaults,
  flushSecondsMax,
  flushSecondsMin,
  type TaskSettings,
} from "@/lib/core/task";

/** The parts of a task's settings as JSON: what bodies, responses and the database's JSON agree on. */
export const syncModeSchema = z.enum(["full", "incremental", "differential"]);
export const compressionSchema = z.enum(["uncompressed", "snappy", "zstd"]);
export const objectSuffixSchema = z.enum(["", ".parquet"]);
export const eventTimeFormatSchema = z.enum(["RFC822", "RFC850", "RFC1123", "RFC3339", "Unix"]);
export const parquetTypeSchema = z.enum(["BOOLEAN", "INT64", "DOUBLE", "UTF8", "BINARY"]);
export const encodingSchema = z.enum([
  "PLAIN",
  "PLAIN_DICTIONARY",
  "DELTA_BINARY_PACKED",
  "DELTA_LENGTH_BYTE_ARRAY",
  "DELTA_BYTE_ARRAY",
]);
export const metadataColumnSchema = z.enum(["_action", "_written_at", "_sequence"]);

/** A table row may hold 1,024 columns; a mapping may name as many again for rows that differ. */
export const mappedColumnsMax = 2048;
const columnName = z.string().min(1).max(255);
export const prefixCharactersMax = 900;

export const mappedColumnSchema = z.strictObject({
  source: columnName,
  name: columnName,
  type: parquetTypeSchema,
  encoding: encodingSchema.default("PLAIN"),
});

export const eventTimeSchema = z.strictObject({
  column: columnName,
  format: eventTimeFormatSchema,
});

export const schemaChoiceSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("auto") }),
  z.strictObject({
    kind: z.literal("manual"),
    columns: z.array(mappedColumnSchema).min(1).max(mappedColumnsMax),
  }),
]);

const flushSeconds = z.number().min(flushSecondsMin).max(flushSecondsMax);
const flushBytes = z.number().int().min(flushBytesMin).max(flushBytesMax);

export const flushSchema = z.strictObject({
  seconds: flushSeconds.default(flushDefaults.seconds),
  bytes: flushBytes.default(flushDefaults.bytes),
});
/** In a change, what is not named stays. */
export const flushChangeSchema = z.strictObject({
  seconds: flushSeconds.optional(),
  bytes: flushBytes.optional(),
});

export const metadataColumnsSchema = z
  .array(metadataColumnSchema)
  .max(metadataColumnSchema.options.length)
  .refine((names) => new Set(names).size === names.length, "must name each column once");

/** null switches dirty objects off; their values are still counted. */
export const dirtyPrefixSchema = z.string().min(1).max(prefixCharactersMax).nullable();

/**
 * What an absent field means. No document of the modelled service names a codec, so a task that
 * says nothing gets none: PLAIN pages exactly as documented, which every reader takes.
 */
export const taskDefaults = {
  timeZone: "UTC",
  flush: flushDefaults,
  compression: "uncompressed",
  objectSuffix: "",
} as const satisfies Partial<TaskSettings>;
