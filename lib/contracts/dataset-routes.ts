import { defineRoutes, noQuery } from "./api-route";
import {
  datasetBodySchema,
  datasetListQuerySchema,
  datasetPageSchema,
  datasetPatchSchema,
  datasetViewSchema,
} from "./dataset-body";
import {
  datasetObjectListQuerySchema,
  datasetObjectPageSchema,
  partitionListQuerySchema,
  partitionPageSchema,
} from "./dataset-lists";
import { downloadSessionRoutes } from "./download-session-routes";
import { mergeRoutes } from "./merge-routes";
import { streamSessionRoutes } from "./stream-session-routes";
import { datasetDdlQuerySchema, ddlViewSchema } from "./task-ddl";
import { uploadSessionRoutes } from "./upload-session-routes";
import {
  verifyDatasetBodySchema,
  verifyQuerySchema,
  verifyRunSchema,
  verifyStateSchema,
} from "./verify-run";

/** The routes of datasets. */
export const datasetRoutes = defineRoutes({
  listDatasets: {
    method: "GET",
    path: "/api/v1/datasets",
    summary: "Datasets by name: those that sessions write, and what each task delivers",
    role: "viewer",
    query: datasetListQuerySchema,
    status: 200,
    response: datasetPageSchema,
    isShared: true,
  },
  createDataset: {
    method: "POST",
    path: "/api/v1/datasets",
    summary: "Create a dataset in a folder of its own",
    role: "administrator",
    query: noQuery,
    body: datasetBodySchema,
    status: 201,
    response: datasetViewSchema,
  },
  getDataset: {
    method: "GET",
    path: "/api/v1/datasets/{name}",
    summary: "A dataset's place, schema and totals",
    role: "viewer",
    query: noQuery,
    status: 200,
    response: datasetViewSchema,
    isShared: true,
  },
  updateDataset: {
    method: "PATCH",
    path: "/api/v1/datasets/{name}",
    summary: "Add columns at the end of the schema, as its next version",
    role: "administrator",
    query: noQuery,
    body: datasetPatchSchema,
    status: 200,
    response: datasetViewSchema,
  },
  deleteDataset: {
    method: "DELETE",
    path: "/api/v1/datasets/{name}",
    summary: "Forget a dataset; its objects stay",
    role: "administrator",
    query: noQuery,
    status: 204,
  },
  renderDatasetDdl: {
    method: "GET",
    path: "/api/v1/datasets/{name}/ddl",
    summary: "The statement that reads the dataset's objects as a table",
    role: "viewer",
    query: datasetDdlQuerySchema,
    status: 200,
    response: ddlViewSchema,
  },
  listDatasetObjects: {
    method: "GET",
    path: "/api/v1/datasets/{name}/objects",
    summary: "The ledger of the dataset's objects of rows, newest first",
    role: "viewer",
    query: datasetObjectListQuerySchema,
    status: 200,
    response: datasetObjectPageSchema,
    isShared: true,
  },
  listDatasetPartitions: {
    method: "GET",
    path: "/api/v1/datasets/{name}/partitions",
    summary: "The dataset's folders, with what was decided in each",
    role: "viewer",
    query: partitionListQuerySchema,
    status: 200,
    response: partitionPageSchema,
    isShared: true,
  },
  verifyDataset: {
    method: "POST",
    path: "/api/v1/datasets/{name}/verify",
    summary: "Compare the dataset's folders with the ledger; a delivery worker does it",
    role: "operator",
    query: noQuery,
    body: verifyDatasetBodySchema,
    status: 201,
    response: verifyRunSchema,
  },
  getDatasetVerification: {
    method: "GET",
    path: "/api/v1/datasets/{name}/verify",
    summary: "The dataset's newest verification, or the one of that id, with its report",
    role: "viewer",
    query: verifyQuerySchema,
    status: 200,
    response: verifyStateSchema,
  },
  ...uploadSessionRoutes,
  ...downloadSessionRoutes,
  ...streamSessionRoutes,
  ...mergeRoutes,
});
