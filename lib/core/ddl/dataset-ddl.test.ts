import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import { datasetTemplate } from "@/lib/core/dataset";
import type { DdlDialect, DdlInput } from "./ddl-input";
import { renderDdl } from "./dialect";
import { standardLiteral } from "./sql-quoting";

const settings = { folder: "lake/sales", partitionColumns: ["ds", "region"] };
const inputOf = (partitionColumns: readonly string[], bucketUrl: string | null): DdlInput => ({
  tableName: "sales",
  bucket: "b",
  endpoint: "http://127.0.0.1:9000",
  region: "us-east-1",
  pathStyle: true,
  bucketUrl,
  template: datasetTemplate({ ...settings, partitionColumns }),
  columns: [{ name: "id", type: "INT64" }],
  knownPartitions: [],
});

describe("the statement of a dataset", () => {
  it.each<[DdlDialect, RegExp]>([
    ["hive", /PARTITIONED BY \(\s+`ds` string,\s+`region` string/],
    ["spark", /PARTITIONED BY \(\s+`ds` string,\s+`region` string/],
    ["dla", /PARTITIONED BY \(\s+`ds` string,\s+`region` string/],
    ["trino", /partitioned_by = ARRAY\['ds', 'region'\]/],
    ["duckdb", /hive_types = \{'ds': VARCHAR, 'region': VARCHAR\}/],
    ["clickhouse", /lake\/sales\/ds=\*\/region=\*\/\*'/],
  ])("in %s names its partition columns as text", (dialect, expected) => {
    const { statement } = renderDdl(dialect, inputOf(settings.partitionColumns, null));
    expect(statement).toMatch(expected);
    expect(statement).toMatch(
      /^-- Reads the Parquet objects .*lake\/sales\/ds=\$ds\/region=\$region/,
    );
  });

  it("without partition columns reads one folder", () => {
    expect(renderDdl("duckdb", inputOf([], null)).statement).toContain("'s3://b/lake/sales/*'");
    expect(renderDdl("hive", inputOf([], null)).statement).not.toContain("PARTITIONED");
  });

  it("reads every partition in DuckDB, values as they were written", async () => {
    const bucket = mkdtempSync(path.join(tmpdir(), "dataset-ddl-"));
    const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
    try {
      for (const [folder, id] of [
        ["ds=0042/region=eu", 1],
        ["ds=2026-01-01/region=漢", 2],
      ]) {
        const file = path.join(bucket, "lake/sales", String(folder), "o.parquet");
        mkdirSync(path.dirname(file), { recursive: true });
        await duckdb.run(
          `COPY (SELECT ${id}::BIGINT AS id) TO ${standardLiteral(file)} (FORMAT parquet)`,
        );
      }
      await duckdb.run(renderDdl("duckdb", inputOf(settings.partitionColumns, bucket)).statement);
      const rows = await duckdb.runAndReadAll("SELECT id, ds, region FROM sales ORDER BY id");
      expect(rows.getRows()).toEqual([
        [1n, "0042", "eu"],
        [2n, "2026-01-01", "漢"],
      ]);
    } finally {
      duckdb.closeSync();
      rmSync(bucket, { recursive: true });
    }
  });
});
