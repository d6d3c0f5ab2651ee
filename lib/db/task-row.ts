import type { HeldTask } from "@/lib/core/ports/ledger";
import type { Compression, MappedColumn, MetadataColumn } from "@/lib/core/schema-mapping";
import type { DesiredState, EventTimeFormat, SyncMode, TaskSettings } from "@/lib/core/task";
import { Prisma } from "./generated/client";

/** Columns of `task t`, for every query that reads intent. */
export const taskColumns = Prisma.sql`
  t.id, t.name, t.source_id, t.table_name, t.destination_id, t.prefix, t.mode, t.time_zone,
  t.event_time_column, t.event_time_format, t.schema_kind, t.manual_columns, t.flush_seconds,
  t.flush_bytes, t.dirty_prefix, t.compression, t.object_suffix, t.metadata_columns,
  t.late_after_seconds, t.stream_expiration_hours, t.desired_state, t.tunnel_name, t.tunnel_id, t.created_at, t.updated_at`;

/** CHECK constraints keep the closed sets closed, so the literal types below are facts. */
export type TaskRow = {
  readonly id: string;
  readonly name: string;
  readonly source_id: string;
  readonly table_name: string;
  readonly destination_id: string;
  readonly prefix: string;
  readonly mode: SyncMode;
  readonly time_zone: string;
  readonly event_time_column: string | null;
  readonly event_time_format: EventTimeFormat | null;
  readonly schema_kind: "auto" | "manual";
  readonly manual_columns: readonly MappedColumn[] | null;
  readonly flush_seconds: number;
  readonly flush_bytes: bigint;
  readonly dirty_prefix: string | null;
  readonly compression: Compression;
  readonly object_suffix: "" | ".parquet";
  readonly metadata_columns: readonly MetadataColumn[];
  readonly late_after_seconds: number;
  readonly stream_expiration_hours: number | null;
  readonly desired_state: DesiredState;
  readonly tunnel_name: string;
  readonly tunnel_id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
};

export function settingsFromRow(row: TaskRow): TaskSettings {
  return {
    name: row.name,
    sourceId: row.source_id,
    table: row.table_name,
    destinationId: row.destination_id,
    prefix: row.prefix,
    mode: row.mode,
    timeZone: row.time_zone,
    eventTime:
      row.event_time_column === null || row.event_time_format === null
        ? null
        : { column: row.event_time_column, format: row.event_time_format },
    schema:
      row.schema_kind === "auto"
        ? { kind: "auto" }
        : { kind: "manual", columns: row.manual_columns ?? [] },
    flush: { seconds: row.flush_seconds, bytes: Number(row.flush_bytes) },
    dirtyPrefix: row.dirty_prefix,
    compression: row.compression,
    objectSuffix: row.object_suffix,
    metadataColumns: row.metadata_columns,
  };
}

/** The facts that a worker needs beside the intent. */
export type HeldTaskRow = TaskRow & {
  readonly tunnel_client_id: string | null;
  readonly initialised_at: Date | null;
  readonly completed_at: Date | null;
  readonly has_unreported_end: boolean;
  readonly continue_asked_at: Date | null;
};

/** Columns of `HeldTaskRow`, for queries over `task t JOIN task_facts f`. */
export const heldTaskColumns = Prisma.sql`
  ${taskColumns}, t.continue_asked_at, f.tunnel_client_id, f.initialised_at, f.completed_at,
  EXISTS (SELECT FROM channel c WHERE c.task_id = t.id AND NOT c.is_rescan
            AND c.drained_at IS NOT NULL AND c.tunnel_status <> 'terminated') AS has_unreported_end`;

export function heldTaskFromRow(row: HeldTaskRow): HeldTask {
  return {
    id: row.id,
    settings: settingsFromRow(row),
    desiredState: row.desired_state,
    tunnelName: row.tunnel_name,
    tunnelId: row.tunnel_id,
    tunnelClientId: row.tunnel_client_id,
    initialisedAt: row.initialised_at,
    completedAt: row.completed_at,
    hasUnreportedEnd: row.has_unreported_end,
    ...(row.continue_asked_at ? { continueAskedAt: row.continue_asked_at } : {}),
  };
}
