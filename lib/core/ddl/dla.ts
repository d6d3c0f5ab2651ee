import type { Ddl, DdlInput } from "./ddl-input";
import { renderHiveStatements } from "./hive-statements";

/** Alibaba Cloud Data Lake Analytics: the Hive statements, reading OSS only. */
export function renderDlaDdl(input: DdlInput): Ddl {
  return renderHiveStatements(input, "oss", [
    "DLA reads OSS buckets of its own region, and no other S3 store.",
  ]);
}
