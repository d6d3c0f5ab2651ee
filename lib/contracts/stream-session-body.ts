import { z } from "zod";
import { flushBounds } from "@/lib/core/stream-session";
import { slotLimits } from "@/lib/core/stream-slots";
import { datasetColumnSchema } from "./dataset-body";
import { pageOf, pageQueryShape } from "./paging";

const count = z.int().min(0);
const { bytesMin, bytesMax, bytesDefault } = flushBounds;
const { millisecondsMin, millisecondsMax, millisecondsDefault } = flushBounds;

export const streamSessionBodySchema = z
  .strictObject({
    slots: z.int().min(0).max(slotLimits.granted).default(0).meta({
      description: "Flushes that may be sent at the same time. 0: as many as is usual and left.",
    }),
    schemaVersion: z.int().min(1).optional().meta({
      description: "The version that the rows are of. Left out: the dataset's newest.",
    }),
    flush: z
      .strictObject({
        bytes: z.int().min(bytesMin).max(bytesMax).default(bytesDefault),
        milliseconds: z
          .int()
          .min(millisecondsMin)
          .max(millisecondsMax)
          .default(millisecondsDefault),
      })
      .prefault({})
      .meta({
        description: "Packs that come within this time, or up to this size, become one object.",
      }),
  })
  .meta({ id: "StreamSessionBody" });

/** What a session may take on: the dataset's newest schema version. */
export const streamSessionPatchSchema = z
  .strictObject({ schemaVersion: z.int().min(1) })
  .meta({ id: "StreamSessionPatch" });

export const streamSessionViewSchema = z
  .object({
    id: z.string(),
    dataset: z.string(),
    status: z.enum(["normal", "ended", "expired"]),
    slots: z.int().min(1),
    schemaVersion: z.int().min(1).meta({
      description: "Flushes answer 412 while the dataset has another.",
    }),
    columns: z.array(datasetColumnSchema),
    flush: z.object({ bytes: count, milliseconds: count }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().meta({
      description: "24 hours after its creation, or an hour after its last flush.",
    }),
    lastFlushAt: z.iso.datetime().nullable(),
    flushes: count.meta({ description: "Decided; exact, as the rows and bytes are." }),
    rows: count,
    bytes: count.meta({ description: "Of the packs as they came." }),
    partitions: count.meta({ description: "That it has written." }),
  })
  .meta({ id: "StreamSession" });
export type StreamSessionView = z.infer<typeof streamSessionViewSchema>;
export const streamSessionListQuerySchema = z.strictObject({ ...pageQueryShape });
export const streamSessionPageSchema = pageOf(streamSessionViewSchema);

export const streamFlushQuerySchema = z.strictObject({
  partition: z.string().max(1024).default("").meta({
    description: "As `ds=2026-01-01,region=eu`: a value for each partition column.",
  }),
});

export const streamFlushViewSchema = z
  .object({
    flushId: z.string(),
    partition: z.string(),
    rows: count,
    bytes: count.meta({ description: "Of the pack as it came." }),
    objectId: z.string().nullable().meta({
      description: "The object that the rows went into, with other packs'; null without rows.",
    }),
    key: z.string().nullable(),
    decidedAt: z.iso.datetime(),
    visibleAt: z.iso.datetime(),
  })
  .meta({ id: "StreamFlush" });
export type StreamFlushView = z.infer<typeof streamFlushViewSchema>;
