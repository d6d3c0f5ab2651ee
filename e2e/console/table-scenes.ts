import type { Page } from "@playwright/test";
import { databaseAway, pageOf, sources, table, tables } from "./sample-answers";
import { type Answers, noConnection, Refusal, type Scene, silence } from "./scene";
import * as answers from "./table-answers";

const tablesPath = "/sources/embedded/tables";
const tunnelsPath = "/sources/embedded/tunnels";
const ordersPath = `${tablesPath}/orders`;
const tunnelPath = `${ordersPath}/tunnels/culvert-orders-lake-4f1c2a9e`;

const common: Answers = {
  "/sources": sources,
  [tablesPath]: tables,
  [ordersPath]: table,
  [`${ordersPath}/rows`]: answers.rows,
  [tunnelsPath]: answers.tunnels,
  [tunnelPath]: answers.streamingTunnel,
};

const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name }).first().click();
};

const lists = "/tables?source=embedded";
const orders = "/tables/embedded/orders";

export const tableScenes: readonly Scene[] = [
  { name: "tables-full", path: lists, answers: common, shows: "orders" },
  {
    name: "tables-empty",
    path: lists,
    answers: { ...common, [tablesPath]: pageOf([]) },
    shows: "No tables yet",
  },
  {
    name: "tables-loading",
    path: lists,
    answers: { ...common, [tablesPath]: silence },
    shows: "Tables",
  },
  {
    name: "tables-unreachable",
    path: lists,
    answers: { ...common, [tablesPath]: noConnection },
    shows: "The console does not answer",
  },
  {
    name: "table-new",
    path: lists,
    answers: common,
    act: press("Create a table"),
    shows: "The primary key is fixed from then on.",
  },
  { name: "table-rows", path: orders, answers: common, shows: "order-000003" },
  {
    name: "table-rows-empty",
    path: orders,
    answers: { ...common, [`${ordersPath}/rows`]: answers.noRows },
    shows: "No rows yet",
  },
  {
    name: "table-rows-loading",
    path: orders,
    answers: { ...common, [`${ordersPath}/rows`]: silence },
    shows: "Insert a row",
  },
  {
    name: "table-loading",
    path: orders,
    answers: { ...common, [ordersPath]: silence },
    shows: "orders",
  },
  {
    name: "table-database-away",
    path: orders,
    answers: { ...common, [ordersPath]: new Refusal(databaseAway) },
    shows: "Culvert's database does not answer",
  },
  {
    name: "table-row-new",
    path: orders,
    answers: common,
    act: press("Insert a row"),
    shows: "Integers are exact to 64 bits.",
  },
  {
    name: "table-import",
    path: orders,
    answers: common,
    act: press("Import"),
    shows: "Rows are written over those of the same keys.",
  },
  { name: "table-schema", path: `${orders}?tab=schema`, answers: common, shows: "quantity" },
  { name: "table-settings", path: `${orders}?tab=settings`, answers: common, shows: "Stream" },
];

const tunnelList = "/tunnels?source=embedded";
const tunnel = "/tunnels/embedded/orders/culvert-orders-lake-4f1c2a9e";

export const tunnelScenes: readonly Scene[] = [
  { name: "tunnels-full", path: tunnelList, answers: common, shows: "reader-of-our-own" },
  {
    name: "tunnels-empty",
    path: tunnelList,
    answers: { ...common, [tunnelsPath]: pageOf([]) },
    shows: "No tunnels yet",
  },
  {
    name: "tunnels-loading",
    path: tunnelList,
    answers: { ...common, [tunnelsPath]: silence },
    shows: "Tunnels",
  },
  {
    name: "tunnels-unreachable",
    path: tunnelList,
    answers: { ...common, [tunnelsPath]: noConnection },
    shows: "The console does not answer",
  },
  { name: "tunnel-streaming", path: tunnel, answers: common, shows: "Behind the table" },
  {
    name: "tunnel-new",
    path: tunnel,
    answers: { ...common, [tunnelPath]: answers.newTunnel },
    shows: "No channels yet",
  },
  {
    name: "tunnel-expired",
    path: tunnel,
    answers: { ...common, [tunnelPath]: answers.expiredTunnel },
    shows: "The stream was trimmed before it was read",
  },
  {
    name: "tunnel-loading",
    path: tunnel,
    answers: { ...common, [tunnelPath]: silence },
    shows: "culvert-orders-lake-4f1c2a9e",
  },
  {
    name: "tunnel-database-away",
    path: tunnel,
    answers: { ...common, [tunnelPath]: new Refusal(databaseAway) },
    shows: "Culvert's database does not answer",
  },
  {
    name: "tunnel-split-refused",
    path: tunnel,
    answers: { ...common, [`POST ${tunnelPath}/split`]: new Refusal(answers.splitRefused) },
    act: async (page) => {
      await press(/^Split channel/)(page);
      await page.getByRole("dialog").getByRole("button", { name: "Split the channel" }).click();
    },
    shows: "OTSParameterInvalid: The table has no such channel that is written.",
  },
];
