import { z } from "zod";

export const faultSchema = z.enum(["user", "transient", "internal"]);

/** A failure as people read it, with when it began and when it is tried again. */
export const errorViewSchema = z.object({
  code: z.string(),
  documentedName: z.string().nullable(),
  fault: faultSchema,
  title: z.string(),
  cause: z.string(),
  nextStep: z.string(),
  attempt: z.int().min(0),
  since: z.iso.datetime().nullable(),
  nextTryAt: z.iso.datetime().nullable(),
  /** The channel it happened on; null when the whole task is held up. */
  channelId: z.string().nullable(),
});
export type ErrorView = z.infer<typeof errorViewSchema>;
