import type { FolderTemplate } from "@/lib/core/prefix-layout";
import type { ParquetType } from "@/lib/core/schema-mapping";

export type DdlDialect = "hive" | "spark" | "dla" | "trino" | "duckdb" | "clickhouse";

/** A dataset as a reader has to know it: where its objects are and what they hold. */
export type DdlInput = {
  /** See `ddlTableName` for a name that every engine takes. */
  readonly tableName: string;
  readonly bucket: string;
  /** Address of the S3 service with its scheme, as `https://host:port`; null for AWS. */
  readonly endpoint: string | null;
  readonly region: string;
  /** The bucket stands in the path of the address and not in its host name. */
  readonly pathStyle: boolean;
  /** What to put before keys instead of the dialect's own way to address the bucket, without a slash at its end. */
  readonly bucketUrl: string | null;
  readonly template: FolderTemplate;
  /** All columns of the objects, metadata columns included, in their order. */
  readonly columns: readonly { readonly name: string; readonly type: ParquetType }[];
  /** Partitions delivered so far, as rendered; only engines that do not find folders by themselves need them. */
  readonly knownPartitions: readonly string[];
};

export type Ddl = {
  /** One or more statements, each ended by a semicolon. The first line is a comment on what they read. */
  readonly statement: string;
  /** What a person has to know or do before running it. */
  readonly notes: readonly string[];
};

/** A table name that every dialect's catalogue takes, also where quoting does not help: a task name has hyphens. */
export function ddlTableName(taskName: string): string {
  return taskName.replace(/[^a-zA-Z0-9_]/g, "_");
}
