/** Verifications in every state, with findings of every kind and keys as long as they may be. */
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const run = {
  id: "3f0c1d50-77aa-4c0e-8a3b-0a1a2b3c4d5e",
  state: "finished",
  reason: "asked",
  deep: false,
  redeliver: false,
  askedAt: minutesAgo(9),
  startedAt: minutesAgo(8.9),
  finishedAt: minutesAgo(3) as string | null,
  objectsChecked: 48_216,
  clean: true as boolean | null,
  report: null as object | null,
  error: null as object | null,
  nextTryAt: null as string | null,
};

const counts = {
  ...{ missing: 0, altered: 0, foreign: 0, overlapping: 0, gap: 0, unbalanced: 0 },
  ...{ listed: 48_216, whole: 48_216, wholeRows: 1_284_629_873, missingRows: 0, pending: 2 },
  ...{ others: 312, unproven: 0, replaced: 0, elsewhere: 0, batches: 20_411 },
};

const report = {
  bucket: "culvert-demo",
  folders: ["_dirty/orders-lake/", "orders/"],
  deep: false,
  counts,
  findings: [] as object[],
  redelivery: null as object | null,
};

const folder = "orders/year=2026/month=11/day=20";
const keyOf = (sequence: number, lane = 0) =>
  `${folder}/orders-lake_${lane}_orders_year=2026_month=11_day=20__${sequence}`;
const channelId = "8f3c1d50-77aa-4c0e-8a3b-0a1a2b3c4d5e";

const findings = [
  ...[411, 412, 413].map((sequence) => ({
    ...{ kind: "missing", key: keyOf(sequence), rows: 26_103, bytes: 18_233_104, lane: 0 },
    ...{ batchNumber: sequence, lostBecause: sequence === 413 ? "trimmed" : null },
  })),
  {
    ...{ kind: "altered", key: keyOf(77, 3), lane: 3, batchNumber: 77 },
    differences: ["size", "footer", "identity"],
  },
  { kind: "altered", key: keyOf(78, 3), lane: 3, batchNumber: 78, differences: ["checksum"] },
  { kind: "foreign", key: `${folder}/_SUCCESS`, bytes: 0 },
  { kind: "overlapping", key: `${folder}/copy of orders-lake (1).parquet`, of: keyOf(9, 2) },
  { kind: "overlapping", key: keyOf(1, 1), of: null },
  { kind: "gap", channelId, lane: 2, batchNumber: 1_204, what: "range" },
];

export const notVerified = { run: null };
export const waiting = {
  run: {
    ...run,
    state: "waiting",
    startedAt: null,
    finishedAt: null,
    clean: null,
    objectsChecked: 0,
  },
};
export const running = {
  run: {
    ...{ ...run, state: "running", finishedAt: null, clean: null, objectsChecked: 17_000 },
    redeliver: true,
  },
};
export const clean = { run: { ...run, report } };
export const differing = {
  run: {
    ...{ ...run, clean: false },
    report: {
      ...report,
      counts: {
        ...{ ...counts, missing: 1_311, missingRows: 34_221_033, altered: 2, foreign: 1 },
        ...{ overlapping: 2, gap: 1, whole: 46_901 },
      },
      findings,
    },
  },
};
export const redelivered = {
  run: {
    ...{ ...run, clean: false, redeliver: true, deep: true },
    report: {
      ...{ ...report, deep: true },
      counts: {
        ...counts,
        missing: 12,
        missingRows: 313_236,
        replaced: 40,
        elsewhere: 7,
        unproven: 48_000,
      },
      findings: findings.slice(2, 3),
      redelivery: {
        ...{ objects: 1_299, rows: 33_907_797, fullScan: false },
        ...{ lostRanges: 2, lostObjects: 12, lostRows: 313_236 },
        lost: [
          {
            ...{ channelId, lane: 2, fromBatch: 1, toBatch: 11, objects: 11, rows: 287_133 },
            because: "trimmed",
          },
          {
            ...{ channelId: "BaseData_0c8e2a1f-77aa-4c0e-8a3b-0a1a2b3c4d5e", lane: 0 },
            ...{ fromBatch: 413, toBatch: 413, objects: 1, rows: 26_103, because: "base_gone" },
          },
        ],
      },
    },
  },
};
export const scannedAgain = {
  run: {
    ...{ ...run, reason: "bucket_missing", redeliver: true },
    report: {
      ...{ ...report, counts: { ...counts, replaced: 48 } },
      redelivery: {
        ...{ objects: 0, rows: 0, fullScan: true, lostRanges: 0, lostObjects: 0, lostRows: 0 },
        lost: [],
      },
    },
  },
};

const bucketGone = {
  code: "destination.bucket_missing",
  documentedName: "InvalidOssBucket",
  fault: "user",
  title: "The destination bucket does not exist",
  cause: "The store has no bucket culvert-demo.",
  nextStep: "Create the bucket. Pending data is then written and delivery goes on by itself.",
};
export const bucketAwaited = {
  run: {
    ...{ ...run, state: "waiting", reason: "bucket_missing", redeliver: true, finishedAt: null },
    ...{ clean: null, objectsChecked: 0, error: bucketGone, nextTryAt: minutesAgo(-0.3) },
  },
};
export const failed = { run: { ...run, state: "failed", clean: null, error: bucketGone } };
