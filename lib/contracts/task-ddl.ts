import { z } from "zod";

export const ddlDialectSchema = z.enum(["hive", "spark", "dla", "trino", "duckdb", "clickhouse"]);
export type DdlDialect = z.infer<typeof ddlDialectSchema>;

export const ddlQuerySchema = z.strictObject({ dialect: ddlDialectSchema.default("hive") });

export const datasetDdlQuerySchema = ddlQuerySchema.extend({
  copy: z.enum(["originals", "merged"]).default("originals").meta({
    description: "merged: what has been merged, in the merged folder.",
  }),
});
export type DatasetDdlQuery = z.infer<typeof datasetDdlQuerySchema>;

export const ddlViewSchema = z
  .object({
    dialect: ddlDialectSchema,
    /** The statement that makes the delivered objects a table, and those that load its partitions. */
    statement: z.string(),
    /** What the reader has to know before running it. */
    notes: z.array(z.string()),
  })
  .meta({ id: "Ddl" });
export type DdlView = z.infer<typeof ddlViewSchema>;
