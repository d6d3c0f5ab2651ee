import type { Ddl, DdlInput } from "./ddl-input";
import { renderHiveStatements } from "./hive-statements";

/** Apache Hive, which reaches S3 through Hadoop's s3a file system. */
export function renderHiveDdl(input: DdlInput): Ddl {
  return renderHiveStatements(input, "s3a", [
    "Hive needs the bucket's endpoint and keys in its fs.s3a.* settings.",
  ]);
}
