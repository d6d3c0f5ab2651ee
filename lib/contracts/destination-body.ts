import { z } from "zod";
import { pageOf, pageQueryShape } from "./paging";
import {
  endpointSchema,
  probeStepSchema,
  resourceIdSchema,
  resourceNameSchema,
} from "./source-body";

const bucket = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    "must be a bucket name: 3 to 63 lowercase letters, digits, dots and hyphens",
  );
const region = z.string().regex(/^[a-z0-9-]{1,64}$/, "must be a region, such as us-east-1");
const accessKeyId = z.string().min(1).max(256);
const secretText = z.string().min(1).max(512);

export const destinationBodySchema = z
  .strictObject({
    id: resourceIdSchema.optional(),
    /** Left out, the id or else the bucket. */
    name: resourceNameSchema.optional(),
    kind: z.literal("s3").default("s3"),
    /** Absent or null: the provider's own endpoint of the region. */
    endpoint: endpointSchema.nullish().transform((value) => value ?? null),
    region: region.default("us-east-1"),
    bucket,
    /** Address buckets as /bucket/key. Left out, what stores at that endpoint usually want. */
    forcePathStyle: z.boolean().optional(),
    accessKeyId,
    /** Write-only: no response and no log ever holds it. */
    secretAccessKey: secretText,
  })
  .meta({ id: "DestinationBody" });
export type ParsedDestinationBody = z.output<typeof destinationBodySchema>;

/** Everything that can be wrong can be mended; delivery goes on by itself once it is right. */
export const destinationPatchSchema = z
  .strictObject({
    name: resourceNameSchema.optional(),
    endpoint: endpointSchema.nullable().optional(),
    region: region.optional(),
    bucket: bucket.optional(),
    forcePathStyle: z.boolean().optional(),
    accessKeyId: accessKeyId.optional(),
    secretAccessKey: secretText.optional(),
  })
  .meta({ id: "DestinationPatch" });

export const destinationViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.literal("s3"),
    endpoint: z.string().nullable(),
    region: z.string(),
    bucket: z.string(),
    forcePathStyle: z.boolean(),
    accessKeyId: z.string(),
    tasks: z.int().min(0),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "Destination" });
export type DestinationView = z.infer<typeof destinationViewSchema>;
export const destinationListQuerySchema = z.strictObject({ ...pageQueryShape });
export const destinationPageSchema = pageOf(destinationViewSchema);

export const destinationProbeSchema = z
  .object({
    ok: z.boolean(),
    steps: z.array(probeStepSchema),
    /** The policy that gives the key what delivery needs, to copy. */
    policy: z.string(),
  })
  .meta({ id: "DestinationProbe" });
export type DestinationProbe = z.infer<typeof destinationProbeSchema>;
