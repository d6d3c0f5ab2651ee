import type { TunnelStage } from "@/lib/core/ports/table-source";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import {
  clampLimit,
  cursorInstant,
  cursorUuid,
  decodeCursor,
  type Page,
  type PageRequest,
  toPage,
} from "./page-cursor";
import { type ErrorColumns, errorFromColumns, type StandingError } from "./stored-error";
import { type TaskRow, taskColumns } from "./task-row";
import { type StoredTask, storedTaskFromRow } from "./tasks";

/** How many channels of one kind a task has, and how many of them are done to the last ack. */
export type ChannelTally = { readonly total: number; readonly drained: number };

/** What workers report of a task, its channels summed up: all that its status is derived from. */
export type TaskFacts = {
  readonly stage: TunnelStage;
  /** First channel open. */
  readonly initialisedAt: Date | null;
  /** Full mode: everything delivered. */
  readonly completedAt: Date | null;
  /** True while a live worker keeps the task's tunnel client. */
  readonly held: boolean;
  readonly base: ChannelTally;
  readonly stream: ChannelTally;
  /** Channels in the hands of live workers. */
  readonly channelsOwned: number;
  readonly records: number;
  readonly rows: number;
  readonly deletesIgnored: number;
  readonly dirtyRecords: number;
  readonly dirtyValues: number;
  readonly unmappedValues: number;
  /** Objects of rows that were decided, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** The stream channel that is furthest behind; null while one has delivered nothing yet. */
  readonly deliveredThrough: Date | null;
  readonly lastDeliveredAt: Date | null;
  /** The task's own error first, then one per code of its channels, oldest first. */
  readonly errors: readonly (StandingError & { readonly channels: number })[];
};

export type TaskOverview = StoredTask & { readonly facts: TaskFacts };

export type TaskFilter = {
  /** Part of the task's or the table's name, case-insensitive. */
  readonly text?: string;
  readonly sourceId?: string;
  readonly table?: string;
  readonly destinationId?: string;
  readonly desiredState?: StoredTask["desiredState"];
  /** Only tasks with (true) or without (false) a standing error. */
  readonly withError?: boolean;
};

/** Newest first. One query whatever the page's size. Throws `request.invalid` on a foreign cursor. */
export async function listTaskOverviews(
  database: Database,
  request: PageRequest & { readonly filter?: TaskFilter },
): Promise<Page<TaskOverview>> {
  const limit = clampLimit(request.limit);
  const conditions = filterConditions(request.filter ?? {});
  if (request.cursor) conditions.push(afterCursor(request.cursor));
  const rows = await queryOverviews(
    database,
    Prisma.sql`
      SELECT * FROM task t WHERE ${Prisma.join(conditions, " AND ")}
      ORDER BY t.created_at DESC, t.id DESC LIMIT ${limit + 1}`,
  );
  return toPage(rows, limit, (task) => [task.createdAt.getTime(), task.id]);
}

/** How many tasks the same filter gives, exactly. */
export async function countTaskOverviews(database: Database, filter: TaskFilter): Promise<number> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ count: bigint }]>`
      SELECT count(*) FROM task t WHERE ${Prisma.join(filterConditions(filter), " AND ")}`;
    return Number(row.count);
  });
}

export async function getTaskOverview(
  database: Database,
  name: string,
): Promise<TaskOverview | null> {
  const [row] = await queryOverviews(
    database,
    Prisma.sql`SELECT * FROM task t WHERE t.name = ${name}`,
  );
  return row ?? null;
}

function filterConditions(filter: TaskFilter): Prisma.Sql[] {
  const conditions = [Prisma.sql`true`];
  if (filter.text) {
    const pattern = `%${filter.text.replaceAll(/[\\%_]/g, "\\$&")}%`;
    conditions.push(Prisma.sql`(t.name ILIKE ${pattern} OR t.table_name ILIKE ${pattern})`);
  }
  if (filter.sourceId) conditions.push(Prisma.sql`t.source_id = ${filter.sourceId}`);
  if (filter.table) conditions.push(Prisma.sql`t.table_name = ${filter.table}`);
  if (filter.destinationId) conditions.push(Prisma.sql`t.destination_id = ${filter.destinationId}`);
  if (filter.desiredState) conditions.push(Prisma.sql`t.desired_state = ${filter.desiredState}`);
  if (filter.withError !== undefined) {
    conditions.push(Prisma.sql`${filter.withError} = (
      EXISTS (SELECT FROM task_facts f WHERE f.task_id = t.id AND f.error_code IS NOT NULL)
      OR EXISTS (SELECT FROM channel c WHERE c.task_id = t.id AND c.error_code IS NOT NULL))`);
  }
  return conditions;
}

function afterCursor(cursor: string): Prisma.Sql {
  const [instant, id] = decodeCursor(cursor, 2);
  return Prisma.sql`(t.created_at, t.id) <
    (${cursorInstant(instant)}::timestamptz, ${cursorUuid(id)}::uuid)`;
}

type OverviewRow = TaskRow &
  ErrorColumns & {
    readonly stage: TunnelStage;
    readonly initialised_at: Date | null;
    readonly completed_at: Date | null;
    readonly held: boolean;
    readonly delivered_through: Date | null;
    readonly last_delivered_at: Date | null;
    readonly channel_errors: readonly ChannelErrorJson[] | null;
  } & Record<(typeof sums)[number], bigint | Prisma.Decimal>;

const sums = [
  "base_total",
  "base_drained",
  "stream_total",
  "stream_drained",
  "channels_owned",
  "records",
  "rows",
  "deletes_ignored",
  "dirty_records",
  "dirty_values",
  "unmapped_values",
  "objects",
  "bytes",
] as const;

/** As PostgreSQL renders it: instants are text. */
type ChannelErrorJson = {
  readonly error_code: string;
  readonly error_details: unknown;
  readonly error_attempt: number;
  readonly error_next_try_at: string | null;
  readonly error_since: string;
  readonly channels: number;
};

/** Adds facts to the tasks that `chosen` selects. Channels are summed per task on the page, by index. */
async function queryOverviews(database: Database, chosen: Prisma.Sql): Promise<TaskOverview[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<OverviewRow[]>`
      SELECT ${taskColumns}, f.stage, f.initialised_at, f.completed_at, f.error_code, f.error_details,
             f.error_attempt, f.error_next_try_at, f.error_since,
             COALESCE(holder.lease_until > clock_timestamp(), false) AS held,
             ${channelSumColumns}, failing.channel_errors
      FROM (${chosen}) t
      JOIN task_facts f ON f.task_id = t.id
      LEFT JOIN worker holder ON holder.id = f.owner_worker
      CROSS JOIN LATERAL (${channelSums}) sums
      CROSS JOIN LATERAL (${channelErrors}) failing
      ORDER BY t.created_at DESC, t.id DESC`;
    return rows.map(overviewFromRow);
  });
}

const channelSumColumns = Prisma.sql`
  sums.base_total, sums.base_drained, sums.stream_total, sums.stream_drained, sums.channels_owned,
  sums.records, sums.rows, sums.deletes_ignored, sums.dirty_records, sums.dirty_values,
  sums.unmapped_values, sums.objects, sums.bytes, sums.delivered_through, sums.last_delivered_at`;

const channelSums = Prisma.sql`
  SELECT count(*) FILTER (WHERE c.kind = 'base') AS base_total,
         count(c.drained_at) FILTER (WHERE c.kind = 'base') AS base_drained,
         count(*) FILTER (WHERE c.kind = 'stream') AS stream_total,
         count(c.drained_at) FILTER (WHERE c.kind = 'stream') AS stream_drained,
         count(*) FILTER (WHERE owner.lease_until > clock_timestamp()) AS channels_owned,
         COALESCE(sum(c.records), 0) AS records, COALESCE(sum(c.rows), 0) AS rows,
         COALESCE(sum(c.deletes_ignored), 0) AS deletes_ignored,
         COALESCE(sum(c.dirty_records), 0) AS dirty_records,
         COALESCE(sum(c.dirty_values), 0) AS dirty_values,
         COALESCE(sum(c.unmapped_values), 0) AS unmapped_values,
         COALESCE(sum(c.objects), 0) AS objects, COALESCE(sum(c.bytes), 0) AS bytes,
         CASE WHEN count(*) FILTER (WHERE c.kind = 'stream' AND c.drained_at IS NULL
                                      AND c.delivered_through IS NULL) = 0
           THEN min(c.delivered_through) FILTER (WHERE c.kind = 'stream' AND c.drained_at IS NULL)
         END AS delivered_through,
         max(c.last_delivered_at) AS last_delivered_at
  FROM channel c LEFT JOIN worker owner ON owner.id = c.owner
  WHERE c.task_id = t.id`;

const channelErrors = Prisma.sql`
  SELECT jsonb_agg(e ORDER BY e.error_since) AS channel_errors
  FROM (
    SELECT DISTINCT ON (c.error_code) c.error_code, c.error_details, c.error_attempt,
           c.error_next_try_at, c.error_since, count(*) OVER (PARTITION BY c.error_code) AS channels
    FROM channel c WHERE c.task_id = t.id AND c.error_code IS NOT NULL
    ORDER BY c.error_code, c.error_since
  ) e`;

function overviewFromRow(row: OverviewRow): TaskOverview {
  const sum = (name: (typeof sums)[number]) => Number(row[name]);
  const own = errorFromColumns(row);
  return {
    ...storedTaskFromRow(row),
    facts: {
      stage: row.stage,
      initialisedAt: row.initialised_at,
      completedAt: row.completed_at,
      held: row.held,
      base: { total: sum("base_total"), drained: sum("base_drained") },
      stream: { total: sum("stream_total"), drained: sum("stream_drained") },
      channelsOwned: sum("channels_owned"),
      records: sum("records"),
      rows: sum("rows"),
      deletesIgnored: sum("deletes_ignored"),
      dirtyRecords: sum("dirty_records"),
      dirtyValues: sum("dirty_values"),
      unmappedValues: sum("unmapped_values"),
      objects: sum("objects"),
      bytes: sum("bytes"),
      deliveredThrough: row.delivered_through,
      lastDeliveredAt: row.last_delivered_at,
      errors: [
        ...(own ? [{ ...own, channels: 0 }] : []),
        ...(row.channel_errors ?? []).flatMap(channelErrorFromJson),
      ],
    },
  };
}

function channelErrorFromJson(json: ChannelErrorJson): TaskFacts["errors"] {
  const error = errorFromColumns({
    ...json,
    error_next_try_at: json.error_next_try_at === null ? null : new Date(json.error_next_try_at),
    error_since: new Date(json.error_since),
  });
  return error ? [{ ...error, channels: json.channels }] : [];
}
