import { defineRoutes, noQuery } from "./api-route";
import { datasetViewSchema } from "./dataset-body";
import {
  mergeListQuerySchema,
  mergePageSchema,
  mergePreviewSchema,
  mergeRequestSchema,
  mergeSettingsBodySchema,
  mergesAskedSchema,
} from "./merge-body";

/** The routes of merging: small objects of a dataset become large ones in a folder of their own. */
export const mergeRoutes = defineRoutes({
  setMergeSettings: {
    method: "PUT",
    path: "/api/v1/datasets/{name}/merge-settings",
    summary: "Say whether and how the dataset's objects are merged",
    role: "administrator",
    query: noQuery,
    body: mergeSettingsBodySchema,
    status: 200,
    response: datasetViewSchema,
  },
  previewMerges: {
    method: "POST",
    path: "/api/v1/datasets/{name}/merges/preview",
    summary: "What such settings would do now, without doing it",
    role: "viewer",
    query: noQuery,
    body: mergeSettingsBodySchema,
    status: 200,
    response: mergePreviewSchema,
  },
  listMerges: {
    method: "GET",
    path: "/api/v1/datasets/{name}/merges",
    summary: "The dataset's merges, newest first",
    role: "viewer",
    query: mergeListQuerySchema,
    status: 200,
    response: mergePageSchema,
  },
  askForMerges: {
    method: "POST",
    path: "/api/v1/datasets/{name}/merges",
    summary: "Merge what is there, without waiting for there to be enough of it",
    role: "operator",
    query: noQuery,
    body: mergeRequestSchema,
    status: 201,
    response: mergesAskedSchema,
  },
});
