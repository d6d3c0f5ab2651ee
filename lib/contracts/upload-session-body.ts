import { z } from "zod";
import { blocksMax } from "@/lib/core/upload-session";
import { pageOf, pageQueryShape } from "./paging";

const count = z.int().min(0);

/** What rows may come and go as. */
export const rowFormats = {
  parquet: "application/vnd.apache.parquet",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
} as const;
export const rowFormatSchema = z.enum(["parquet", "ndjson", "csv"]);
export type RowFormatName = z.infer<typeof rowFormatSchema>;

export const uploadSessionBodySchema = z
  .strictObject({
    partition: z.string().max(1024).default("").meta({
      description: "As `ds=20260101,region=eu`: a value for each partition column.",
    }),
    overwrite: z.boolean().default(false).meta({
      description: "Take away what the partition holds, once the new rows are visible.",
    }),
  })
  .meta({ id: "UploadSessionBody" });

export const uploadSessionStatusSchema = z
  .enum(["normal", "committing", "committed", "critical", "aborted", "expired"])
  .meta({
    description:
      "committing: decided, and about to become visible. critical: the store lost what was decided.",
  });

export const uploadSessionViewSchema = z
  .object({
    id: z.string(),
    dataset: z.string(),
    partition: z.string(),
    folder: z.string(),
    overwrite: z.boolean(),
    status: uploadSessionStatusSchema,
    schemaVersion: z.int().min(1),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    blocks: count,
    rows: count,
    bytes: count,
  })
  .meta({ id: "UploadSession" });
export type UploadSessionView = z.infer<typeof uploadSessionViewSchema>;
export const uploadSessionListQuerySchema = z.strictObject({ ...pageQueryShape });
export const uploadSessionPageSchema = pageOf(uploadSessionViewSchema);

export const uploadBlockViewSchema = z
  .object({
    block: z.int().min(0),
    format: rowFormatSchema,
    rows: count,
    bytes: count.meta({ description: "Of the Parquet that was made of it." }),
    completedAt: z.iso.datetime(),
  })
  .meta({ id: "UploadBlock" });
export type UploadBlockView = z.infer<typeof uploadBlockViewSchema>;
export const uploadBlockListQuerySchema = z.strictObject({ ...pageQueryShape });
export const uploadBlockPageSchema = pageOf(uploadBlockViewSchema);

export const commitBodySchema = z
  .strictObject({ blocks: z.array(z.int()).max(blocksMax) })
  .meta({ id: "UploadCommitBody" });
