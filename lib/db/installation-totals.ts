import type { Database } from "./client";
import type { Prisma } from "./generated/client";

/** Sums over the channels of all tasks that exist; what deleted tasks delivered is not in them. */
export type InstallationTotals = {
  readonly records: number;
  readonly rows: number;
  readonly deletesIgnored: number;
  readonly dirtyRecords: number;
  readonly dirtyValues: number;
  readonly objects: number;
  readonly bytes: number;
  readonly channels: number;
  readonly channelsFinished: number;
  /** Age in seconds of the running stream channel that is furthest behind; 0 without one. */
  readonly lagSeconds: number;
};

/** One pass over the channels. */
export async function sumInstallation(database: Database): Promise<InstallationTotals> {
  type Row = Record<keyof InstallationTotals, bigint | number | Prisma.Decimal>;
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[Row]>`
      SELECT COALESCE(sum(c.records), 0) AS records, COALESCE(sum(c.rows), 0) AS rows,
             COALESCE(sum(c.deletes_ignored), 0) AS "deletesIgnored",
             COALESCE(sum(c.dirty_records), 0) AS "dirtyRecords",
             COALESCE(sum(c.dirty_values), 0) AS "dirtyValues",
             COALESCE(sum(c.objects), 0) AS objects, COALESCE(sum(c.bytes), 0) AS bytes,
             count(*) AS channels, count(c.drained_at) AS "channelsFinished",
             COALESCE(GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - min(c.delivered_through)
               FILTER (WHERE c.kind = 'stream' AND c.drained_at IS NULL
                         AND t.desired_state = 'running'))), 0)::float8 AS "lagSeconds"
      FROM channel c JOIN task t ON t.id = c.task_id`;
    return {
      records: Number(row.records),
      rows: Number(row.rows),
      deletesIgnored: Number(row.deletesIgnored),
      dirtyRecords: Number(row.dirtyRecords),
      dirtyValues: Number(row.dirtyValues),
      objects: Number(row.objects),
      bytes: Number(row.bytes),
      channels: Number(row.channels),
      channelsFinished: Number(row.channelsFinished),
      lagSeconds: Number(row.lagSeconds),
    };
  });
}
