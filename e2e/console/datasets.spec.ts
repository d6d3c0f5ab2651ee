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

  await page.getByRole("tab", { name: "Verify" }).click();
  await page.getByRole("button", { name: "Verify", exact: true }).click();
  await expect(page.getByText("The bucket holds what the ledger says")).toBeVisible(arrives);
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
  test.slow();
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

test("what breaks on its way is taken up where it broke, and what is cancelled leaves nothing", async ({
  signedIn: page,
  api,
  s3,
}) => {
  test.slow();
  const name = unique("breaks");
  await createDataset(api, name);
  // A browser that writes files while they come asks where; here it is told.
  await page.addInitScript(() => {
    const pick = async ({ suggestedName }: { suggestedName: string }) =>
      (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
    Object.assign(window, { showSaveFilePicker: pick });
  });
  const dialog = await openUpload(page, name);
  const hang = async () => {};
  await page.route("**/blocks/0", hang);
  const files = [{ name: "rows.csv", text: csvOf(0, 500) }];
  await dropFiles(page, "label:has(input[type=file])", files);
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(dialog.getByRole("progressbar", { name: "Upload" })).toBeVisible();
  await dialog.getByRole("button", { name: "Cancel the upload" }).click();
  await expect(dialog.getByText("The upload was cancelled")).toBeVisible(arrives);
  await page.unroute("**/blocks/0", hang);

  await page.route("**/blocks/0", (route) => route.abort("connectionreset"), { times: 1 });
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(dialog.getByText("500 rows are visible")).toBeVisible(arrives);
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByRole("tab", { name: "Sessions" }).click();
  await expect(page.getByRole("row").filter({ hasText: "aborted" })).toHaveCount(1);
  expect((await listKeys(s3, bucketName, `e2e/${name}/`)).length).toBe(1);

  const asked: string[] = [];
  const cutOff = csvOf(0, 500).slice(0, 3_000);
  await page.route("**/rows?*", async (route) => {
    asked.push(new URL(route.request().url()).searchParams.get("from") ?? "0");
    if (asked.length > 1) return route.continue();
    return route.fulfill({ contentType: "text/csv", body: cutOff });
  });
  await page.getByRole("button", { name: "Download", exact: true }).click();
  const down = page.getByRole("dialog", { name: `Download ${name}` });
  await down.getByRole("button", { name: "Download", exact: true }).click();
  await expect(down.getByText("500 rows downloaded")).toBeVisible(arrives);
  expect(asked).toEqual(["0", expect.stringMatching(/^[1-9]\d*$/)]);
  const saved = await page.evaluate(async (file) => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle(file);
    return (await handle.getFile()).text();
  }, `${name}.csv`);
  expect(saved).toBe(csvOf(0, 500));
});

test("small objects are merged on a click into a copy with a folder and a statement of its own", async ({
  signedIn: page,
  api,
  s3,
}) => {
  test.slow();
  const name = unique("merged");
  await createDataset(api, name);
  await uploadBlocks(api, name, [csvOf(0, 10), csvOf(10, 20), csvOf(20, 30)]);
  await page.goto(`/datasets/${name}?tab=merges`);
  await page.getByRole("button", { name: "Set up merging" }).click();
  const settings = page.getByRole("dialog", { name: `Merging of ${name}` });
  const preview = settings.getByRole("region", { name: "What these settings would do now" });
  await expect(preview).toContainText("3 objects in 1 partition wait for company");
  await settings.getByLabel("Small objects that begin a merge").fill("1");
  await expect(settings.getByLabel("Small objects that begin a merge")).toHaveAttribute(
    "aria-invalid",
    "true",
  );
  await settings.getByLabel("Small objects that begin a merge").fill("3");
  await expect(preview).toContainText("3 objects with 30 rows become about 1 object");
  // Off: nothing begins by itself before the click.
  await settings.getByRole("radio", { name: /^Off/ }).check();
  await settings.getByRole("radio", { name: /^Sorted/ }).check();
  await settings.getByLabel("Order column 1").selectOption("price");
  await settings.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("sorted by price")).toBeVisible();
  await expect(page.getByText("No merges yet")).toBeVisible();

  await page.getByRole("button", { name: "Merge now" }).click();
  const ask = page.getByRole("dialog", { name: `Merge ${name} now?` });
  await expect(ask.getByText("3 objects in 1 partition have no merged copy yet")).toBeVisible();
  await ask.getByRole("button", { name: "Merge", exact: true }).click();
  const merge = page.getByRole("row").filter({ hasText: "The whole dataset" });
  await expect(merge).toContainText("visible", arrives);
  await expect(merge).toContainText("3 → 1");
  await expect(merge).toContainText("stay");
  await expect(figure(page, "Merged rows")).toHaveText("30", arrives);
  await expect(figure(page, "Taken twice")).not.toHaveText("0 B");
  expect((await listKeys(s3, bucketName, `e2e/${name}_merged/`)).length).toBe(1);
  expect((await listKeys(s3, bucketName, `e2e/${name}/`)).length).toBe(3);
  await page.getByRole("button", { name: "View its statement" }).click();
  const statement = page.getByRole("textbox", { name: "Statement" });
  await expect(statement).toHaveValue(new RegExp(`e2e/${name}_merged`));
});

/** As an upload of several files does. */
async function uploadBlocks(api: APIRequestContext, name: string, blocks: readonly string[]) {
  const uploads = `/api/v1/datasets/${name}/upload-sessions`;
  const { id } = await (await api.post(uploads, { data: {} })).json();
  for (const [block, data] of blocks.entries()) {
    const headers = { "content-type": "text/csv" };
    const put = await api.put(`${uploads}/${id}/blocks/${block}`, { data, headers });
    expect(put.status(), await put.text()).toBe(200);
  }
  const commit = await api.post(`${uploads}/${id}/commit`, {
    data: { blocks: [...blocks.keys()] },
  });
  expect(commit.status(), await commit.text()).toBe(200);
}

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
