import { expect } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { test } from "../support/fixtures";
import { createTestTable, int64 } from "../support/tables";
import { createTask } from "../support/tasks";
import { unique } from "../support/unique";

/** The tabs by name, with the dialect that the API calls each. */
const dialects: readonly (readonly [tab: string, dialect: string])[] = [
  ["Hive", "hive"],
  ["EMR (Spark SQL)", "spark"],
  ["Data Lake Analytics", "dla"],
  ["Trino", "trino"],
  ["DuckDB", "duckdb"],
  ["ClickHouse", "clickhouse"],
];

test("the statement is there for every engine, and Copy copies what is shown", async ({
  signedIn: page,
  context,
  api,
  tablestore,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const name = unique("stmt");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.put("one", { amount: int64(1) });
  await createTask(api, {
    name,
    table: table.name,
    prefix: `ui/${name}/year=$yyyy/month=$MM`,
    mode: "full",
  });
  await page.goto(`/tasks/${name}`);
  await page.getByRole("button", { name: "View statement" }).click();
  const dialog = page.getByRole("dialog", { name: "View statement to create table" });
  const statement = dialog.getByRole("textbox", { name: "Statement" });
  for (const [tab, dialect] of dialects) {
    await dialog.getByRole("tab", { name: tab }).click();
    const answer = await api.get(`/api/v1/tasks/${name}/ddl?dialect=${dialect}`);
    const { statement: expected } = (await answer.json()) as { statement: string };
    await expect(statement).toHaveValue(expected);
    expect(expected).toMatch(
      new RegExp(`CREATE [^]*amount[^]*${bucketName}|${bucketName}[^]*CREATE`),
    );
    const shown = await statement.inputValue();
    await dialog.getByRole("button", { name: "Copy" }).click();
    await expect(dialog.getByRole("button", { name: "Copied" })).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shown);
    await expect(dialog.getByRole("button", { name: "Copy", exact: true })).toBeVisible();
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
});
