import { inUse, pageOf } from "./sample-answers";
import { clean } from "./verify-answers";

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const inMinutes = (minutes: number) => minutesAgo(-minutes);
const MiB = 1024 * 1024;
const uuid = (at: number) => `7f3c1d2e-5b6a-4c8d-9e0f-${String(at).padStart(12, "0")}`;

const merge = {
  isEnabled: true,
  folder: "lake/sales_merged",
  order: { kind: "zordered", columns: ["customer", "amount"] },
  smallBytes: 64 * MiB,
  objectsMin: 10,
  targetBytes: 256 * MiB,
  rowGroupRows: null,
  originals: "remove",
  graceSeconds: 3_600,
  merged: { objects: 412, rows: 1_204_338_112, bytes: 101_238_711_204 },
  doubledBytes: 4_238_711_204,
};

export const dataset = {
  name: "sales",
  origin: "dataset",
  destinationId: "embedded",
  bucket: "culvert-demo",
  folder: "lake/sales",
  partitionColumns: ["ds", "region"],
  columns: [
    { name: "id", type: "INT64" },
    { name: "customer", type: "UTF8" },
    { name: "amount", type: "DOUBLE" },
    { name: "paid", type: "BOOLEAN" },
    { name: "signature", type: "BINARY" },
    {
      name: "customer_delivery_address_line_that_nobody_shortened_in_parquet_either",
      type: "UTF8",
    },
  ],
  schemaVersion: 3,
  compression: "zstd",
  objects: 48_216,
  rows: 1_284_629_873,
  bytes: 114_238_711_204,
  merge: merge as typeof merge | null,
  createdAt: minutesAgo(60 * 24 * 12),
};

export const unmergedDataset = { ...dataset, merge: null };

export const newDataset = {
  ...dataset,
  ...{ objects: 0, rows: 0, bytes: 0, merge: null, partitionColumns: [], schemaVersion: 1 },
};

export const taskDataset = {
  ...dataset,
  name: "orders-lake",
  origin: "task",
  folder: "orders/year=$yyyy/month=$MM/day=$dd",
  partitionColumns: ["year", "month", "day"],
  merge: null,
};

export const datasets = pageOf(
  [
    {
      ...newDataset,
      name: "a-dataset-whose-name-is-about-as-long-as-anybody-would-type-it",
      folder:
        "warehouse/raw/uploads/orders-and-their-lines/of-european-tenants/as-they-were-exported",
      bucket: "acme-data-lake-production-european-tenants-eu-central-1",
      partitionColumns: ["ds"],
    },
    taskDataset,
    dataset,
    { ...dataset, name: "sensor-readings", folder: "lake/sensors", merge: null },
  ],
  48,
);

export const objects = pageOf(
  Array.from({ length: 24 }, (_, index) => {
    const writer = ["upload", "merge", "upload"][index % 3] ?? "upload";
    const partition = `lake/sales/ds=2026-01-${String(1 + (index % 9)).padStart(2, "0")}/region=eu`;
    return {
      objectId: uuid(index),
      key: `${partition}/sales_${uuid(index).replaceAll("-", "")}__${index + 1}.parquet`,
      partition,
      rows: 100_000 + index,
      bytes: 8_388_608 + index * 1_024,
      crc32: "6f2a9c10",
      writer,
      decidedAt: minutesAgo(index * 3),
      publishedAt: index === 0 ? null : minutesAgo(index * 3),
    };
  }),
  48_216,
);

export const partitions = pageOf(
  Array.from({ length: 9 }, (_, index) => {
    const day = `2026-01-0${index + 1}`;
    return {
      folder: `lake/sales/ds=${day}/region=eu`,
      spec: `ds=${day},region=eu`,
      objects: 24 - index,
      rows: 2_400_000 - index,
      bytes: 190_000_000,
      lastDecidedAt: minutesAgo(index * 60),
    };
  }),
  210,
);

const upload = {
  id: uuid(1),
  dataset: "sales",
  partition: "ds=2026-01-01,region=eu",
  folder: "lake/sales/ds=2026-01-01/region=eu",
  overwrite: false,
  status: "normal",
  schemaVersion: 3,
  createdAt: minutesAgo(12),
  expiresAt: inMinutes(60 * 24 - 12),
  blocks: 7,
  rows: 700_113,
  bytes: 48_211_004,
};
export const openUpload = { ...upload, blocks: 0, rows: 0, bytes: 0 };
export const committedUpload = { ...upload, status: "committed" };

export const uploads = pageOf([
  upload,
  { ...upload, id: uuid(2), status: "committing", overwrite: true },
  { ...upload, id: uuid(3), status: "committed", partition: "ds=2026-01-02,region=eu" },
  { ...upload, id: uuid(4), status: "critical" },
  { ...upload, id: uuid(5), status: "aborted", rows: 0, blocks: 0, bytes: 0 },
  { ...upload, id: uuid(6), status: "expired" },
]);

const stream = {
  id: uuid(11),
  dataset: "sales",
  status: "normal",
  slots: 4,
  schemaVersion: 3,
  columns: dataset.columns,
  flush: { bytes: 64 * MiB, milliseconds: 1_000 },
  createdAt: minutesAgo(90),
  expiresAt: inMinutes(58),
  lastFlushAt: minutesAgo(2) as string | null,
  flushes: 184_551,
  rows: 18_455_100,
  bytes: 2_238_711_204,
  partitions: 14,
};

export const streams = pageOf([
  stream,
  { ...stream, id: uuid(12), schemaVersion: 2, lastFlushAt: null, flushes: 0, rows: 0, bytes: 0 },
  { ...stream, id: uuid(13), status: "ended" },
  { ...stream, id: uuid(14), status: "expired" },
]);

export const block = {
  block: 0,
  format: "csv",
  rows: 48_211,
  bytes: 1_204_338,
  completedAt: minutesAgo(0),
};

const malformed = {
  ...inUse,
  status: 400,
  code: "session.data_malformed",
  documentedName: "MalformedDataStream" as string | null,
  title: "The rows cannot be read",
  cause: "Line 3, column amount: “12,5” is no number.",
  nextStep: "Correct what is named below and write the block again. Nothing of it was kept.",
};

export const malformedRows = {
  ...malformed,
  errors: [
    { field: "amount", line: 3, message: "Line 3: “12,5” is no number." },
    {
      field: "rows",
      line: 118,
      message: "Line 118: The line has 5 fields, and the first line has 4.",
    },
    {
      field: "customer_delivery_address_line_that_nobody_shortened_in_parquet_either",
      line: 2_004_118,
      message: "Line 2004118: A byte that is no UTF-8.",
    },
  ],
};

export const slotsExceeded = {
  ...malformed,
  status: 429,
  code: "session.slots_exceeded",
  documentedName: "SlotExceeded" as string | null,
  title: "All slots are in use",
  cause: "8 writes run at the same time.",
  nextStep: "Try again after the time that Retry-After names, or write less at a time.",
};

export const invalidDataset = {
  ...inUse,
  status: 422,
  code: "request.invalid",
  title: "The input cannot work",
  cause: "One or more fields are wrong.",
  nextStep: "Correct the fields named below.",
  errors: [
    { field: "name", message: "This must not be empty." },
    { field: "destinationId", message: "This is required." },
    {
      field: "folder",
      message:
        "lake/sales/part-0.parquet stands in the folder, and no dataset of these columns and partitions left it.",
    },
    { field: "columns[0].name", message: "This must not be empty." },
    {
      field: "partitionColumns[0]",
      message:
        "A partition column has 1 to 63 lowercase letters, digits and underscores, and begins with a letter.",
    },
  ],
};

export const datasetNotFound = {
  ...inUse,
  status: 404,
  code: "dataset.not_found",
  documentedName: "NoSuchTable" as string | null,
  title: "There is no such dataset",
  cause: "No dataset and no task is named sales.",
  nextStep: "Check the name in the list of datasets.",
};

export const downloadSession = {
  id: uuid(21),
  dataset: "sales",
  partition: null,
  status: "normal",
  rows: 1_284_629_873,
  objects: 48_216,
  columns: dataset.columns,
  partitionColumns: dataset.partitionColumns,
  createdAt: minutesAgo(0),
  expiresAt: inMinutes(60 * 24),
};

const plan = { objects: 24, rows: 2_400_000, bytes: 190_000_000, outputObjects: 1 };

export const mergePreview = {
  total: { objects: 5_040, rows: 504_000_000, bytes: 39_900_000_000, outputObjects: 210 },
  partitions: Array.from({ length: 200 }, (_, index) => ({
    ...plan,
    folder: `lake/sales/ds=2026-01-${index}/region=eu`,
    spec: `ds=2026-01-${index},region=eu`,
  })),
  partitionCount: 210,
  waiting: { objects: 18, partitions: 4 },
  extraBytes: 39_900_000_000,
  extraSeconds: 3_600,
};

const amounts = { objects: 24, rows: 2_400_000, bytes: 190_000_000 };
const merged = {
  id: uuid(31),
  partition: "lake/sales/ds=2026-01-01/region=eu",
  spec: "ds=2026-01-01,region=eu",
  state: "published",
  isAsked: false,
  inputs: amounts as typeof amounts | null,
  outputs: { objects: 1, rows: 2_400_000, bytes: 171_000_000 } as typeof amounts | null,
  order: merge.order as typeof merge.order | null,
  requestedAt: minutesAgo(44),
  startedAt: minutesAgo(44) as string | null,
  publishedAt: minutesAgo(43) as string | null,
  removeAfter: inMinutes(17) as string | null,
  originalsRemovedAt: null as string | null,
  attempt: 1,
  nextTryAt: null as string | null,
  error: null as typeof mergeFailure | null,
};
const mergeFailure = {
  code: "merge.disk_full",
  documentedName: null,
  fault: "transient",
  title: "The worker's disk has no room for a merge",
  cause: "It needs 2.1 GiB and 0.4 GiB are free.",
  nextStep: "Nothing to do yet: it is tried again. Make room if it lasts.",
};
const unbegun = {
  ...merged,
  ...{ outputs: null, publishedAt: null, removeAfter: null },
};

export const merges = pageOf(
  [
    {
      ...unbegun,
      ...{ id: uuid(32), state: "waiting", isAsked: true, inputs: null, order: null },
      ...{ startedAt: null, attempt: 0, requestedAt: minutesAgo(0.2) },
    },
    { ...unbegun, id: uuid(33), state: "running" },
    {
      ...unbegun,
      id: uuid(34),
      state: "waiting",
      attempt: 3,
      nextTryAt: inMinutes(2),
      error: mergeFailure,
    },
    { ...merged, id: uuid(35), state: "publishing", publishedAt: null, removeAfter: null },
    merged,
    { ...merged, id: uuid(36), originalsRemovedAt: minutesAgo(12) },
    { ...merged, id: uuid(37), state: "overwritten", removeAfter: null },
    { ...unbegun, id: uuid(38), state: "outdated" },
    { ...unbegun, id: uuid(39), state: "nothing", inputs: null, isAsked: true },
  ],
  2_411,
);

const { report } = clean.run;
const unbalanced = { kind: "unbalanced", saidObjects: 12, objects: 11 };

/** What commits say beside what their objects hold, and a folder that somebody else put something into. */
export const differing = {
  run: {
    ...clean.run,
    clean: false,
    report: {
      ...report,
      folders: ["lake/sales/"],
      counts: { ...report.counts, unbalanced: 2, foreign: 1 },
      findings: [
        { kind: "foreign", key: "lake/sales/ds=2026-01-01/region=eu/export.csv", bytes: 4_096 },
        { ...unbalanced, commit: uuid(41), saidRows: 1_200_000, rows: 1_100_000 },
        { ...unbalanced, commit: null, saidRows: 1_284_629_873, rows: 1_284_529_873 },
      ],
    },
  },
};
