import { z } from "zod";
import { mergeBounds, mergeDefaults } from "@/lib/core/merge-settings";
import { failureViewSchema } from "./error-view";
import { pageOf, pageQueryShape } from "./paging";
import { prefixCharactersMax } from "./task-settings";

const count = z.int().min(0);
const instant = z.iso.datetime().nullable();
const columnName = z.string().min(1).max(255);

const mergeOrderSchema = z
  .strictObject({
    kind: z.enum(["none", "sorted", "zordered"]),
    columns: z.array(columnName).max(64).default([]),
  })
  .meta({ description: "sorted: by one to four columns; zordered: by two to four." });

/** By shape; columns and folders are checked by the merge-settings service on top of this. */
export const mergeSettingsShape = {
  isEnabled: z.boolean().default(true),
  folder: z.string().min(1).max(prefixCharactersMax).optional().meta({
    description: "Left out: the dataset's folder with _merged behind it. Holds nothing else.",
  }),
  order: mergeOrderSchema.default({ kind: "none", columns: [] }),
  smallBytes: z
    .int()
    .min(mergeBounds.smallBytesMin)
    .max(mergeBounds.targetBytesMax)
    .default(mergeDefaults.smallBytes)
    .meta({ description: "An object below this is small." }),
  objectsMin: z
    .int()
    .min(mergeBounds.objectsMin)
    .max(mergeBounds.objectsMax)
    .default(mergeDefaults.objectsMin)
    .meta({
      description: "So many small objects of a partition are merged; a larger one at once.",
    }),
  targetBytes: z
    .int()
    .min(mergeBounds.targetBytesMin)
    .max(mergeBounds.targetBytesMax)
    .default(mergeDefaults.targetBytes)
    .meta({ description: "One merged object is made of about so much." }),
  rowGroupRows: z
    .int()
    .min(mergeBounds.rowGroupRowsMin)
    .max(mergeBounds.rowGroupRowsMax)
    .nullable()
    .default(null)
    .meta({
      description: "null: 100,000, and 10,000 for z-order, which prunes only by small ones.",
    }),
  originals: z.enum(["keep", "remove"]).default("keep").meta({
    description: "remove: once the merged copy has been visible for the grace time.",
  }),
  graceSeconds: z.int().min(0).max(mergeBounds.graceSecondsMax).default(mergeDefaults.graceSeconds),
} as const;
export const mergeSettingsBodySchema = z
  .strictObject(mergeSettingsShape)
  .meta({ id: "MergeSettingsBody" });
export type ParsedMergeSettings = z.output<typeof mergeSettingsBodySchema>;

const amountsSchema = z.object({ objects: count, rows: count, bytes: count });

/** A dataset's settings of merging, and what came of it so far. */
export const datasetMergeSchema = z
  .object({
    isEnabled: z.boolean(),
    folder: z.string(),
    order: z.object({
      kind: z.enum(["none", "sorted", "zordered"]),
      columns: z.array(z.string()),
    }),
    smallBytes: count,
    objectsMin: count,
    targetBytes: count,
    rowGroupRows: count.nullable(),
    originals: z.enum(["keep", "remove"]),
    graceSeconds: count,
    merged: amountsSchema.meta({ description: "Merged copies that nothing has overwritten." }),
    doubledBytes: count.meta({
      description: "What those originals take that stand beside their merged copy.",
    }),
  })
  .meta({ id: "DatasetMerge" });
export type DatasetMergeView = z.infer<typeof datasetMergeSchema>;

const planSchema = z.object({
  objects: count,
  rows: count,
  bytes: count,
  outputObjects: count.meta({ description: "About." }),
});

/** What settings would do now; `partitions` are those with something to merge, the first 200. */
export const mergePreviewSchema = z
  .object({
    total: planSchema,
    partitions: z.array(planSchema.extend({ folder: z.string(), spec: z.string() })),
    partitionCount: count.meta({ description: "Partitions with something to merge; exact." }),
    waiting: z.object({ objects: count, partitions: count }).meta({
      description:
        "Objects that are not merged yet and would not be now: too few of their partition.",
    }),
    extraBytes: count.meta({ description: "About what both copies take together, beyond one." }),
    extraSeconds: count.nullable().meta({ description: "For how long; null: for good." }),
  })
  .meta({ id: "MergePreview" });
export type MergePreviewView = z.infer<typeof mergePreviewSchema>;

export const mergeStateSchema = z
  .enum(["waiting", "running", "publishing", "published", "overwritten", "outdated", "nothing"])
  .meta({
    description:
      "waiting: for a worker, for quieter times, or for its next try, then with an error. outdated: the objects were overwritten before the merge was decided; nothing became visible. nothing: there was nothing to merge. overwritten: an overwrite took the copy away.",
  });
export type MergeState = z.infer<typeof mergeStateSchema>;

/** One merge: objects of one partition that become one. */
export const mergeViewSchema = z
  .object({
    id: z.uuid(),
    partition: z.string().meta({ description: "The folder of the originals." }),
    spec: z.string(),
    state: mergeStateSchema,
    isAsked: z.boolean().meta({ description: "By a person, and not because there were enough." }),
    inputs: amountsSchema.nullable().meta({ description: "null until it has begun." }),
    outputs: amountsSchema.nullable().meta({ description: "null until it is decided." }),
    order: z
      .object({
        kind: z.enum(["none", "sorted", "zordered"]),
        columns: z.array(z.string()),
      })
      .nullable(),
    requestedAt: z.iso.datetime(),
    startedAt: instant,
    publishedAt: instant,
    removeAfter: instant.meta({
      description: "From when on the originals go; null when they stay, or before it is published.",
    }),
    originalsRemovedAt: instant,
    attempt: count,
    nextTryAt: instant,
    error: failureViewSchema.nullable(),
  })
  .meta({ id: "Merge" });
export type MergeView = z.infer<typeof mergeViewSchema>;

export const mergeListQuerySchema = z.strictObject({ ...pageQueryShape });
export const mergePageSchema = pageOf(mergeViewSchema);

export const mergeRequestSchema = z
  .strictObject({
    partition: z.string().max(2_000).optional().meta({
      description: "As ds=20260101; left out: every partition with something to merge.",
    }),
  })
  .meta({ id: "MergeRequest" });

/** What was asked for, a merge a partition; those that had one under way keep it. */
export const mergesAskedSchema = z
  .object({
    merges: z.array(mergeViewSchema),
    left: count.meta({ description: "Partitions beyond these; ask again for them." }),
  })
  .meta({ id: "MergesAsked" });
export type MergesAskedView = z.infer<typeof mergesAskedSchema>;
