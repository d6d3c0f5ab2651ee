import type { Page } from "@playwright/test";
import {
  datasetListScenes,
  datasetMergeScenes,
  datasetScenes,
  datasetTransferScenes,
} from "./dataset-scenes";
import * as answers from "./sample-answers";
import { type Answers, noConnection, Refusal, type Scene, silence } from "./scene";
import { tableScenes, tunnelScenes } from "./table-scenes";
import { verifyScenes } from "./verify-scenes";

const common: Answers = {
  "/tasks": answers.pageOf(answers.taskOfEveryStatus, 48),
  "/sources": answers.sources,
  "/destinations": answers.destinations,
  "/sources/embedded/tables": answers.tables,
  "/sources/embedded/tables/orders": answers.table,
  "POST /tasks/preview": answers.preview,
};

const taskAnswers = (task: object): Answers => ({
  ...common,
  "/tasks/orders-lake": task,
  "/tasks/orders-lake/objects": answers.objects,
  "/tasks/orders-lake/dirty": answers.dirty,
  "/tasks/orders-lake/channels": answers.channels,
  "/tasks/orders-lake/ddl": answers.statement,
  "POST /destinations/embedded/probe": answers.failedProbe,
});

const openTab = (name: string) => async (page: Page) => {
  await page.getByRole("tab", { name }).click();
};
const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name }).first().click();
};

async function fillForm(page: Page): Promise<void> {
  await page.getByLabel("Task name").fill("orders-lake");
  await page.getByLabel("Source", { exact: true }).selectOption("embedded");
  await page.getByLabel("Source table").selectOption("orders");
  await page.getByLabel("Destination bucket").selectOption("embedded");
  await page
    .getByLabel("Destination prefix")
    .fill("warehouse/Orders/year=$yyyy/month=$MM/day=$dd/hour=$HH/minute=$mm");
}

const listScenes: readonly Scene[] = [
  { name: "tasks-full", path: "/tasks", answers: common, shows: "bucket-is-gone" },
  {
    name: "tasks-empty",
    path: "/tasks",
    answers: { ...common, "/tasks": answers.pageOf([]) },
    shows: "No tasks yet",
  },
  {
    name: "tasks-loading",
    path: "/tasks",
    answers: { ...common, "/tasks": silence },
    shows: "Delivery tasks",
  },
  {
    name: "tasks-unreachable",
    path: "/tasks",
    answers: { ...common, "/tasks": noConnection },
    shows: "The console does not answer",
  },
  {
    name: "tasks-database-away",
    path: "/tasks",
    answers: { ...common, "/tasks": new Refusal(answers.databaseAway) },
    shows: "Culvert's database does not answer",
  },
  { name: "sources-full", path: "/sources", answers: common, shows: "orders-production" },
  {
    name: "sources-empty",
    path: "/sources",
    answers: { ...common, "/sources": answers.pageOf([]) },
    shows: "No sources yet",
  },
  {
    name: "source-new",
    path: "/sources",
    answers: common,
    act: press("Add a source"),
    shows: "Access key secret",
  },
  {
    name: "destinations-full",
    path: "/destinations",
    answers: common,
    shows: "data-lake-production-eu",
  },
  {
    name: "destinations-empty",
    path: "/destinations",
    answers: { ...common, "/destinations": answers.pageOf([]) },
    shows: "No destinations yet",
  },
  {
    name: "destination-invalid",
    path: "/destinations?edit=embedded",
    answers: {
      ...common,
      "PATCH /destinations/embedded": new Refusal(answers.invalidDestination),
    },
    act: press("Save"),
    shows: /lowercase letters, digits, dots/,
  },
  {
    name: "destination-test-failed",
    path: "/destinations",
    answers: { ...common, "POST /destinations/embedded/probe": answers.failedProbe },
    act: press("Test"),
    shows: "The policy that the key needs",
  },
  {
    name: "destination-test-passed",
    path: "/destinations",
    answers: { ...common, "POST /destinations/embedded/probe": answers.passedProbe },
    act: press("Test"),
    shows: "Culvert can deliver to this bucket",
  },
  {
    name: "destination-delete-refused",
    path: "/destinations",
    answers: { ...common, "DELETE /destinations/embedded": new Refusal(answers.inUse) },
    act: async (page) => {
      await press(/^Delete Embedded/)(page);
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    },
    shows: "12 tasks deliver to this destination.",
  },
];

const formScenes: readonly Scene[] = [
  { name: "new-task-blank", path: "/tasks/new", answers: common, shows: "Synchronisation mode" },
  {
    name: "new-task-filled",
    path: "/tasks/new",
    answers: common,
    act: fillForm,
    shows: "Object key",
  },
  {
    name: "new-task-manual",
    path: "/tasks/new",
    answers: common,
    act: async (page) => {
      await fillForm(page);
      await page.getByRole("radio", { name: /Manual/ }).check();
      await press("Take the table's columns")(page);
    },
    shows: "Add a column",
  },
  {
    name: "new-task-invalid",
    path: "/tasks/new",
    answers: { ...common, "POST /tasks": new Refusal(answers.invalidTask) },
    act: async (page) => {
      await page.getByLabel("Destination prefix").fill("/$year/$MM");
      await page.getByRole("radio", { name: /Manual/ }).check();
      await press("Add a column")(page);
      await press("Create task")(page);
    },
    shows: "The input cannot work",
  },
];

const taskScenes: readonly Scene[] = [
  {
    name: "task-overview",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.task),
    shows: "Account of every record",
  },
  {
    name: "task-loading",
    path: "/tasks/orders-lake",
    answers: { ...common, "/tasks/orders-lake": silence },
    shows: "orders-lake",
  },
  {
    name: "task-not-found",
    path: "/tasks/orders-lake",
    answers: { ...common, "/tasks/orders-lake": new Refusal(answers.taskNotFound) },
    shows: "There is no such task",
  },
  {
    name: "task-in-trouble",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.taskInTrouble),
    shows: "OTSTunnelExpired: The stream was trimmed before it was read",
  },
  {
    name: "task-continue",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.taskInTrouble),
    act: press("Continue from the oldest readable record"),
    shows: "Continue behind the gap?",
  },
  {
    name: "task-policy",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.taskInTrouble),
    act: press("Show the policy"),
    shows: "What the destination's key has to be allowed",
  },
  {
    name: "task-completed",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.completedTask),
    shows: "Account of every record",
  },
  {
    name: "task-new",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.newTask),
    shows: "Account of every record",
  },
  {
    name: "task-full-phase",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.fullTask),
    shows: "Full phase",
  },
  {
    name: "task-objects",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.task),
    act: openTab("Objects"),
    shows: "40 of 48,216 objects",
  },
  {
    name: "task-objects-empty",
    path: "/tasks/orders-lake",
    answers: { ...taskAnswers(answers.task), "/tasks/orders-lake/objects": answers.pageOf([]) },
    act: openTab("Objects"),
    shows: "No objects yet",
  },
  {
    name: "task-dirty",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.task),
    act: openTab("Dirty values"),
    shows: "318 dirty values, 24 unreadable records",
  },
  {
    name: "task-dirty-empty",
    path: "/tasks/orders-lake",
    answers: { ...taskAnswers(answers.task), "/tasks/orders-lake/dirty": answers.noDirty },
    act: openTab("Dirty values"),
    shows: "Nothing dirty",
  },
  {
    name: "task-channels",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.task),
    act: openTab("Channels"),
    shows: "4 of 4 channels",
  },
  {
    name: "task-settings",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.task),
    act: openTab("Settings"),
    shows: "Schema mapping, version 3",
  },
  {
    name: "task-settings-wide",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.wideTask),
    act: openTab("Settings"),
    shows: "measurement_119",
  },
  {
    name: "task-edit",
    path: "/tasks/orders-lake?tab=settings",
    answers: taskAnswers(answers.task),
    act: press("Edit settings"),
    shows: "Change settings",
  },
  {
    name: "task-statement",
    path: "/tasks/orders-lake",
    answers: taskAnswers(answers.task),
    act: press("View statement"),
    shows: "Run MSCK REPAIR TABLE again when new partitions appeared.",
  },
  {
    name: "task-delete-refused",
    path: "/tasks/orders-lake",
    answers: {
      ...taskAnswers(answers.task),
      "DELETE /tasks/orders-lake": new Refusal(answers.initialising),
    },
    act: async (page) => {
      await press("Delete the task")(page);
      await page.getByLabel("Type orders-lake to confirm").fill("orders-lake");
      await page.getByRole("dialog").getByRole("button", { name: "Delete the task" }).click();
    },
    shows: "The task is still initialising",
  },
];

const otherScenes: readonly Scene[] = [
  { name: "no-such-page", path: "/reports", answers: common, shows: "There is no such page" },
  {
    name: "no-such-task-page",
    path: "/tasks/a/b",
    answers: common,
    shows: "There is no such page",
  },
];

/** A page's scenes stand together: they are looked at one after the other in one window. */
export const scenesByPlace: Readonly<Record<string, readonly Scene[]>> = {
  lists: listScenes,
  "the form": formScenes,
  "a task": taskScenes.slice(0, 10),
  "a task's tabs and dialogs": taskScenes.slice(10),
  "a task's verification": verifyScenes(taskAnswers(answers.task)),
  datasets: [...datasetListScenes, ...datasetScenes],
  "a dataset's uploads, downloads and merges": [...datasetTransferScenes, ...datasetMergeScenes],
  "tables and rows": tableScenes,
  tunnels: tunnelScenes,
  "addresses that are no page": otherScenes,
};
