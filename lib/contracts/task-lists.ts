import { z } from "zod";
import { errorViewSchema } from "./error-view";
import { pageOf, pageQueryShape } from "./paging";

const count = z.int().min(0);
const instant = z.iso.datetime().nullable();

/** One object of the ledger: what was decided, and whether readers see it yet. */
export const objectViewSchema = z
  .object({
    objectId: z.string(),
    kind: z.enum(["rows", "dirty"]),
    bucket: z.string(),
    key: z.string(),
    partition: z.string(),
    lane: count,
    batchNumber: z.int().min(1),
    sequence: z.int().min(1),
    rows: count,
    bytes: count,
    crc32: z.string(),
    decidedAt: z.iso.datetime(),
    /** null: decided, and about to become visible. */
    publishedAt: instant,
  })
  .meta({ id: "DeliveredObject" });
export type ObjectView = z.infer<typeof objectViewSchema>;

export const objectListQuerySchema = z.strictObject({
  ...pageQueryShape,
  kind: z.enum(["rows", "dirty"]).optional(),
});
export type ObjectListQuery = z.infer<typeof objectListQuerySchema>;
export const objectPageSchema = pageOf(objectViewSchema);

export const dirtyViewSchema = z
  .object({
    id: z.string(),
    column: z.string().nullable().meta({ description: "null: the whole record was unreadable." }),
    reason: z.enum([
      "type_mismatch",
      "invalid_utf8",
      "event_time_missing",
      "event_time_unreadable",
      "record_corrupt",
    ]),
    expected: z.string().nullable(),
    actual: z.string().nullable(),
    value: z.string().nullable().meta({ description: "Cut to 256 characters." }),
    key: z.string().nullable().meta({ description: "The record's primary key as JSON." }),
    position: z.string().nullable().meta({ description: "Where in its channel the record is." }),
    lane: count,
    channelId: z.string(),
    batchNumber: z.int().min(1),
    decidedAt: z.iso.datetime(),
  })
  .meta({ id: "DirtySample" });
export type DirtyView = z.infer<typeof dirtyViewSchema>;

export const dirtyListQuerySchema = z.strictObject({ ...pageQueryShape });

/**
 * A page of kept samples. `total` counts the samples; the exact counts of all dirty values and
 * records stand beside it, because samples are bounded and counts are not.
 */
export const dirtyPageSchema = pageOf(dirtyViewSchema).extend({
  dirtyValuesTotal: count,
  dirtyRecordsTotal: count,
  /** Whether more were seen than samples are kept. */
  samplesAreBounded: z.boolean(),
});
export type DirtyPage = z.infer<typeof dirtyPageSchema>;

const gapsShownMax = 10;

export const channelViewSchema = z
  .object({
    channelId: z.string(),
    kind: z.enum(["base", "stream"]),
    lane: count,
    state: z.enum(["waiting", "delivering", "finished"]),
    /** The worker that holds it, or held it last. */
    workerId: z.string().nullable(),
    epoch: count,
    /** Last decided batch, and last one that the source knows of; 0 before the first. */
    batchNumber: count,
    ackedBatchNumber: count,
    records: count,
    rows: count,
    deletesIgnored: count,
    dirtyRecords: count,
    dirtyValues: count,
    unmappedValues: count,
    objects: count,
    bytes: count,
    deliveredThrough: instant,
    lastDeliveredAt: instant,
    /** Its newest ranges that the source had trimmed before they were read, and that were skipped when asked. */
    gaps: z
      .array(
        z.object({
          batchNumber: count,
          /** When the last record before the gap was written; null when there was none. */
          after: instant,
          skippedAt: z.iso.datetime(),
        }),
      )
      .max(gapsShownMax),
    error: errorViewSchema.nullable(),
  })
  .meta({ id: "Channel" });
export type ChannelView = z.infer<typeof channelViewSchema>;
export const channelListQuerySchema = z.strictObject({ ...pageQueryShape });
export const channelPageSchema = pageOf(channelViewSchema);
