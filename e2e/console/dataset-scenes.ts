import type { Page } from "@playwright/test";
import { dropFiles } from "../support/dropped-files";
import * as answers from "./dataset-answers";
import { databaseAway, destinations, pageOf, statement } from "./sample-answers";
import { type Answers, noConnection, Refusal, type Scene, silence } from "./scene";

const path = "/datasets/sales";
const blockPath = `${path}/upload-sessions/${answers.openUpload.id}/blocks/0`;
const rowsPath = `${path}/download-sessions/${answers.downloadSession.id}/rows`;

const common: Answers = {
  "/datasets": answers.datasets,
  "/destinations": destinations,
  [path]: answers.dataset,
  [`${path}/objects`]: answers.objects,
  [`${path}/partitions`]: answers.partitions,
  [`${path}/upload-sessions`]: answers.uploads,
  [`${path}/stream-sessions`]: answers.streams,
  [`${path}/merges`]: answers.merges,
  [`${path}/ddl`]: statement,
  [`POST ${path}/merges/preview`]: answers.mergePreview,
  [`POST ${path}/upload-sessions`]: answers.openUpload,
  // How a session's end is answered changes nothing on the page.
  [`DELETE ${path}/upload-sessions/${answers.openUpload.id}`]: noConnection,
  [`PUT ${blockPath}`]: answers.block,
  [`POST ${path}/upload-sessions/${answers.openUpload.id}/commit`]: answers.committedUpload,
  [`POST ${path}/download-sessions`]: answers.downloadSession,
  [rowsPath]: silence,
};
const ofTask: Answers = { "/datasets/orders-lake": answers.taskDataset };

const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name, exact: true }).first().click();
};

/** Files dropped on the page, and the partition named. */
async function fillUpload(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Upload", exact: true }).waitFor();
  await dropFiles(page, "main", [
    { name: "sales-of-january.csv", text: "id,amount\n1,2.5\n".repeat(4_000) },
    { name: "export", text: "" },
  ]);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("ds").fill("2026-01-01");
  await dialog.getByLabel("region").fill("eu");
}

async function upload(page: Page): Promise<void> {
  await fillUpload(page);
  await page.getByRole("button", { name: "Leave out export" }).click();
  await press("Upload")(page);
}

async function download(page: Page): Promise<void> {
  await page.evaluate(() => Reflect.deleteProperty(window, "showSaveFilePicker"));
  await press("Download")(page);
  await page.getByRole("dialog").getByRole("button", { name: "Download", exact: true }).click();
}

export const datasetListScenes: readonly Scene[] = [
  { name: "datasets-full", path: "/datasets", answers: common, shows: "orders-lake" },
  {
    name: "datasets-empty",
    path: "/datasets",
    answers: { ...common, "/datasets": pageOf([]) },
    shows: "No datasets yet",
  },
  {
    name: "datasets-loading",
    path: "/datasets",
    answers: { ...common, "/datasets": silence },
    shows: "Datasets",
  },
  {
    name: "datasets-unreachable",
    path: "/datasets",
    answers: { ...common, "/datasets": noConnection },
    shows: "The console does not answer",
  },
  {
    name: "dataset-create-invalid",
    path: "/datasets",
    answers: { ...common, "POST /datasets": new Refusal(answers.invalidDataset) },
    act: async (page) => {
      await press("Create a dataset")(page);
      await press("Add a partition column")(page);
      await press("Create the dataset")(page);
    },
    shows: "The input cannot work",
  },
];

export const datasetScenes: readonly Scene[] = [
  { name: "dataset-overview", path, answers: common, shows: "Schema, version 3" },
  {
    name: "dataset-new",
    path,
    answers: { ...common, [path]: answers.newDataset },
    shows: "Schema, version 1",
  },
  {
    name: "dataset-of-a-task",
    path: "/datasets/orders-lake",
    answers: ofTask,
    shows: "only the task",
  },
  {
    name: "dataset-loading",
    path,
    answers: { ...common, [path]: silence },
    shows: "sales",
  },
  {
    name: "dataset-not-found",
    path,
    answers: { ...common, [path]: new Refusal(answers.datasetNotFound) },
    shows: "There is no such dataset",
  },
  {
    name: "dataset-objects",
    path: `${path}?tab=objects`,
    answers: common,
    shows: "24 of 48,216 objects",
  },
  {
    name: "dataset-objects-empty",
    path: `${path}?tab=objects`,
    answers: { ...common, [`${path}/objects`]: pageOf([]) },
    shows: "No objects yet",
  },
  {
    name: "dataset-partitions",
    path: `${path}?tab=partitions`,
    answers: common,
    shows: "9 of 210 partitions",
  },
  {
    name: "dataset-partitions-database-away",
    path: `${path}?tab=partitions`,
    answers: { ...common, [`${path}/partitions`]: new Refusal(databaseAway) },
    shows: "Culvert's database does not answer",
  },
  {
    name: "dataset-sessions",
    path: `${path}?tab=sessions`,
    answers: common,
    shows: "lost by the store",
  },
  {
    name: "dataset-sessions-empty",
    path: `${path}?tab=sessions`,
    answers: {
      ...common,
      [`${path}/upload-sessions`]: pageOf([]),
      [`${path}/stream-sessions`]: pageOf([]),
    },
    shows: "No upload sessions yet",
  },
  {
    name: "dataset-sessions-of-a-task",
    path: "/datasets/orders-lake?tab=sessions",
    answers: ofTask,
    shows: "Only the task writes this dataset",
  },
];

export const datasetMergeScenes: readonly Scene[] = [
  {
    name: "dataset-verify",
    path: `${path}?tab=verify`,
    answers: { ...common, [`${path}/verify`]: answers.differing },
    shows: "The bucket differs from the ledger",
  },
  {
    name: "dataset-merges",
    path: `${path}?tab=merges`,
    answers: common,
    shows: "9 of 2,411 merges",
  },
  {
    name: "dataset-merges-not-set",
    path: `${path}?tab=merges`,
    answers: { ...common, [path]: answers.unmergedDataset },
    shows: "Nobody has said how to merge this dataset",
  },
  {
    name: "dataset-merge-settings",
    path: `${path}?tab=merges`,
    answers: common,
    act: press("Settings"),
    shows: "5,040 objects",
  },
  {
    name: "dataset-merge-now",
    path: `${path}?tab=merges`,
    answers: common,
    act: press("Merge now"),
    shows: "have no merged copy yet",
  },
];

export const datasetTransferScenes: readonly Scene[] = [
  {
    name: "dataset-upload-form",
    path,
    answers: common,
    act: async (page) => {
      await fillUpload(page);
      await page.getByRole("radio", { name: /^Overwrite/ }).check();
    },
    shows: "2,400,000 rows in 24 objects go",
  },
  {
    name: "dataset-upload-sending",
    path,
    answers: { ...common, [`PUT ${blockPath}`]: silence },
    act: upload,
    shows: "0 rows taken",
  },
  {
    name: "dataset-upload-busy",
    path,
    answers: { ...common, [`PUT ${blockPath}`]: new Refusal(answers.slotsExceeded) },
    act: upload,
    shows: "Trying again: All slots are in use",
  },
  {
    name: "dataset-upload-refused",
    path,
    answers: { ...common, [`PUT ${blockPath}`]: new Refusal(answers.malformedRows) },
    act: upload,
    shows: "Nothing of the upload is visible",
  },
  {
    name: "dataset-upload-visible",
    path,
    answers: common,
    act: upload,
    shows: "48,211 rows are visible",
  },
  {
    name: "dataset-download-form",
    path,
    answers: common,
    act: press("Download"),
    shows: "A snapshot of what is visible now",
  },
  {
    name: "dataset-download-reading",
    path,
    answers: common,
    act: download,
    shows: "0 of 1,284,629,873 rows",
  },
];
