import { z } from "zod";
import { pageOf, pageQueryShape } from "./paging";

const count = z.int().min(0);

/** One object of rows: what was decided, who wrote it, and whether readers see it. */
export const datasetObjectViewSchema = z
  .object({
    objectId: z.string(),
    key: z.string(),
    partition: z.string().meta({ description: "The folder." }),
    rows: count,
    bytes: count,
    crc32: z.string(),
    writer: z.enum(["task", "upload", "stream", "merge"]),
    decidedAt: z.iso.datetime(),
    publishedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "DatasetObject" });
export type DatasetObjectView = z.infer<typeof datasetObjectViewSchema>;
export const datasetObjectListQuerySchema = z.strictObject({ ...pageQueryShape });
export const datasetObjectPageSchema = pageOf(datasetObjectViewSchema);

export const partitionViewSchema = z
  .object({
    folder: z.string(),
    spec: z.string().meta({ description: "As sessions name it; of a task, the folder." }),
    objects: count,
    rows: count,
    bytes: count,
    lastDecidedAt: z.iso.datetime(),
  })
  .meta({ id: "DatasetPartition" });
export type PartitionView = z.infer<typeof partitionViewSchema>;
export const partitionListQuerySchema = z.strictObject({ ...pageQueryShape });
export const partitionPageSchema = pageOf(partitionViewSchema);
