import { readFileSync } from "node:fs";
import { type APIRequestContext, expect, type Page } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { dropFiles } from "../support/dropped-files";
import { test } from "../support/fixtures";
import { listKeys } from "../support/objects";
import { unique } from "../support/unique";

const arrives = { timeout: 40_000 };
const figure = (page: Page, label: string) =>
  page.getByText(label, { exact: true }).locator("xpath=following-sibling::*[1]");

/** Rows whose texts have what makes CSV hard: quotes, commas, line breaks, nothing and null. */
function csvOf(from: number, to: number): string {
  const lines = Array.from({ length: to - from }, (_, at) => {
    const id = from + at;
    const note = ["plain", `"a, ""quoted"" one"`, '"two\nlines"', '""', ""][id % 5];
    return `${id},${id / 8},${note}\n`;
  });
  return `id,price,note\n${lines.join("")}`;
}

/** The same rows as a download gives them. */
function ndjsonOf(from: number, to: number): string {
  const lines = Array.from({ length: to - from }, (_, at) => {
    const id = from + at;
    const note = ["plain", 'a, "quoted" one', "two\nlines", "", undefined][id % 5];
    return `${JSON.stringify({ id, price: id / 8, note })}\n`;
  });
  return lines.join("");
}

async function openUpload(page: Page, name: string) {
  await page.goto(`/datasets/${name}`);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  return page.getByRole("dialog", { name: `Upload into ${name}` });
}

test("a dataset is made by hand, filled by dropping files, downloaded byte for byte, and deleted", async ({
  signedIn: page,
  s3,
}) => {
  test.slow();
  const name = unique("sales");
  await page.goto("/datasets");
  await page.getByRole("button", { name: "Create a dataset" }).first().click();
  const create = page.getByRole("dialog", { name: "Create a dataset" });
  await create.getByLabel("Folder").fill("e2e/$yyyy");
  await create.getByRole("button", { name: "Create the dataset" }).click();
  await expect(create.locator("[aria-invalid=true]")).toHaveCount(4);
  await expect(create.getByLabel("Folder")).toHaveAccessibleDescription(/no time variables/);
  await create.getByLabel("Name", { exact: true }).fill(name);
  await create.getByLabel("Destination").selectOption("embedded");
  await create.getByLabel("Folder").fill(`e2e/${name}`);
  for (const [index, [column, type]] of [
    ["id", "INT64"],
    ["price", "DOUBLE"],
    ["note", "UTF8"],
  ].entries()) {
    if (index > 0) await create.getByRole("button", { name: "Add a column" }).click();
    await create.getByLabel(`Name of column ${index + 1}`).fill(column ?? "");
    await create
      .getByLabel("Type")
      .nth(index)
      .selectOption(type ?? "");
  }
  await create.getByRole("button", { name: "Add a partition column" }).click();
  await create.getByLabel("Partition column 1", { exact: true }).fill("ds");
  await create.getByRole("button", { name: "Create the dataset" }).click();
  await expect(page).toHaveURL(new RegExp(`/datasets/${name}$`));
  await expect(figure(page, "Rows")).toHaveText("0");

  // Dropped beside every drop zone: the page takes them.
  await dropFiles(page, "main", [
    { name: "first.csv", text: csvOf(0, 1_200) },
    { name: "second.ndjson", text: '{"id":1,"note":"new"}\n' },
  ]);
  const upload = page.getByRole("dialog", { name: `Upload into ${name}` });
  await expect(upload.getByLabel("Format of second.ndjson")).toHaveValue("ndjson");
  await expect(upload.getByRole("button", { name: "Upload", exact: true })).toBeDisabled();
  await upload.getByLabel("ds").fill("2026-01-01");
  await upload.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(upload.getByText("1,201 rows are visible")).toBeVisible(arrives);
  const folder = `e2e/${name}/ds=2026-01-01/`;
  const keys = await listKeys(s3, bucketName, folder);
  expect(keys.length).toBe(2);
  await upload.getByRole("button", { name: "Done" }).click();
  await expect(figure(page, "Rows")).toHaveText("1,201", arrives);
  await page.getByRole("tab", { name: "Objects" }).click();
  for (const key of keys) await expect(page.getByText(key)).toBeVisible();
  await page.getByRole("tab", { name: "Partitions" }).click();
  await expect(page.getByRole("row").filter({ hasText: "ds=2026-01-01" })).toContainText("1,201");
  await page.getByRole("tab", { name: "Sessions" }).click();
  await expect(page.getByRole("row").filter({ hasText: "ds=2026-01-01" })).toContainText("visible");

  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await upload.locator("input[type=file]").setInputFiles({
    name: "third.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(csvOf(0, 2_000)),
  });
  await upload.getByLabel("ds").fill("2026-01-01");
  await upload.getByRole("radio", { name: /^Overwrite/ }).check();
  await expect(upload.getByText("1,201 rows in 2 objects go")).toBeVisible();
  await upload.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(upload.getByText("2,000 rows are visible")).toBeVisible(arrives);
  await upload.getByRole("button", { name: "Done" }).click();
  await expect
    .poll(() => listKeys(s3, bucketName, folder).then(({ length }) => length), arrives)
    .toBe(1);
  expect(await download(page, name, "csv")).toBe(csvOf(0, 2_000));
  expect(await download(page, name, "ndjson")).toBe(ndjsonOf(0, 2_000));

  await page.getByRole("tab", { name: "Overview" }).click();
  await page.getByRole("button", { name: "Add columns" }).click();
  const add = page.getByRole("dialog", { name: `Add columns to ${name}` });
  await add.getByLabel("Name of column 4").fill("NOTE");
  await add.getByRole("button", { name: "Add", exact: true }).click();
  await expect(add.getByLabel("Name of column 4")).toHaveAttribute("aria-invalid", "true");
  await add.getByLabel("Name of column 4").fill("region");
  await add.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("Schema, version 2")).toBeVisible();

  await page.getByRole("button", { name: "Delete the dataset" }).click();
  const remove = page.getByRole("dialog", { name: `Delete ${name}?` });
  await remove.getByLabel(`Type ${name} to confirm`).fill(name);
  await remove.getByRole("button", { name: "Delete the dataset" }).click();
  await expect(page).toHaveURL(/\/datasets$/);
  await page.getByLabel("Search datasets by name").fill(name);
  await expect(page.getByText("No dataset matches")).toBeVisible();
});

/** In a browser that writes files only as a whole: others ask where to save, which no test can answer. */
async function download(page: Page, name: string, format: "csv" | "ndjson"): Promise<string> {
  await page.evaluate(() => Reflect.deleteProperty(window, "showSaveFilePicker"));
  await page.getByRole("button", { name: "Download", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: `Download ${name}` });
  await dialog.getByLabel("Format").selectOption(format);
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Download", exact: true }).click(),
  ]);
  expect(saved.suggestedFilename()).toBe(`${name}.${format}`);
  await expect(dialog.getByText(/rows? downloaded$/)).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  return readFileSync(await saved.path(), "utf8");
}

test("a broken CSV is refused with lines and columns, and nothing of it is visible", async ({
  signedIn: page,
  api,
  s3,
}) => {
  const name = unique("broken");
  await createDataset(api, name);
  const dialog = await openUpload(page, name);
  await dropFiles(page, "label:has(input[type=file])", [
    { name: "good.csv", text: csvOf(0, 10) },
    { name: "bad.csv", text: 'id,price,note\n1,2.5,"a\nb"\ntwo,2.5,c\n3,x,d,e\n' },
  ]);
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(dialog.getByText("MalformedDataStream: bad.csv: The rows")).toBeVisible(arrives);
  await expect(dialog.getByRole("row").filter({ hasText: "no integer" })).toContainText("4id");
  await expect(dialog.getByRole("row").filter({ hasText: "4 fields" })).toContainText("5–");
  await expect(dialog.getByText("Nothing of the upload is visible")).toBeVisible();
  expect(await listKeys(s3, bucketName, `e2e/${name}/`)).toEqual([]);
  await dialog.getByRole("button", { name: "Leave out bad.csv" }).click();
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(dialog.getByText("10 rows are visible")).toBeVisible(arrives);
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByRole("tab", { name: "Sessions" }).click();
  await expect(page.getByRole("row").filter({ hasText: "aborted" })).toHaveCount(1);
});

async function createDataset(api: APIRequestContext, name: string) {
  const columns = [
    { name: "id", type: "INT64" },
    { name: "price", type: "DOUBLE" },
    { name: "note", type: "UTF8" },
  ];
  const response = await api.post("/api/v1/datasets", {
    data: { name, destinationId: "embedded", folder: `e2e/${name}`, columns },
  });
  expect(response.status(), await response.text()).toBe(201);
}
