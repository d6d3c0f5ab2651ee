import { z } from "zod";
import { taskBodyShape } from "./task-body";
import { schemaVersionViewSchema } from "./task-view";

/** A task body that may still lack what a preview can do without. What it names has to be right. */
export const previewBodyShape = {
  ...taskBodyShape,
  name: taskBodyShape.name.optional(),
  destinationId: taskBodyShape.destinationId.optional(),
  prefix: taskBodyShape.prefix.optional(),
  mode: taskBodyShape.mode.default("differential"),
  schema: taskBodyShape.schema.default({ kind: "auto" }),
} as const;
export const previewBodySchema = z.strictObject(previewBodyShape).meta({ id: "PreviewBody" });
export type PreviewBody = z.input<typeof previewBodySchema>;

const cell = z.union([z.string(), z.number(), z.boolean()]).nullable();

export const previewSchema = z
  .object({
    /** Where a row written now would go, or the first sampled one by its event time; null without name and prefix. */
    exampleObjectKey: z.string().nullable(),
    schema: schemaVersionViewSchema,
    /** Rows as they would be delivered, values in the order of `schema.columns`; int64 as text. */
    rows: z.array(z.array(cell)),
    sampledRows: z.int().min(0),
    dirtyValues: z.array(
      z.object({
        row: z
          .int()
          .min(0)
          .meta({ description: "Which sampled row, from 0; `rows` shows the first." }),
        column: z.string(),
        reason: z.string(),
        expected: z.string().nullable(),
        actual: z.string().nullable(),
        value: z.string().nullable(),
      }),
    ),
    warnings: z.array(z.object({ field: z.string(), message: z.string() })),
  })
  .meta({ id: "Preview" });
export type PreviewView = z.infer<typeof previewSchema>;
