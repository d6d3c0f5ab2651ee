import { renderClickhouseDdl } from "./clickhouse";
import type { Ddl, DdlDialect, DdlInput } from "./ddl-input";
import { renderDlaDdl } from "./dla";
import { renderDuckdbDdl } from "./duckdb";
import { renderHiveDdl } from "./hive";
import { renderSparkDdl } from "./spark";
import { renderTrinoDdl } from "./trino";

/** The statement that makes a dataset a table in an engine, and those that load its partitions. */
export function renderDdl(dialect: DdlDialect, input: DdlInput): Ddl {
  switch (dialect) {
    case "hive":
      return renderHiveDdl(input);
    case "spark":
      return renderSparkDdl(input);
    case "dla":
      return renderDlaDdl(input);
    case "trino":
      return renderTrinoDdl(input);
    case "duckdb":
      return renderDuckdbDdl(input);
    case "clickhouse":
      return renderClickhouseDdl(input);
  }
}
