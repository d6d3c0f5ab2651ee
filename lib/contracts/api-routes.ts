import { z } from "zod";
import {
  destinationBodySchema,
  destinationListQuerySchema,
  destinationPageSchema,
  destinationPatchSchema,
  destinationProbeSchema,
  destinationViewSchema,
} from "./destination-body";
import { healthSchema } from "./health-view";
import {
  importBodySchema,
  importResultSchema,
  rowBodySchema,
  rowKeySchema,
  rowListQuerySchema,
  rowPageSchema,
  rowPatchSchema,
} from "./row-body";
import {
  sourceBodySchema,
  sourceListQuerySchema,
  sourcePageSchema,
  sourcePatchSchema,
  sourceViewSchema,
  tableListQuerySchema,
  tablePageSchema,
  tableViewSchema,
} from "./source-body";
import { tableBodySchema, tablePatchSchema } from "./table-body";
import { taskBodySchema, taskPatchSchema } from "./task-body";
import { ddlQuerySchema, ddlViewSchema } from "./task-ddl";
import {
  channelListQuerySchema,
  channelPageSchema,
  dirtyListQuerySchema,
  dirtyPageSchema,
  objectListQuerySchema,
  objectPageSchema,
} from "./task-lists";
import { previewBodySchema, previewSchema } from "./task-preview";
import { taskListQuerySchema, taskPageSchema, taskViewSchema } from "./task-view";
import {
  tunnelBodySchema,
  tunnelListQuerySchema,
  tunnelPageSchema,
  tunnelViewSchema,
} from "./tunnel-body";

/** Each role may do what the ones before it may. */
export const roles = ["viewer", "operator", "administrator"] as const;
export type Role = (typeof roles)[number];
export const roleSchema = z.enum(roles);

export type ApiRoute = {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: `/api/v1/${string}`;
  readonly summary: string;
  /** The least role that may; null needs no key. */
  readonly role: Role | null;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status: 200 | 201 | 204;
  readonly response?: z.ZodType;
};

const noQuery = z.strictObject({});

function defineRoutes<const T extends Record<string, ApiRoute>>(routes: T): T {
  return routes;
}

/** Every route of the REST API: who may call it, what it takes and what it answers. */
export const apiRoutes = defineRoutes({
  getHealth: {
    method: "GET",
    path: "/api/v1/health",
    summary: "Whether every part serves; 503 names those that do not",
    role: null,
    query: noQuery,
    status: 200,
    response: healthSchema,
  },
  listTasks: {
    method: "GET",
    path: "/api/v1/tasks",
    summary: "Tasks, newest first",
    role: "viewer",
    query: taskListQuerySchema,
    status: 200,
    response: taskPageSchema,
  },
  createTask: {
    method: "POST",
    path: "/api/v1/tasks",
    summary: "Create a task and its tunnel; every problem of the input comes back at once",
    role: "administrator",
    query: noQuery,
    body: taskBodySchema,
    status: 201,
    response: taskViewSchema,
  },
  previewTask: {
    method: "POST",
    path: "/api/v1/tasks/preview",
    summary: "Put sample rows through a mapping without creating anything",
    role: "viewer",
    query: noQuery,
    body: previewBodySchema,
    status: 200,
    response: previewSchema,
  },
  getTask: {
    method: "GET",
    path: "/api/v1/tasks/{name}",
    summary: "A task's settings, status, progress and account",
    role: "viewer",
    query: noQuery,
    status: 200,
    response: taskViewSchema,
  },
  updateTask: {
    method: "PATCH",
    path: "/api/v1/tasks/{name}",
    summary: "Change schema, flush, compression, dirty prefix, metadata columns or thresholds",
    role: "administrator",
    query: noQuery,
    body: taskPatchSchema,
    status: 200,
    response: taskViewSchema,
  },
  deleteTask: {
    method: "DELETE",
    path: "/api/v1/tasks/{name}",
    summary: "Delete a task; delivered objects stay. Refused while the task is initialising",
    role: "administrator",
    query: noQuery,
    status: 204,
  },
  pauseTask: {
    method: "POST",
    path: "/api/v1/tasks/{name}/pause",
    summary: "Hold the position; nothing is lost",
    role: "operator",
    query: noQuery,
    status: 200,
    response: taskViewSchema,
  },
  resumeTask: {
    method: "POST",
    path: "/api/v1/tasks/{name}/resume",
    summary: "Go on from where the task was paused",
    role: "operator",
    query: noQuery,
    status: 200,
    response: taskViewSchema,
  },
  listObjects: {
    method: "GET",
    path: "/api/v1/tasks/{name}/objects",
    summary: "The ledger of the task's objects, newest first",
    role: "viewer",
    query: objectListQuerySchema,
    status: 200,
    response: objectPageSchema,
  },
  listDirty: {
    method: "GET",
    path: "/api/v1/tasks/{name}/dirty",
    summary: "Samples of dirty values, newest first, beside their exact counts",
    role: "viewer",
    query: dirtyListQuerySchema,
    status: 200,
    response: dirtyPageSchema,
  },
  listChannels: {
    method: "GET",
    path: "/api/v1/tasks/{name}/channels",
    summary: "The task's channels by lane",
    role: "viewer",
    query: channelListQuerySchema,
    status: 200,
    response: channelPageSchema,
  },
  renderTaskDdl: {
    method: "GET",
    path: "/api/v1/tasks/{name}/ddl",
    summary: "The statement that reads the delivered objects as a table",
    role: "viewer",
    query: ddlQuerySchema,
    status: 200,
    response: ddlViewSchema,
  },
  listSources: {
    method: "GET",
    path: "/api/v1/sources",
    summary: "Sources by name",
    role: "viewer",
    query: sourceListQuerySchema,
    status: 200,
    response: sourcePageSchema,
  },
  createSource: {
    method: "POST",
    path: "/api/v1/sources",
    summary: "Add a place that tables are read from",
    role: "administrator",
    query: noQuery,
    body: sourceBodySchema,
    status: 201,
    response: sourceViewSchema,
  },
  updateSource: {
    method: "PATCH",
    path: "/api/v1/sources/{id}",
    summary: "Change a source's name, endpoint or access key",
    role: "administrator",
    query: noQuery,
    body: sourcePatchSchema,
    status: 200,
    response: sourceViewSchema,
  },
  deleteSource: {
    method: "DELETE",
    path: "/api/v1/sources/{id}",
    summary: "Remove a source that no task reads from",
    role: "administrator",
    query: noQuery,
    status: 204,
  },
  listTables: {
    method: "GET",
    path: "/api/v1/sources/{id}/tables",
    summary: "The source's tables by name",
    role: "viewer",
    query: tableListQuerySchema,
    status: 200,
    response: tablePageSchema,
  },
  getTable: {
    method: "GET",
    path: "/api/v1/sources/{id}/tables/{table}",
    summary: "A table's columns, defined and seen, its settings, and the tasks that read it",
    role: "viewer",
    query: noQuery,
    status: 200,
    response: tableViewSchema,
  },
  createTable: {
    method: "POST",
    path: "/api/v1/sources/{id}/tables",
    summary: "Create a table",
    role: "administrator",
    query: noQuery,
    body: tableBodySchema,
    status: 201,
    response: tableViewSchema,
  },
  updateTable: {
    method: "PATCH",
    path: "/api/v1/sources/{id}/tables/{table}",
    summary: "Change a table's stream or time to live",
    role: "administrator",
    query: noQuery,
    body: tablePatchSchema,
    status: 200,
    response: tableViewSchema,
  },
  deleteTable: {
    method: "DELETE",
    path: "/api/v1/sources/{id}/tables/{table}",
    summary: "Delete a table with its rows and tunnels. Refused while a task reads it",
    role: "administrator",
    query: noQuery,
    status: 204,
  },
  listRows: {
    method: "GET",
    path: "/api/v1/sources/{id}/tables/{table}/rows",
    summary: "A table's rows in the order of their keys, narrowed by the first key column",
    role: "viewer",
    query: rowListQuerySchema,
    status: 200,
    response: rowPageSchema,
  },
  insertRow: {
    method: "POST",
    path: "/api/v1/sources/{id}/tables/{table}/rows",
    summary: "Insert a row; a taken key is refused",
    role: "administrator",
    query: noQuery,
    body: rowBodySchema,
    status: 204,
  },
  updateRow: {
    method: "PATCH",
    path: "/api/v1/sources/{id}/tables/{table}/rows",
    summary: "Set and remove attributes of a row that exists",
    role: "administrator",
    query: noQuery,
    body: rowPatchSchema,
    status: 204,
  },
  deleteRow: {
    method: "POST",
    path: "/api/v1/sources/{id}/tables/{table}/rows/delete",
    summary: "Delete the row of a key; keys are too long and too varied for an address",
    role: "administrator",
    query: noQuery,
    body: rowKeySchema,
    status: 204,
  },
  importRows: {
    method: "POST",
    path: "/api/v1/sources/{id}/tables/{table}/rows/import",
    summary: "Write up to 200 rows over those of the same keys; rows that cannot be are named",
    role: "administrator",
    query: noQuery,
    body: importBodySchema,
    status: 200,
    response: importResultSchema,
  },
  listTunnels: {
    method: "GET",
    path: "/api/v1/sources/{id}/tunnels",
    summary: "Tunnels by table and name, of one table or of all",
    role: "viewer",
    query: tunnelListQuerySchema,
    status: 200,
    response: tunnelPageSchema,
  },
  createTunnel: {
    method: "POST",
    path: "/api/v1/sources/{id}/tables/{table}/tunnels",
    summary: "Create a tunnel; its stream begins now",
    role: "administrator",
    query: noQuery,
    body: tunnelBodySchema,
    status: 201,
    response: tunnelViewSchema,
  },
  getTunnel: {
    method: "GET",
    path: "/api/v1/sources/{id}/tables/{table}/tunnels/{tunnel}",
    summary:
      "A tunnel, its channels, how far they are, and when what they have yet to read expires",
    role: "viewer",
    query: noQuery,
    status: 200,
    response: tunnelViewSchema,
  },
  deleteTunnel: {
    method: "DELETE",
    path: "/api/v1/sources/{id}/tables/{table}/tunnels/{tunnel}",
    summary: "Delete a tunnel that no task reads",
    role: "administrator",
    query: noQuery,
    status: 204,
  },
  listDestinations: {
    method: "GET",
    path: "/api/v1/destinations",
    summary: "Destinations by name",
    role: "viewer",
    query: destinationListQuerySchema,
    status: 200,
    response: destinationPageSchema,
  },
  createDestination: {
    method: "POST",
    path: "/api/v1/destinations",
    summary: "Add a bucket with its credentials",
    role: "administrator",
    query: noQuery,
    body: destinationBodySchema,
    status: 201,
    response: destinationViewSchema,
  },
  updateDestination: {
    method: "PATCH",
    path: "/api/v1/destinations/{id}",
    summary: "Mend a destination; held-up delivery goes on by itself",
    role: "administrator",
    query: noQuery,
    body: destinationPatchSchema,
    status: 200,
    response: destinationViewSchema,
  },
  deleteDestination: {
    method: "DELETE",
    path: "/api/v1/destinations/{id}",
    summary: "Remove a destination that no task delivers to",
    role: "administrator",
    query: noQuery,
    status: 204,
  },
  probeDestination: {
    method: "POST",
    path: "/api/v1/destinations/{id}/probe",
    summary: "Try each permission that delivery needs, leaving no object behind",
    role: "operator",
    query: noQuery,
    status: 200,
    response: destinationProbeSchema,
  },
});
export type ApiRouteName = keyof typeof apiRoutes;
