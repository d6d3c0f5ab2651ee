import { z } from "zod";
import { datasetMergeSchema } from "./merge-body";
import { pageOf, pageQueryShape } from "./paging";
import {
  compressionSchema,
  mappedColumnsMax,
  parquetTypeSchema,
  prefixCharactersMax,
  taskDefaults,
} from "./task-settings";

const count = z.int().min(0);
const columnName = z.string().min(1).max(255);

export const datasetColumnSchema = z.strictObject({ name: columnName, type: parquetTypeSchema });
const columnsSchema = z.array(datasetColumnSchema).min(1).max(mappedColumnsMax);

/** By shape; what names and folders may be is checked by the create-dataset service on top of this. */
export const datasetBodyShape = {
  name: z.string().min(1).max(64),
  /** A view is refused: it has no objects that could be written or read. */
  kind: z.enum(["table", "view"]).default("table"),
  destinationId: z.string().min(1).max(64),
  folder: z.string().min(1).max(prefixCharactersMax),
  columns: columnsSchema,
  /** Text columns that are folders `name=value` and not in the objects, coarsest first. */
  partitionColumns: z.array(columnName).max(16).default([]),
  compression: compressionSchema.default(taskDefaults.compression),
} as const;
export const datasetBodySchema = z.strictObject(datasetBodyShape).meta({ id: "DatasetBody" });
export type ParsedDatasetBody = z.output<typeof datasetBodySchema>;

/** All columns as they are to be: those that are there, and new ones after them. */
export const datasetPatchSchema = z
  .strictObject({ columns: columnsSchema })
  .meta({ id: "DatasetPatch" });

export const datasetViewSchema = z
  .object({
    name: z.string(),
    origin: z.enum(["dataset", "task"]).meta({
      description: "task: what a task delivers; only the task writes it.",
    }),
    destinationId: z.string(),
    bucket: z.string(),
    folder: z.string().meta({ description: "Of a task: its prefix, with time variables." }),
    partitionColumns: z.array(z.string()),
    columns: z.array(z.object({ name: z.string(), type: parquetTypeSchema })),
    schemaVersion: z.int().min(1),
    compression: compressionSchema,
    objects: count.meta({ description: "Decided and not replaced; exact." }),
    rows: count,
    bytes: count,
    merge: datasetMergeSchema.nullable().meta({
      description: "null while nobody has said how it is merged.",
    }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "Dataset" });
export type DatasetView = z.infer<typeof datasetViewSchema>;

export const datasetListQuerySchema = z.strictObject({
  ...pageQueryShape,
  search: z.string().max(64).optional(),
});
export type DatasetListQuery = z.infer<typeof datasetListQuerySchema>;
export const datasetPageSchema = pageOf(datasetViewSchema);
