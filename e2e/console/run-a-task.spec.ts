import { expect, type Page } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { test } from "../support/fixtures";
import { listKeys } from "../support/objects";
import { createTestTable, int64 } from "../support/tables";
import { createTask, waitForRecords } from "../support/tasks";
import { unique } from "../support/unique";

const arrives = { timeout: 40_000 };
const status = (page: Page, label: string) => page.getByText(label, { exact: true }).first();

test("a paused task delivers nothing and keeps its place; resumed, it delivers what it missed", async ({
  signedIn: page,
  api,
  s3,
  tablestore,
}) => {
  const name = unique("pause");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await createTask(api, { name, table: table.name, prefix: `ui/${name}`, mode: "incremental" });
  await page.goto(`/tasks/${name}`);
  await expect(status(page, "Incremental")).toBeVisible(arrives);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(status(page, "Paused")).toBeVisible(arrives);
  await table.put("while paused", { n: int64(1) });
  await expect(page.getByText("Its position is kept.")).toBeVisible();
  expect(await listKeys(s3, bucketName, `ui/${name}/`)).toEqual([]);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(status(page, "Incremental")).toBeVisible(arrives);
  await waitForRecords(api, name, 1);
  await expect.poll(() => listKeys(s3, bucketName, `ui/${name}/`)).toHaveLength(1);
});

test("settings that may change are changed in the console, and a new column mapping is version 2", async ({
  signedIn: page,
  api,
  tablestore,
}) => {
  const name = unique("edit");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.put("one", { a: "x", b: int64(1) });
  await createTask(api, { name, table: table.name, prefix: `ui/${name}` });
  await page.goto(`/tasks/${name}?tab=settings`);
  await page.getByRole("button", { name: "Edit settings" }).click();
  const dialog = page.getByRole("dialog", { name: "Change settings" });
  await dialog.getByLabel("Flush after, seconds").fill("1");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByLabel("Flush after, seconds")).toHaveAttribute("aria-invalid", "true");
  await dialog.getByLabel("Flush after, seconds").fill("30");
  await dialog.getByLabel("Compression").selectOption("Zstandard");
  await dialog.getByLabel("Folder of dirty values").fill(`elsewhere/${name}`);
  await dialog.getByRole("radio", { name: /^Manual/ }).check();
  await dialog.getByRole("button", { name: "Remove column 1" }).click();
  await dialog.getByLabel("Parquet name of column 1").fill("renamed");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText("128 MiB or 30 s, whichever comes first")).toBeVisible();
  await expect(page.getByText("Parquet, zstd")).toBeVisible();
  await expect(page.getByText(`elsewhere/${name}`)).toBeVisible();
  await expect(page.getByText(/^Schema mapping, version \d/)).toBeVisible();
  await expect(page.getByText("Set by hand; other columns are counted as unmapped.")).toBeVisible();
  await expect(page.getByRole("cell", { name: "renamed" })).toBeVisible();
});

test("deleting asks for the name, removes the task, and leaves what was delivered", async ({
  signedIn: page,
  api,
  s3,
  tablestore,
}) => {
  const name = unique("bye");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.put("one", { n: int64(1) });
  await createTask(api, { name, table: table.name, prefix: `ui/${name}` });
  await waitForRecords(api, name, 1);
  await expect.poll(() => listKeys(s3, bucketName, `ui/${name}/`)).toHaveLength(1);
  const delivered = await listKeys(s3, bucketName, `ui/${name}/`);
  await page.goto(`/tasks/${name}`);
  await page.getByRole("button", { name: "Delete the task" }).click();
  const dialog = page.getByRole("dialog", { name: `Delete ${name}?` });
  const confirm = dialog.getByRole("button", { name: "Delete the task" });
  await expect(confirm).toBeDisabled();
  await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
  await confirm.click();
  await expect(page).toHaveURL(/\/tasks$/);
  await page.getByLabel("Search tasks by name or table").fill(name);
  await expect(page.getByText("No task matches")).toBeVisible(arrives);
  expect(await listKeys(s3, bucketName, `ui/${name}/`)).toEqual(delivered);
  await page.goto(`/tasks/${name}`);
  await expect(page.getByText("There is no such task")).toBeVisible();
});

test("a task that is still initialising refuses to be deleted, as documented", async ({
  api,
  tablestore,
}) => {
  const table = await createTestTable(tablestore, unique("init").replace("-", "_"));
  // A worker opens the first channel within moments, so the refusal has to be caught before that.
  await expect(async () => {
    const name = unique("init");
    await createTask(api, { name, table: table.name, prefix: `ui/${name}` });
    const refused = await api.delete(`/api/v1/tasks/${name}`);
    expect(refused.status()).toBe(409);
    expect(await refused.json()).toMatchObject({ code: "task.initialising" });
  }).toPass({ timeout: 30_000, intervals: [10] });
});

test("at phone size the menu leads everywhere and a task can be read", async ({
  signedIn: page,
  api,
  tablestore,
}) => {
  const name = unique("phone");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.put("one", { n: int64(1) });
  await createTask(api, { name, table: table.name, prefix: `ui/${name}`, mode: "full" });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/destinations");
  await page.getByRole("button", { name: "Open menu" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Tasks" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByRole("link", { name: new RegExp(name) }).click();
  await expect(status(page, "Completed")).toBeVisible(arrives);
  await page.getByRole("tab", { name: "Objects" }).click();
  await expect(page.getByText(/1 rows? · .* · lane \d+/)).toBeVisible();
  await page.getByRole("button", { name: "View statement" }).click();
  await expect(page.getByRole("textbox", { name: "Statement" })).toHaveValue(/CREATE/);
});
