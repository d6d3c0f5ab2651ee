import { defineRoutes, noQuery } from "./api-route";
import {
  downloadRowsQuerySchema,
  downloadSessionBodySchema,
  downloadSessionViewSchema,
} from "./download-session-body";
import { rowFormats } from "./upload-session-body";

/** The routes of download sessions: snapshots that are read in pieces, in any order, at the same time. */
export const downloadSessionRoutes = defineRoutes({
  createDownloadSession: {
    method: "POST",
    path: "/api/v1/datasets/{name}/download-sessions",
    summary: "Keep a snapshot of what is visible now, to be read for 24 hours",
    role: "downloader",
    query: noQuery,
    body: downloadSessionBodySchema,
    status: 201,
    response: downloadSessionViewSchema,
  },
  getDownloadSession: {
    method: "GET",
    path: "/api/v1/datasets/{name}/download-sessions/{id}",
    summary: "A snapshot's columns and number of rows",
    role: "downloader",
    query: noQuery,
    status: 200,
    response: downloadSessionViewSchema,
  },
  readDownloadRows: {
    method: "GET",
    path: "/api/v1/datasets/{name}/download-sessions/{id}/rows",
    summary:
      "Rows [from, from + count) of chosen columns; a broken read is taken up by its next row",
    role: "downloader",
    query: downloadRowsQuerySchema,
    rowsOut: Object.values(rowFormats),
    status: 200,
  },
});
