import type { ChannelKind, ChannelStatus } from "@/lib/core/ports/table-source";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import {
  clampLimit,
  decodeCursor,
  invalidCursor,
  type Page,
  type PageRequest,
  toPage,
} from "./page-cursor";
import { type ErrorColumns, errorFromColumns, type StandingError } from "./stored-error";

/** A channel as people see it. Its account balances: records = rows + deletesIgnored + dirtyRecords. */
export type ChannelFacts = {
  /** The tunnel's name for it. */
  readonly channelId: string;
  readonly kind: ChannelKind;
  /** The ConcurrentID in object names. */
  readonly lane: number;
  /** The worker that holds it, or held it last. */
  readonly owner: string | null;
  readonly ownerAlive: boolean;
  readonly epoch: number;
  readonly checkpoint: string;
  readonly finished: boolean;
  /** Last decided batch, and last one the tunnel knows of; 0 before the first. */
  readonly batchNumber: number;
  readonly ackedBatchNumber: number;
  readonly tunnelStatus: ChannelStatus;
  readonly drainedAt: Date | null;
  readonly records: number;
  readonly rows: number;
  readonly deletesIgnored: number;
  readonly dirtyRecords: number;
  readonly dirtyValues: number;
  readonly unmappedValues: number;
  /** Objects of rows that were decided, and their bytes; dirty objects are beside them. */
  readonly objects: number;
  readonly bytes: number;
  readonly dirtyObjects: number;
  readonly dirtyBytes: number;
  readonly deliveredThrough: Date | null;
  readonly lastDeliveredAt: Date | null;
  /** The newest ranges of the stream that were skipped, oldest first. */
  readonly gaps: readonly ChannelGap[];
  readonly error: StandingError | null;
};

export type ChannelGap = {
  readonly batchNumber: number;
  /** Write time of the last record before it. */
  readonly after: Date | null;
  readonly skippedAt: Date;
};

const gapsMax = 10;

const counters = [
  "records",
  "rows",
  "deletes_ignored",
  "dirty_records",
  "dirty_values",
  "unmapped_values",
  "objects",
  "bytes",
  "dirty_objects",
  "dirty_bytes",
] as const;

type ChannelRow = ErrorColumns & {
  readonly channel_id: string;
  readonly kind: ChannelKind;
  readonly lane: number;
  readonly owner: string | null;
  readonly owner_alive: boolean;
  readonly epoch: bigint;
  readonly checkpoint: string;
  readonly finished: boolean;
  readonly batch_number: bigint;
  readonly acked_batch_number: bigint;
  readonly tunnel_status: ChannelStatus;
  readonly drained_at: Date | null;
  readonly delivered_through: Date | null;
  readonly last_delivered_at: Date | null;
  readonly gaps: readonly { number: number; after: string | null; skipped_at: string }[] | null;
} & Record<(typeof counters)[number], bigint>;

/** What the column can hold. */
const laneMax = 2 ** 31 - 1;

/** By lane, ascending. Throws `request.invalid` on a foreign cursor. */
export async function listChannels(
  database: Database,
  taskId: string,
  request: PageRequest,
): Promise<Page<ChannelFacts>> {
  const limit = clampLimit(request.limit);
  const afterLane = request.cursor ? decodeCursor(request.cursor, 1)[0] : -1;
  if (typeof afterLane !== "number" || afterLane > laneMax) throw invalidCursor();
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<ChannelRow[]>`
      SELECT c.channel_id, c.kind, c.lane, c.owner, c.epoch, c.checkpoint, c.finished, c.batch_number,
             c.acked_batch_number, c.tunnel_status, c.drained_at, ${counterColumns},
             c.delivered_through, c.last_delivered_at, c.error_code, c.error_details, c.error_attempt,
             c.error_next_try_at, c.error_since,
             COALESCE(w.lease_until > clock_timestamp(), false) AS owner_alive, skipped.gaps
      FROM channel c LEFT JOIN worker w ON w.id = c.owner
      CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('number', gap.number, 'skipped_at', gap.decided_at, 'after', (
                 SELECT b.last_written_at FROM batch b
                 WHERE b.channel_key = c.id AND b.number < gap.number AND b.last_written_at IS NOT NULL
                 ORDER BY b.number DESC LIMIT 1)) ORDER BY gap.number) AS gaps
        FROM (SELECT number, decided_at FROM batch
              WHERE channel_key = c.id AND sealed_by = 'gap'
              ORDER BY number DESC LIMIT ${gapsMax}) gap) skipped
      WHERE c.task_id = ${taskId}::uuid AND c.lane > ${afterLane}
      ORDER BY c.lane LIMIT ${limit + 1}`;
    return toPage(rows.map(channelFromRow), limit, (channel) => [channel.lane]);
  });
}

/** Exact. */
export async function countChannels(database: Database, taskId: string): Promise<number> {
  return database.run((prisma) => prisma.channel.count({ where: { taskId } }));
}

const counterColumns = Prisma.raw(counters.map((name) => `c.${name}`).join(", "));

function channelFromRow(row: ChannelRow): ChannelFacts {
  const count = (name: (typeof counters)[number]) => Number(row[name]);
  return {
    channelId: row.channel_id,
    kind: row.kind,
    lane: row.lane,
    owner: row.owner,
    ownerAlive: row.owner_alive,
    epoch: Number(row.epoch),
    checkpoint: row.checkpoint,
    finished: row.finished,
    batchNumber: Number(row.batch_number),
    ackedBatchNumber: Number(row.acked_batch_number),
    tunnelStatus: row.tunnel_status,
    drainedAt: row.drained_at,
    records: count("records"),
    rows: count("rows"),
    deletesIgnored: count("deletes_ignored"),
    dirtyRecords: count("dirty_records"),
    dirtyValues: count("dirty_values"),
    unmappedValues: count("unmapped_values"),
    objects: count("objects"),
    bytes: count("bytes"),
    dirtyObjects: count("dirty_objects"),
    dirtyBytes: count("dirty_bytes"),
    deliveredThrough: row.delivered_through,
    lastDeliveredAt: row.last_delivered_at,
    gaps: (row.gaps ?? []).map((gap) => ({
      batchNumber: gap.number,
      after: gap.after === null ? null : new Date(gap.after),
      skippedAt: new Date(gap.skipped_at),
    })),
    error: errorFromColumns(row),
  };
}
