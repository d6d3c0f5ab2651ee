import { expect, type Page } from "@playwright/test";
import type { Culvert } from "../support/culvert";
import { test } from "../support/fixtures";
import { createBucket, listKeys, removeBucket } from "../support/objects";
import { createTestTable, int64 } from "../support/tables";
import { createTask, waitForRecords } from "../support/tasks";
import { unique } from "../support/unique";

const shown = { timeout: 40_000 };

/** A destination of its own, added and tested in the console. */
async function addDestination(page: Page, culvert: Culvert, bucket: string): Promise<void> {
  await page.goto("/destinations");
  await page.getByRole("button", { name: "Add a destination" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Add a destination" });
  await dialog.getByLabel("Name").fill(bucket);
  await dialog.getByLabel("Bucket").fill(bucket);
  await dialog.getByLabel("Endpoint").fill(culvert.objectStore.endpoint);
  await dialog.getByLabel("Access key id").fill(culvert.objectStore.accessKeyId);
  await dialog.getByLabel("Secret access key").fill(culvert.objectStore.secretAccessKey);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toHaveCount(0);
  await row(page, bucket).getByRole("button", { name: "Test" }).click();
  await expect(page.getByText("Culvert can deliver to this bucket")).toBeVisible(shown);
  await page.keyboard.press("Escape");
}

const row = (page: Page, name: string) =>
  page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });

async function saveSecret(page: Page, name: string, secret: string): Promise<void> {
  const dialog = page.getByRole("dialog", { name: `Edit ${name}` });
  await dialog.getByLabel("Secret access key").fill(secret);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toHaveCount(0);
}

test("a bucket that is gone is named with what to do, and delivery goes on by itself once it is back", async ({
  signedIn: page,
  culvert,
  api,
  s3,
  tablestore,
}) => {
  test.slow();
  const name = unique("gone");
  await createBucket(s3, name);
  await addDestination(page, culvert, name);
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await createTask(api, { name, table: table.name, prefix: "lake", destinationId: name });
  await removeBucket(s3, name);
  await table.put("while it is gone", { n: int64(1) });

  await page.goto(`/tasks/${name}`);
  const error = page.getByRole("alert").filter({ hasText: "InvalidOssBucket" });
  await expect(error).toContainText("The destination bucket does not exist", shown);
  await expect(error).toContainText(`The store has no bucket ${name}.`);
  await expect(error).toContainText("Create the bucket.");
  await expect(page.getByText("Action required", { exact: true })).toBeVisible();
  await page.goto("/tasks");
  await page.getByLabel("Show tasks").selectOption("Something in the way");
  await expect(page.getByRole("link", { name })).toBeVisible();

  await createBucket(s3, name);
  await page.goto(`/tasks/${name}`);
  await expect(error).toHaveCount(0, shown);
  await waitForRecords(api, name, 1);
  await expect.poll(() => listKeys(s3, name, "lake/")).toHaveLength(1);
  await expect(page.getByText("Incremental", { exact: true }).first()).toBeVisible(shown);
});

test("a wrong secret is named UnAuthorized; entering the right one is all that it takes", async ({
  signedIn: page,
  culvert,
  api,
  s3,
  tablestore,
}) => {
  test.slow();
  const name = unique("key");
  await createBucket(s3, name);
  await addDestination(page, culvert, name);
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await createTask(api, { name, table: table.name, prefix: "lake", destinationId: name });
  await row(page, name)
    .getByRole("button", { name: `Edit ${name}` })
    .click();
  await saveSecret(page, name, "this is not the secret");
  await table.put("while it is refused", { n: int64(1) });

  await page.goto(`/tasks/${name}`);
  const error = page.getByRole("alert").filter({ hasText: "UnAuthorized" });
  await expect(error).toContainText("Enter the right access key and secret", shown);
  expect(await listKeys(s3, name)).toEqual([]);
  await error.getByRole("link", { name: "Edit the destination" }).click();
  await saveSecret(page, name, culvert.objectStore.secretAccessKey);
  await page.goto(`/tasks/${name}`);
  await expect(error).toHaveCount(0, shown);
  await waitForRecords(api, name, 1);
  await expect.poll(() => listKeys(s3, name, "lake/")).toHaveLength(1);
});

test("a destination in use cannot be deleted and says so; an unused one can", async ({
  signedIn: page,
  culvert,
  api,
  s3,
  tablestore,
}) => {
  const name = unique("used");
  const spare = unique("spare");
  for (const bucket of [name, spare]) {
    await createBucket(s3, bucket);
    await addDestination(page, culvert, bucket);
  }
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  await createTask(api, { name, table: table.name, prefix: "lake", destinationId: name });
  await page.getByRole("button", { name: `Delete ${name}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("in use");
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await page.getByRole("button", { name: `Delete ${spare}` }).click();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText(spare, { exact: true })).toHaveCount(0);
  await expect(page.getByText(name, { exact: true }).first()).toBeVisible();
});
