/**
 * Answers of the API in states that are hard to bring about: every status at once, errors with their
 * texts, very long names, thousands of objects. Shapes are the API's own (see appearance.spec.ts,
 * which holds each against /api/openapi.json).
 */
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

export const pageOf = <T>(items: T[], total = items.length) => ({
  items,
  nextCursor: total > items.length ? "more" : null,
  total,
});

const noRecords = {
  records: 0,
  rows: 0,
  deletesIgnored: 0,
  dirtyRecords: 0,
  dirtyValues: 0,
  unmappedValues: 0,
  objects: 0,
  bytes: 0,
};

const someRecords = {
  records: 1_284_630_917,
  rows: 1_284_629_873,
  deletesIgnored: 1_020,
  dirtyRecords: 24,
  dirtyValues: 318,
  unmappedValues: 77_412,
  objects: 48_216,
  bytes: 914_238_711_204,
};

const columns = [
  { source: "order_id", name: "order_id", type: "UTF8", encoding: "PLAIN" },
  { source: "amount", name: "amount", type: "DOUBLE", encoding: "PLAIN" },
  { source: "quantity", name: "quantity", type: "INT64", encoding: "DELTA_BINARY_PACKED" },
  { source: "paid", name: "paid", type: "BOOLEAN", encoding: "PLAIN" },
  {
    source: "customer_delivery_address_line_that_nobody_shortened",
    name: "customer_delivery_address_line_that_nobody_shortened_in_parquet_either",
    type: "UTF8",
    encoding: "DELTA_LENGTH_BYTE_ARRAY",
  },
];

const summary = {
  name: "orders-lake",
  sourceId: "embedded",
  table: "orders",
  destinationId: "embedded",
  bucket: "culvert-demo",
  prefix: "orders/year=$yyyy/month=$MM/day=$dd",
  mode: "differential",
  desiredState: "running",
  status: {
    kind: "incremental",
    label: "Incremental",
    tone: "good",
    detail: "Changes are delivered as they come.",
  },
  progress: {
    stage: "incremental",
    fullPercent: 100,
    deliveredThrough: minutesAgo(1.2),
    lagSeconds: 72,
    channels: 6,
    channelsFinished: 2,
  },
  account: someRecords,
  lastDeliveredAt: minutesAgo(0.4),
  errors: [] as (typeof unauthorised)[],
  createdAt: minutesAgo(60 * 24 * 12),
};

const unauthorised = {
  code: "destination.access_denied",
  documentedName: "UnAuthorized" as string | null,
  fault: "user",
  title: "Culvert is not allowed to write to the destination",
  cause: "The store refused PutObject on bucket culvert-demo for the destination's access key.",
  nextStep:
    "Give the key the permissions in the policy shown, or enter another key. Delivery goes on by itself from where it stopped.",
  attempt: 7,
  since: minutesAgo(18),
  nextTryAt: new Date(Date.now() + 40_000).toISOString() as string | null,
  channels: 4,
};

const bucketGone = {
  ...unauthorised,
  code: "destination.bucket_missing",
  documentedName: "InvalidOssBucket",
  title: "The destination bucket does not exist",
  cause: "The store has no bucket culvert-demo.",
  nextStep: "Create the bucket. Pending data is then written and delivery goes on by itself.",
};

const expired = {
  ...unauthorised,
  code: "source.tunnel_expired",
  documentedName: "OTSTunnelExpired",
  title: "The stream was trimmed before it was read",
  cause:
    "The source keeps changes only for the table's expiration time, and this task fell behind it.",
  nextStep: "Delete this task and create it again: a full scan brings the table's present state.",
  nextTryAt: null,
};

const unavailable = {
  ...unauthorised,
  code: "destination.unavailable",
  documentedName: null,
  fault: "transient",
  title: "The destination does not answer",
  cause: "UploadPart on bucket culvert-demo failed (no answer).",
  nextStep: "Nothing to do yet: Culvert tries again and keeps its position.",
};

const status = (kind: string, label: string, tone: string, detail: string) => ({
  status: { kind, label, tone, detail },
});

/** One line of the list per status, with names and prefixes as long as they may be. */
export const taskOfEveryStatus = [
  summary,
  {
    ...summary,
    ...status("action_required", "Action required", "bad", "Since 18 minutes."),
    name: "billing-invoices",
    table: "billing_invoices",
    errors: [unauthorised],
  },
  {
    ...summary,
    ...status("action_required", "Action required", "bad", "Since 18 minutes."),
    name: "bucket-is-gone",
    table: "a_table_name_that_is_about_as_long_as_anyone_would_ever_want_to_type_it_by_hand",
    prefix:
      "warehouse/raw/tablestore/orders-and-their-lines/region=eu-central/year=$yyyy/month=$MM/day=$dd/hour=$HH",
    errors: [bucketGone],
  },
  {
    ...summary,
    ...status("expired", "Expired", "bad", "The source no longer has the changes that come next."),
    name: "clicks-archive",
    table: "clicks",
    prefix: "ds=$yyyy$MM$dd",
    mode: "incremental",
    errors: [expired],
  },
  {
    ...summary,
    ...status("expiring", "Expiring", "bad", "The source drops undelivered changes in 5 hours."),
    name: "sessions",
    table: "sessions",
  },
  {
    ...summary,
    ...status("retrying", "Retrying", "warn", "Attempt 7 failed; next try in 40 seconds."),
    name: "devices",
    table: "devices",
    errors: [unavailable],
  },
  {
    ...summary,
    ...status("late", "Late", "warn", "The oldest undelivered change is 14 minutes old."),
    name: "audit-log",
    table: "audit_log",
  },
  {
    ...summary,
    ...status("full", "Full 62 %", "busy", "812,004 rows so far, 5 of 8 channels done."),
    name: "products-full",
    table: "products",
    prefix: "products",
    mode: "full",
    progress: {
      ...summary.progress,
      stage: "full",
      fullPercent: 62,
      deliveredThrough: null,
      lagSeconds: null,
    },
  },
  {
    ...summary,
    ...status("initialising", "Initialising", "busy", "The tunnel is being opened."),
    name: "new-one",
    table: "payments",
    account: noRecords,
    lastDeliveredAt: null,
    progress: {
      stage: "initialising",
      fullPercent: null,
      deliveredThrough: null,
      lagSeconds: null,
      channels: 0,
      channelsFinished: 0,
    },
  },
  {
    ...summary,
    ...status("pausing", "Pausing", "busy", "What was read is being delivered first."),
    name: "stopping",
    desiredState: "paused",
  },
  {
    ...summary,
    ...status("paused", "Paused", "neutral", "Its position is kept."),
    name: "stopped",
    desiredState: "paused",
  },
  {
    ...summary,
    ...status("completed", "Completed", "good", "All 1,284,629,873 rows were delivered."),
    name: "countries",
    table: "countries",
    prefix: "reference/countries",
    mode: "full",
    progress: {
      ...summary.progress,
      stage: "completed",
      deliveredThrough: null,
      lagSeconds: null,
      channelsFinished: 6,
    },
  },
  {
    ...summary,
    ...status("deleting", "Deleting", "busy", "Open work is being given up."),
    name: "on-its-way-out",
    desiredState: "deleted",
  },
];

const settings = {
  timeZone: "Europe/Berlin",
  eventTime: null as { column: string; format: string } | null,
  schema: { kind: "auto" } as { kind: string; columns?: typeof columns },
  currentSchema: { version: 3, kind: "auto", columns, metadataColumns: ["_action", "_sequence"] },
  schemaVersions: 3,
  flush: { seconds: 120, bytes: 134_217_728 },
  dirtyPrefix: "_dirty/orders-lake/" as string | null,
  compression: "zstd",
  objectSuffix: "",
  metadataColumns: ["_action", "_sequence"],
  thresholds: { lateAfterSeconds: 600 },
};

export const task = { ...summary, ...settings };
export const taskInTrouble = {
  ...task,
  ...status("action_required", "Action required", "bad", "Since 18 minutes."),
  errors: [unauthorised, bucketGone, expired, unavailable],
};
export const completedTask = {
  ...task,
  ...taskOfEveryStatus.find(({ status: { kind } }) => kind === "completed"),
};
export const newTask = {
  ...task,
  ...taskOfEveryStatus.find(({ status: { kind } }) => kind === "initialising"),
};
export const fullTask = {
  ...task,
  ...taskOfEveryStatus.find(({ status: { kind } }) => kind === "full"),
};
/** A mapping by hand with more columns than anyone reads. */
export const wideTask = {
  ...task,
  schema: { kind: "manual", columns: manyColumns(120) },
  currentSchema: {
    version: 1,
    kind: "manual",
    columns: manyColumns(120),
    metadataColumns: [],
  },
  metadataColumns: [],
};

function manyColumns(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    source: `measurement_${index}`,
    name: `measurement_${index}`,
    type: index % 3 === 0 ? "DOUBLE" : "INT64",
    encoding: "PLAIN",
  }));
}

export const objects = pageOf(
  Array.from({ length: 40 }, (_, index) => {
    const partition = `warehouse/raw/orders/year=2026/month=11/day=${String(20 - (index % 9)).padStart(2, "0")}`;
    const isDirty = index % 13 === 5;
    const stem = isDirty ? "_dirty/orders-lake/orders-lake" : `${partition}/orders-lake`;
    return {
      objectId: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      kind: isDirty ? "dirty" : "rows",
      bucket: "culvert-demo",
      key: isDirty
        ? `${stem}_${index % 4}__${index + 1}.ndjson`
        : `${stem}_${index % 4}_${partition.replaceAll("/", "_")}__${1000 - index}`,
      partition: isDirty ? "" : partition,
      lane: index % 4,
      batchNumber: 900 - index,
      sequence: 1000 - index,
      rows: isDirty ? 3 : 48_211 + index,
      bytes: isDirty ? 812 : 4_718_592 + index * 1_021,
      crc32: "8d2f1c44",
      decidedAt: minutesAgo(index * 2),
      publishedAt: index === 0 ? null : minutesAgo(index * 2),
    };
  }),
  48_216,
);

const sample = {
  id: "1",
  column: "amount" as string | null,
  reason: "type_mismatch",
  expected: "DOUBLE" as string | null,
  actual: "string" as string | null,
  value: "twelve and a half, says the customer" as string | null,
  key: '[["order_id","ord-0000000000000001"]]' as string | null,
  position: "1605898412000:17" as string | null,
  lane: 1,
  channelId: "c9b1f0d2-0a3e-4a51-9a51-7b2e1d1f6a60",
  batchNumber: 812,
  decidedAt: minutesAgo(3),
};

export const dirty = {
  ...pageOf([
    sample,
    {
      ...sample,
      id: "2",
      column: "note",
      reason: "invalid_utf8",
      expected: "UTF8",
      actual: null,
      value: "ff fe 41",
    },
    {
      ...sample,
      id: "3",
      column: "ordered_at",
      reason: "event_time_missing",
      expected: "RFC3339",
      actual: null,
      value: null,
    },
    {
      ...sample,
      id: "4",
      column: "ordered_at",
      reason: "event_time_unreadable",
      expected: "RFC3339",
      actual: "string",
      value: "yesterday, about noon ".repeat(11),
    },
    {
      ...sample,
      id: "5",
      column: null,
      reason: "record_corrupt",
      expected: null,
      actual: null,
      value: null,
      key: null,
    },
  ]),
  dirtyValuesTotal: 318,
  dirtyRecordsTotal: 24,
  samplesAreBounded: true,
};

export const noDirty = {
  ...pageOf([]),
  dirtyValuesTotal: 0,
  dirtyRecordsTotal: 0,
  samplesAreBounded: false,
};

const channel = {
  channelId: "c9b1f0d2-0a3e-4a51-9a51-7b2e1d1f6a60",
  kind: "stream",
  lane: 0,
  state: "delivering",
  workerId: "delivery-worker-3f9a2c1e-aaaa-bbbb" as string | null,
  epoch: 4,
  batchNumber: 812,
  ackedBatchNumber: 811,
  records: 214_105_152,
  rows: 214_104_978,
  deletesIgnored: 170,
  dirtyRecords: 4,
  dirtyValues: 53,
  unmappedValues: 12_902,
  objects: 8_036,
  bytes: 152_373_118_534,
  deliveredThrough: minutesAgo(1.2) as string | null,
  lastDeliveredAt: minutesAgo(0.4) as string | null,
  gaps: [] as { batchNumber: number; after: string | null; skippedAt: string }[],
  error: null as typeof unauthorised | null,
};

export const channels = pageOf([
  {
    ...channel,
    channelId: "base-0",
    kind: "base",
    state: "finished",
    workerId: null,
    deliveredThrough: null,
  },
  { ...channel, lane: 1, state: "waiting", workerId: null },
  { ...channel, channelId: "8f3c1d50-77aa-4c0e-8a3b-0a1a2b3c4d5e", lane: 2, error: bucketGone },
  { ...channel, channelId: "1b6a3f0e-2222-4c0e-8a3b-0a1a2b3c4d5e", lane: 3 },
]);

export const sources = pageOf([
  {
    id: "embedded",
    name: "Embedded table store",
    kind: "tablestore",
    endpoint: "http://127.0.0.1:8087",
    instance: "culvert",
    accessKeyId: "k3yIdOfThirtyTwoCharacters012345",
    tasks: 12,
    createdAt: minutesAgo(60 * 24 * 40),
  },
  {
    id: "orders-production-in-the-other-region",
    name: "Orders, production, in the region that we moved to last year",
    kind: "tablestore",
    endpoint: "https://orders-production.cn-hangzhou.ots.aliyuncs.com",
    instance: "orders-production",
    accessKeyId: "LTAI5tExampleExampleExample",
    tasks: 0,
    createdAt: minutesAgo(60 * 24 * 12),
  },
]);

export const destinations = pageOf([
  {
    id: "embedded",
    name: "Embedded object store",
    kind: "s3",
    endpoint: "http://127.0.0.1:9000" as string | null,
    region: "us-east-1",
    bucket: "culvert-demo",
    forcePathStyle: true,
    accessKeyId: "k3yIdOfThirtyTwoCharacters012345",
    tasks: 12,
    createdAt: minutesAgo(60 * 24 * 40),
  },
  {
    id: "data-lake-production-eu",
    name: "Data lake, production, European tenants",
    kind: "s3",
    endpoint: null,
    region: "eu-central-1",
    bucket: "acme-data-lake-production-european-tenants-eu-central-1",
    forcePathStyle: false,
    accessKeyId: "AKIAEXAMPLEEXAMPLE00",
    tasks: 0,
    createdAt: minutesAgo(60 * 24 * 12),
  },
]);

export const tables = pageOf([
  { name: "orders" },
  { name: "a_table_name_that_is_about_as_long_as_anyone_would_ever_want_to_type_it_by_hand" },
]);

export const table = {
  name: "orders",
  primaryKey: [{ name: "order_id", type: "string" }],
  definedColumns: [{ name: "amount", type: "double" }],
  seenColumns: [
    { name: "quantity", type: "integer" },
    { name: "paid", type: "boolean" },
  ],
  sampledRows: 100,
  streamExpirationHours: 168,
  autoIncrementColumn: null,
  timeToLiveSeconds: -1,
  versionsMax: 1,
  createdAt: minutesAgo(60 * 24 * 40),
  tasks: ["orders-lake"],
};

export const preview = {
  exampleObjectKey: null,
  schema: {
    version: 1,
    kind: "auto",
    columns: [...columns, ...manyColumns(12)],
    metadataColumns: [],
  },
  rows: [["ord-1", 12.5, "9007199254740993", true, "Unter den Linden 1"]],
  sampledRows: 100,
  dirtyValues: [
    {
      row: 4,
      column: "amount",
      reason: "type_mismatch",
      expected: "DOUBLE",
      actual: "string",
      value: "twelve",
    },
  ],
  warnings: [
    {
      field: "schema.columns[2].type",
      message: "3 of 100 sampled rows hold text in quantity; those values would be dirty.",
    },
  ],
};

const policy = JSON.stringify(
  {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"],
        Resource: ["arn:aws:s3:::culvert-demo/*"],
      },
    ],
  },
  null,
  2,
);

const { attempt: _, since: __, nextTryAt: ___, channels: ____, ...failure } = unauthorised;
export const failedProbe = {
  ok: false,
  steps: [
    { operation: "HeadBucket", outcome: "passed", failure: null },
    { operation: "CreateMultipartUpload", outcome: "passed", failure: null },
    { operation: "UploadPart", outcome: "failed", failure },
    { operation: "AbortMultipartUpload", outcome: "skipped", failure: null },
  ],
  policy,
};

export const passedProbe = {
  ...failedProbe,
  ok: true,
  steps: failedProbe.steps.map((step) => ({ ...step, outcome: "passed", failure: null })),
};

export const statement = {
  dialect: "hive",
  statement: `CREATE EXTERNAL TABLE IF NOT EXISTS \`orders_lake\` (
  \`order_id\` STRING,
  \`amount\` DOUBLE,
  \`quantity\` BIGINT,
  \`paid\` BOOLEAN,
  \`customer_delivery_address_line_that_nobody_shortened_in_parquet_either\` STRING COMMENT 'as it was typed'
)
PARTITIONED BY (\`year\` INT, \`month\` INT, \`day\` INT)
STORED AS PARQUET
LOCATION 's3a://culvert-demo/orders';

MSCK REPAIR TABLE \`orders_lake\`;`,
  notes: ["Run MSCK REPAIR TABLE again when new partitions appeared."],
};

const problem = {
  type: "about:blank",
  status: 422,
  code: "request.invalid",
  title: "The input cannot work",
  detail: "9 problems",
  cause: "One or more fields are wrong.",
  nextStep: "Correct the fields named below.",
  documentedName: null,
  errors: [] as { field: string; message: string }[],
};

export const invalidTask = {
  ...problem,
  errors: [
    { field: "name", message: "This must not be empty." },
    { field: "sourceId", message: "This must not be empty." },
    { field: "table", message: "This must not be empty." },
    { field: "destinationId", message: "The store has no bucket culvert-demo. Create the bucket." },
    { field: "prefix", message: "$year is not a variable. Did you mean $yyyy?" },
    { field: "prefix", message: "A folder does not start with a slash." },
    {
      field: "timeZone",
      message: "Mars/Base is not a time zone of the IANA database, such as UTC or Europe/Berlin.",
    },
    { field: "flush.seconds", message: "This must be at least 5." },
    { field: "flush.bytes", message: "This must be a number." },
    { field: "dirtyPrefix", message: "This folder has no time variables." },
    { field: "schema.columns[0].name", message: "Two columns would be named order_id." },
  ],
};

export const invalidDestination = {
  ...problem,
  errors: [
    {
      field: "bucket",
      message: "This must be a bucket name: 3 to 63 lowercase letters, digits, dots and hyphens.",
    },
    { field: "endpoint", message: "This must be an http:// or https:// address." },
    { field: "accessKeyId", message: "This must not be empty." },
    { field: "secretAccessKey", message: "This must not be empty." },
  ],
};

export const initialising = {
  ...problem,
  status: 409,
  code: "task.initialising",
  title: "The task is still initialising",
  cause: "A task can be deleted once its first channel is open.",
  nextStep: "Try again in a moment.",
};

export const inUse = {
  ...problem,
  status: 409,
  code: "resource.conflict",
  title: "That exists already or is in use",
  cause: "12 tasks deliver to this destination.",
  nextStep: "Choose another name, or remove what uses it first.",
};

export const databaseAway = {
  ...problem,
  status: 503,
  code: "internal.database_unavailable",
  title: "Culvert's database does not answer",
  cause: "PostgreSQL refused or dropped the connection.",
  nextStep: "Nothing to do yet: delivery holds its position and goes on when the database is back.",
};

export const taskNotFound = {
  ...problem,
  status: 404,
  code: "task.not_found",
  title: "There is no such task",
  cause: "No task is named nobody.",
  nextStep: "Check the name in the task list.",
};
