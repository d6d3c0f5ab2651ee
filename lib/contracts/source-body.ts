import { z } from "zod";
import { failureViewSchema } from "./error-view";
import { pageOf, pageQueryShape } from "./paging";

/** Ids stand in addresses and settings, so they are plain. Left out, one is made from the name. */
export const resourceIdSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    "must be 1 to 63 lowercase letters, digits and hyphens, beginning with a letter or digit",
  );
export const resourceNameSchema = z.string().trim().min(1).max(100);
export const endpointSchema = z
  .url({ protocol: /^https?$/, error: "must be an http:// or https:// address" })
  .max(2048)
  .refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    return url === null || (url.username === "" && url.password === "");
  }, "must not hold a user name or password");

const accessKeyId = z.string().min(1).max(256);
const secretText = z.string().min(1).max(512);

export const sourceBodySchema = z
  .strictObject({
    id: resourceIdSchema.optional(),
    /** Left out, the id or else the instance. */
    name: resourceNameSchema.optional(),
    kind: z.literal("tablestore").default("tablestore"),
    endpoint: endpointSchema,
    instance: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "must be the name of an instance"),
    accessKeyId,
    /** Write-only: no response and no log ever holds it. */
    accessKeySecret: secretText,
  })
  .meta({ id: "SourceBody" });
export type ParsedSourceBody = z.output<typeof sourceBodySchema>;

/** The instance is not here: another instance is another source, with other tables. */
export const sourcePatchSchema = z
  .strictObject({
    name: resourceNameSchema.optional(),
    endpoint: endpointSchema.optional(),
    accessKeyId: accessKeyId.optional(),
    accessKeySecret: secretText.optional(),
  })
  .meta({ id: "SourcePatch" });

export const sourceViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.literal("tablestore"),
    endpoint: z.string(),
    instance: z.string(),
    accessKeyId: z.string(),
    tasks: z.int().min(0),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "Source" });
export type SourceView = z.infer<typeof sourceViewSchema>;
export const sourceListQuerySchema = z.strictObject({ ...pageQueryShape });
export const sourcePageSchema = pageOf(sourceViewSchema);

export const tableListQuerySchema = z.strictObject({
  ...pageQueryShape,
  search: z.string().min(1).max(255).optional(),
});
export const tablePageSchema = pageOf(z.object({ name: z.string() }));

const tableColumn = z.object({
  name: z.string(),
  type: z.enum(["boolean", "integer", "double", "string", "binary"]),
});
export const tableViewSchema = z
  .object({
    name: z.string(),
    primaryKey: z.array(tableColumn),
    definedColumns: z.array(tableColumn),
    /** Columns that rows were seen to hold beside the defined ones, in the order they were seen. */
    seenColumns: z.array(tableColumn),
    sampledRows: z.int().min(0),
    /** null: the stream is off; a task switches it on where its mode needs it. */
    streamExpirationHours: z.int().nullable(),
    /** The column of the key that the source numbers, where the table has one. */
    autoIncrementColumn: z.string().nullable(),
    /** -1: cells are kept forever. */
    timeToLiveSeconds: z.int(),
    versionsMax: z.int(),
    createdAt: z.iso.datetime().nullable(),
    /** The tasks that read it. */
    tasks: z.array(z.string()),
  })
  .meta({ id: "Table" });
export type TableView = z.infer<typeof tableViewSchema>;

/** What a look at a source or destination found, step by step, the first failure last. */
export const probeStepSchema = z.object({
  operation: z.string().meta({ description: "What was tried, in the service's own words." }),
  outcome: z.enum(["passed", "failed", "skipped"]),
  failure: failureViewSchema.nullable(),
});
