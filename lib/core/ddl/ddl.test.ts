import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type PrefixTemplate, readPrefixTemplate } from "@/lib/core/prefix-template";
import { type DdlDialect, type DdlInput, ddlTableName } from "./ddl-input";
import { renderDdl } from "./dialect";

const dialects: DdlDialect[] = ["hive", "spark", "dla", "trino", "duckdb", "clickhouse"];
const fixtures = fileURLToPath(new URL("../fixtures/ddl/", import.meta.url));
const cases = readdirSync(`${fixtures}inputs`).map((file) => file.replace(/\.json$/, ""));

function templateOf(prefix: string): PrefixTemplate {
  const template = readPrefixTemplate(prefix);
  if (template === null) throw new Error(`not a prefix: ${prefix}`);
  return template;
}

function readInput(name: string): DdlInput {
  const { prefix, ...input } = JSON.parse(readFileSync(`${fixtures}inputs/${name}.json`, "utf8"));
  return { ...input, template: templateOf(prefix) };
}

describe.each(dialects)("the %s statement", (dialect) => {
  it.each(cases)("for %s is the golden one", async (name) => {
    const { statement } = renderDdl(dialect, readInput(name));
    await expect(statement).toMatchFileSnapshot(`${fixtures}${dialect}/${name}.sql`);
  });

  it("has no golden file without an input", () => {
    expect(readdirSync(fixtures + dialect).sort()).toEqual(
      cases.map((name) => `${name}.sql`).sort(),
    );
  });

  it.each(cases)("for %s begins with one comment line on what it reads", (name) => {
    const { statement } = renderDdl(dialect, readInput(name));
    expect(statement).toMatch(/^-- Reads the Parquet objects [^\n]+\n/);
    expect(statement).toMatch(/\n$/);
  });

  it("tells people what to do in sentences", () => {
    for (const note of cases.flatMap((name) => renderDdl(dialect, readInput(name)).notes)) {
      expect(note).toMatch(/^[A-Z].+\.$|^hive\.default .+\.$/);
    }
  });
});

describe("the published EMR sample", () => {
  /** Layout, letter case of keywords and quotes around plain names do not change a statement. */
  const bare = (sql: string) =>
    sql
      .replace(/^--.*$/gm, "")
      .replace(/`(\w+)`/g, "$1")
      .replace(/\s+/g, "")
      .toLowerCase();

  it("is what the Spark statement says of the same table", () => {
    const published = readFileSync(`${fixtures}published/emr-lineitem.sql`, "utf8");
    expect(bare(renderDdl("spark", readInput("emr-lineitem")).statement)).toBe(bare(published));
  });
});

describe("renderDdl", () => {
  it("never shows a line of a hostile name outside quotes and comments", () => {
    const input: DdlInput = {
      ...readInput("single-folder"),
      template: { text: "a\n; DROP TABLE x", segments: [[{ kind: "text", text: "a" }]] },
    };
    for (const dialect of dialects) {
      expect(renderDdl(dialect, input).statement).not.toMatch(/^; DROP/m);
    }
  });
});

describe("ddlTableName", () => {
  it("is a name that catalogues take without quotes", () => {
    expect(ddlTableName("orders-eu-1")).toBe("orders_eu_1");
  });
});
