import type { Database } from "@/lib/db/client";
import type { Finding, SeenObject } from "./watcher";
import type { Written } from "./writer";

type Counts = {
  readonly channels: bigint;
  readonly records: bigint;
  readonly rows: bigint;
  readonly deletes: bigint;
  readonly dirty: bigint;
  readonly batch_records: bigint;
  readonly batch_rows: bigint;
  readonly open_batches: bigint;
  readonly holes: bigint;
  /** Of datasets, as their commits and as they themselves say. */
  readonly committed_rows: bigint;
  readonly dataset_rows: bigint;
  /** Of sessions and merges; and merges that may still decide. */
  readonly open_commits: bigint;
};

type LedgerObject = {
  readonly key: string;
  readonly kind: "rows" | "dirty" | "merged";
  readonly rows: bigint;
  readonly published: boolean;
};

/** Over all tasks. The channels' totals, and the same again over their batches. */
export async function readCounts(database: Database): Promise<Counts> {
  const [counts] = await database.prisma.$queryRaw<[Counts]>`
    SELECT count(*) AS channels, sum(c.records)::bigint AS records, sum(c.rows)::bigint AS rows,
           sum(c.deletes_ignored)::bigint AS deletes, sum(c.dirty_records)::bigint AS dirty,
           sum(b.records)::bigint AS batch_records, sum(b.rows)::bigint AS batch_rows,
           count(*) FILTER (WHERE c.acked_batch_number < c.batch_number) AS open_batches,
           count(*) FILTER (WHERE b.batches <> c.batch_number OR b.last <> c.batch_number) AS holes,
           (SELECT COALESCE(sum(rows), 0)::bigint FROM dataset_commit WHERE writer <> 'merge')
             AS committed_rows,
           (SELECT COALESCE(sum(rows), 0)::bigint FROM dataset) AS dataset_rows,
           (SELECT count(*) FROM dataset_commit WHERE finished_at IS NULL)
             + (SELECT count(*) FROM dataset_merge WHERE ended_at IS NULL) AS open_commits
    FROM channel c CROSS JOIN LATERAL (
      SELECT count(*) AS batches, COALESCE(max(number), 0) AS last,
             COALESCE(sum(records), 0) AS records, COALESCE(sum(rows), 0) AS rows
      FROM batch WHERE channel_key = c.id) b`;
  return counts;
}

/**
 * Whether database and bucket tell the same of what the writers know (D2, D4): what was acknowledged
 * was consumed, what was consumed is a row, a dirty record or an ignored delete, each ledger object
 * stands in the bucket with its rows, and nothing else stands there. `written` is what went into tables;
 * what sessions wrote shows in the datasets' own account.
 */
export async function checkAccount(
  database: Database,
  objects: ReadonlyMap<string, SeenObject>,
  written: readonly Written[],
): Promise<Finding[]> {
  const counts = await readCounts(database);
  const ledger = await database.prisma.$queryRaw<LedgerObject[]>`
    SELECT key, kind, rows, published_at IS NOT NULL AS published FROM delivered_object
    WHERE removed_at IS NULL`;
  const findings = [...compareObjects(ledger, objects)];
  const { records, rows, deletes, dirty } = counts;
  const claim = (holds: boolean, what: string) => {
    if (!holds) findings.push(`account: ${what}: ${describe(counts)}`);
  };
  claim(records === rows + deletes + dirty, "consumed is not rows + dirty + ignored deletes");
  claim(
    records === counts.batch_records && rows === counts.batch_rows,
    "batches do not add up to their channels",
  );
  claim(counts.holes === 0n, "batch numbers have holes");
  claim(counts.open_batches === 0n, "batches are not acked");
  const seen = [...objects.values()].filter(({ kind }) => kind === "rows");
  const standing = BigInt(seen.reduce((sum, object) => sum + object.rows, 0));
  claim(rows + counts.dataset_rows === standing, `${standing} rows stand in the bucket`);
  claim(counts.committed_rows === counts.dataset_rows, "commits do not add up to their datasets");
  const sum = (part: (one: Written) => number) =>
    BigInt(written.reduce((total, one) => total + part(one), 0));
  const surely = sum((one) => one.acknowledged.size + one.deletesAcknowledged);
  const maybe = sum((one) => one.doubtful.size + one.deletesDoubtful);
  claim(
    records >= surely && records <= surely + maybe,
    `${surely} changes were acknowledged, ${maybe} are in doubt`,
  );
  return findings;
}

function* compareObjects(
  ledger: readonly LedgerObject[],
  objects: ReadonlyMap<string, SeenObject>,
): Generator<Finding> {
  const known = new Set<string>();
  for (const { key, kind, rows, published } of ledger) {
    known.add(key);
    const seen = objects.get(key);
    if (!published) yield `ledger: ${key} is decided and not published`;
    if (!seen) yield `ledger: ${key} does not stand in the bucket`;
    else if (kind !== "dirty" && BigInt(seen.rows) !== rows)
      yield `ledger: ${key} has ${seen.rows} rows, ${rows} were decided`;
  }
  for (const key of objects.keys())
    if (!known.has(key)) yield `ledger: ${key} stands in the bucket and was never decided`;
}

function describe(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
