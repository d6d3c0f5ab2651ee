import { z } from "zod";
import { parquetTypeSchema } from "./task-settings";
import { rowFormatSchema } from "./upload-session-body";

const count = z.int().min(0);

export const downloadSessionBodySchema = z
  .strictObject({
    partition: z.string().max(1024).optional().meta({
      description: "One partition by its spec; of a task's dataset, a folder. Left out: all.",
    }),
  })
  .meta({ id: "DownloadSessionBody" });

export const downloadSessionViewSchema = z
  .object({
    id: z.string(),
    dataset: z.string(),
    partition: z.string().nullable(),
    status: z.enum(["normal", "expired"]),
    rows: count.meta({ description: "Exact; reads are of ranges within them." }),
    objects: count,
    columns: z.array(z.object({ name: z.string(), type: parquetTypeSchema })),
    partitionColumns: z.array(z.string()),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: "DownloadSession" });
export type DownloadSessionView = z.infer<typeof downloadSessionViewSchema>;

export const downloadRowsQuerySchema = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  /** Left out: to the last row. */
  count: z.coerce.number().int().optional(),
  /** Names by comma, partition columns too. Left out: all that objects hold. */
  columns: z.string().max(65_536).optional(),
  format: rowFormatSchema.default("ndjson"),
});
export type DownloadRowsQuery = z.output<typeof downloadRowsQuerySchema>;
