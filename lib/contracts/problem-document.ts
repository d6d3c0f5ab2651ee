import { z } from "zod";

export const problemContentType = "application/problem+json";

export const fieldProblemSchema = z.object({
  field: z.string().meta({ description: "Path of the field, as in `flush.seconds`." }),
  message: z.string(),
  at: z
    .int()
    .min(0)
    .optional()
    .meta({ description: "Position in the field's text, UTF-16 units." }),
  line: z.int().min(1).optional().meta({
    description: "Of rows in a file, counted from 1; the field is then a column.",
  }),
});

/** RFC 9457 with what people need: blocker, cause, next step. Never holds a secret or a row's data. */
export const problemDocumentSchema = z
  .object({
    type: z.string(),
    status: z.int(),
    code: z.string().meta({ description: "Stable, dotted; what programs decide by." }),
    title: z.string(),
    detail: z.string(),
    cause: z.string(),
    nextStep: z.string(),
    documentedName: z
      .string()
      .nullable()
      .meta({ description: "The name Tablestore documents for this failure, where it has one." }),
    errors: z.array(fieldProblemSchema),
  })
  .meta({ id: "Problem" });
export type ProblemDocument = z.infer<typeof problemDocumentSchema>;
