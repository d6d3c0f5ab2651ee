import type { Ddl, DdlInput } from "./ddl-input";
import { renderHiveStatements } from "./hive-statements";

/** Spark SQL with Hive support, as EMR runs it; EMR's own file system answers to s3. */
export function renderSparkDdl(input: DdlInput): Ddl {
  return renderHiveStatements(input, "s3", [
    "Outside EMR, Spark reaches S3 through s3a: write s3a:// in place of s3://.",
  ]);
}
