import { expect, type Page } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { test } from "../support/fixtures";
import { listKeys } from "../support/objects";
import { createTestTable, int64 } from "../support/tables";
import { unique } from "../support/unique";

const arrives = { timeout: 40_000 };

type Wanted = { name: string; table: string; mode: RegExp; prefix: string };

/** The form as a person fills it in; flushes as soon as a task may. */
async function fillIn(page: Page, wanted: Wanted): Promise<void> {
  await page.goto("/tasks");
  await page.getByRole("link", { name: "New task" }).first().click();
  await page.getByLabel("Task name").fill(wanted.name);
  await page.getByRole("radio", { name: wanted.mode }).check();
  await page.getByLabel("Source", { exact: true }).selectOption("embedded");
  await page.getByLabel("Source table").selectOption(wanted.table);
  await page.getByLabel("Destination bucket").selectOption("embedded");
  await page.getByLabel("Destination prefix").fill(wanted.prefix);
  await page.getByLabel("Flush after, seconds").fill("5");
}

const status = (page: Page, label: string) => page.getByText(label, { exact: true }).first();
const figure = (page: Page, label: string) =>
  page.getByText(label, { exact: true }).locator("xpath=following-sibling::*[1]");

test("full: the table as it is arrives, and the task says Completed", async ({
  signedIn: page,
  tablestore,
  s3,
}) => {
  const name = unique("full");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.putAll(
    Array.from({ length: 300 }, (_, index) => ({ id: `${index}`, columns: { n: int64(index) } })),
  );
  await fillIn(page, { name, table: table.name, mode: /^Full/, prefix: `ui/${name}` });
  await expect(page.getByText("2 columns from 100 sampled rows")).toBeVisible();
  await page.getByRole("button", { name: "Create task" }).click();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  await expect(status(page, "Completed")).toBeVisible(arrives);
  await expect(figure(page, "Rows delivered")).toHaveText("300");
  await expect(figure(page, "Delivered through")).toHaveText("Everything");
  await expect(page.getByRole("button", { name: "Pause" })).toHaveCount(0);
  await page.getByRole("tab", { name: "Objects" }).click();
  for (const key of await listKeys(s3, bucketName, `ui/${name}/`)) {
    await expect(page.getByText(key)).toBeVisible();
  }
  await page.reload();
  await expect(page.getByRole("tab", { name: "Objects" })).toHaveAttribute("aria-selected", "true");
});

test("incremental: only what is written after the creation arrives, and the task says Incremental", async ({
  signedIn: page,
  tablestore,
}) => {
  const name = unique("incr");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.put("before", { n: int64(1) });
  await fillIn(page, {
    name,
    table: table.name,
    mode: /^Incremental/,
    prefix: `ui/${name}/ds=$yyyy$MM$dd`,
  });
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  await table.put("after", { n: int64(2) });
  await expect(status(page, "Incremental")).toBeVisible(arrives);
  await expect(figure(page, "Rows delivered")).toHaveText("1", arrives);
  await expect(figure(page, "Delivered through")).toHaveText(/ago|just now/);
});

test("differential, by keyboard alone: the table first, then its changes", async ({
  signedIn: page,
  tablestore,
}) => {
  const name = unique("diff");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await table.put("one", { n: int64(1) });
  await table.put("two", { n: int64(2) });
  await page.goto("/tasks/new");
  await expect(page.getByLabel("Task name")).toBeFocused();
  await page.keyboard.type(name);
  // Arrows go round the three modes and end where they began.
  await page.keyboard.press("Tab");
  await expect(page.getByRole("radio", { name: /^Differential/ })).toBeFocused();
  for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("radio", { name: /^Differential/ })).toBeChecked();
  await page.keyboard.press("Tab");
  await page.keyboard.type("Embedded");
  await expect(page.getByLabel("Source table")).toBeEnabled();
  await page.keyboard.press("Tab");
  await page.keyboard.type(table.name);
  await page.keyboard.press("Tab");
  await page.keyboard.type("culvert");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Destination prefix")).toBeFocused();
  await page.keyboard.type(`ui/${name}`);
  await page.getByLabel("Flush after, seconds").focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("5");
  await page.keyboard.press("Enter");

  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  await expect(figure(page, "Rows delivered")).toHaveText("2", arrives);
  await expect(status(page, "Incremental")).toBeVisible(arrives);
  await table.put("three", { n: int64(3) });
  await expect(figure(page, "Rows delivered")).toHaveText("3", arrives);
});

test("every problem of the form is said at once, each at its field, and goes when the field is mended", async ({
  signedIn: page,
}) => {
  await page.goto("/tasks/new");
  await page.getByLabel("Flush after, seconds").fill("1");
  await page.getByLabel("Destination prefix").fill("/lake/$year");
  await page.getByRole("button", { name: "Create task" }).click();
  const summary = page.getByRole("alert").filter({ hasText: "The input cannot work" });
  await expect(summary).toBeVisible();
  for (const label of [
    "Task name",
    "Source",
    "Source table",
    "Destination bucket",
    "Destination prefix",
    "Flush after",
  ]) {
    await expect(summary.getByText(label, { exact: true }).first()).toBeVisible();
  }
  await expect(page.getByLabel("Task name")).toBeFocused();
  const invalid = page.locator("[aria-invalid=true]");
  await expect(invalid).toHaveCount(6);
  await expect(page.getByLabel("Destination prefix")).toHaveAccessibleDescription(/\$yyyy/);
  await page.getByLabel("Task name").fill("Orders!");
  await expect(page.getByLabel("Task name")).toHaveAccessibleDescription(/lowercase/);
  await page.getByLabel("Task name").fill("orders");
  await page.getByLabel("Destination prefix").fill("lake/$yyyy");
  await expect(invalid).toHaveCount(4);
});

test("the key of an object written now, and advice on the prefix, follow what is typed", async ({
  signedIn: page,
}) => {
  await page.goto("/tasks/new");
  const key = page.getByRole("status").filter({ hasText: /Needs|_/ });
  await expect(key).toHaveText("Needs a prefix.");
  await page.getByLabel("Destination prefix").fill("lake/$yyyy");
  const year = new Date().getUTCFullYear();
  await expect(key).toHaveText(`lake/${year}/<task>_0_lake_${year}__1`);
  await page.getByLabel("Task name").fill("orders");
  await page.getByLabel("Object names").selectOption(".parquet");
  await expect(key).toHaveText(`lake/${year}/orders_0_lake_${year}__1.parquet`);
  await page.getByLabel("Destination prefix").fill("lake/$yyyy/$MM/$dd/$HH/$mm");
  await expect(page.getByText(/A folder per minute makes many small objects/)).toBeVisible();
  await page.getByRole("button", { name: "Append $dd" }).click();
  await expect(page.getByLabel("Destination prefix")).toHaveValue("lake/$yyyy/$MM/$dd/$HH/$mm$dd");
});
