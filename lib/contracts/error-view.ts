import { z } from "zod";

export const faultSchema = z.enum(["user", "transient", "internal"]);

/** A failure as people read it: blocker, cause, next step. */
export const failureViewSchema = z.object({
  code: z.string(),
  documentedName: z.string().nullable(),
  fault: faultSchema,
  title: z.string(),
  cause: z.string(),
  nextStep: z.string(),
});
export type FailureView = z.infer<typeof failureViewSchema>;

/** A failure that stands, with when it began and when it is tried again. */
export const errorViewSchema = failureViewSchema.extend({
  attempt: z.int().min(0),
  since: z.iso.datetime(),
  nextTryAt: z.iso.datetime().nullable(),
  /** How many channels it holds up; 0 when it holds up the task as a whole. */
  channels: z.int().min(0),
});
export type ErrorView = z.infer<typeof errorViewSchema>;
