import { expect } from "@playwright/test";
import { test } from "../support/fixtures";
import { createTask, waitForRecords } from "../support/tasks";
import { unique } from "../support/unique";

const arrives = { timeout: 40_000 };
const ndjson = [
  '{"region":"us-east","id":9007199254740993,"note":"imported"}',
  '{"region":"us-east","id":"not a number"}',
  '{"region":"us-west","id":2,"amount":1.5}',
].join("\n");

test("a table is made, filled by hand and from a file, looked through, and deleted", async ({
  signedIn: page,
}) => {
  const table = unique("shop").replaceAll("-", "_");
  await page.goto("/tables");
  await page.getByRole("button", { name: "Create a table" }).first().click();
  const create = page.getByRole("dialog", { name: "Create a table" });
  await create.getByRole("button", { name: "Create the table" }).click();
  await expect(create.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await create.getByLabel("Name", { exact: true }).fill(table);
  await create.getByLabel("Name of key column 1").fill("region");
  await create.getByRole("button", { name: "Add a key column" }).click();
  await create.getByLabel("Name of key column 2").fill("id");
  await create.getByLabel("Type").nth(1).selectOption("integer");
  await create.getByRole("button", { name: "Create the table" }).click();
  await expect(page).toHaveURL(new RegExp(`/tables/embedded/${table}$`));
  await expect(page.getByText("No rows yet")).toBeVisible();

  await page.getByRole("button", { name: "Insert a row" }).first().click();
  const insert = page.getByRole("dialog", { name: `Insert a row into ${table}` });
  await insert.getByLabel("region").fill("eu");
  await insert.getByLabel("id").fill("9223372036854775808");
  await insert.getByRole("button", { name: "Another column" }).click();
  await insert.getByLabel("Column 1", { exact: true }).fill("amount");
  await insert.getByLabel("Type").selectOption("double");
  await insert.getByLabel("Value 1").fill("2.5");
  await insert.getByRole("button", { name: "Insert" }).click();
  await expect(insert.getByText("This must be a whole number of 64 bits.")).toBeVisible();
  await insert.getByLabel("id").fill("9223372036854775807");
  await insert.getByRole("button", { name: "Insert" }).click();
  await expect(insert).toHaveCount(0);
  const row = page.getByRole("row").filter({ hasText: "9223372036854775807" });
  await expect(row).toContainText("2.5");

  await row.getByRole("button", { name: /^Edit row/ }).click();
  const edit = page.getByRole("dialog", { name: "Edit the row" });
  await expect(edit.getByRole("button", { name: "Save" })).toBeDisabled();
  await edit.getByLabel("Value 1").fill("3.75");
  await edit.getByRole("button", { name: "Save" }).click();
  await expect(edit).toHaveCount(0);
  await expect(row).toContainText("3.75");

  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog", { name: `Import into ${table}` });
  await dialog.getByLabel("File").setInputFiles({
    name: "orders.ndjson",
    mimeType: "application/x-ndjson",
    buffer: Buffer.from(ndjson),
  });
  await expect(dialog.getByLabel("Format")).toHaveValue("ndjson");
  await dialog.getByRole("button", { name: "Import" }).click();
  await expect(dialog.getByText("2 rows written, 1 line refused.")).toBeVisible();
  await expect(dialog.getByRole("row").filter({ hasText: "not a number" })).toContainText("2id");
  await dialog.getByRole("button", { name: "Close" }).last().click();

  await page.getByLabel("Value of region").fill("us-");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByText("2 rows shown, which is all")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "9007199254740993" })).toHaveCount(1);
  await expect(row).toHaveCount(0);
  await page.getByRole("button", { name: "Delete row us-west, 2" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete the row" }).click();
  await expect(page.getByText("1 row shown, which is all")).toBeVisible();

  await page.getByRole("button", { name: "Delete the table" }).click();
  const remove = page.getByRole("dialog", { name: `Delete ${table}?` });
  await expect(remove.getByRole("button", { name: "Delete the table" })).toBeDisabled();
  await remove.getByLabel(`Type ${table} to confirm`).fill(table);
  await remove.getByRole("button", { name: "Delete the table" }).click();
  await expect(page).toHaveURL(/\/tables\?source=embedded$/);
  await page.getByLabel("Search tables by name").fill(table);
  await expect(page.getByText("No table matches")).toBeVisible();
});

test("a task's tunnel shows its channels and how far they are, and goes only with its task", async ({
  signedIn: page,
  api,
}) => {
  const name = unique("seen");
  const table = name.replaceAll("-", "_");
  const made = await api.post("/api/v1/sources/embedded/tables", {
    data: { name: table, primaryKey: [{ name: "id", type: "integer" }] },
  });
  expect(made.status(), await made.text()).toBe(201);
  await createTask(api, { name, table, prefix: `ui/${name}`, mode: "incremental" });
  const cells = [{ name: "id", type: "integer", value: 1 }];
  await api.post(`/api/v1/sources/embedded/tables/${table}/rows`, { data: { cells } });
  await waitForRecords(api, name, 1);

  await page.goto(`/tables/embedded/${table}?tab=tunnels`);
  await page.getByRole("row").filter({ hasText: name }).getByRole("link").first().click();
  await expect(page.getByText("Behind the table")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "stream" }).first()).toContainText(
    "open",
    arrives,
  );
  await expect(page.getByText(/^in 6 d|^in 23 h/)).toBeVisible();
  await expect(page.getByRole("img", { name: /^Seconds behind/ })).toBeVisible(arrives);

  const splits = page.getByRole("button", { name: /^Split channel/ });
  const before = await splits.count();
  await splits.first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Split the channel" }).click();
  await expect(splits).toHaveCount(before + 1, arrives);
  await expect(page.getByText(`${before + 2} channels`)).toBeVisible(arrives);
  await page.getByRole("button", { name: "Delete the tunnel" }).click();
  const tunnel = page.getByRole("dialog");
  await tunnel.getByRole("button", { name: "Delete" }).click();
  await expect(tunnel.getByText(`the task ${name} reads its table`)).toBeVisible();
  await tunnel.getByRole("button", { name: "Keep it" }).click();

  await page.goto(`/tables/embedded/${table}`);
  await page.getByRole("button", { name: "Delete the table" }).click();
  const remove = page.getByRole("dialog");
  await remove.getByLabel(`Type ${table} to confirm`).fill(table);
  await remove.getByRole("button", { name: "Delete the table" }).click();
  await expect(remove.getByText(`is read by ${name}`)).toBeVisible();
});
