import { AppError, invariant } from "@/lib/core/error";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { DesiredState, TaskSettings } from "@/lib/core/task";
import type { Database } from "./client";
import { isForeignKeyViolation, isUniqueViolation } from "./database-error";
import { Prisma } from "./generated/client";
import { settingsFromRow, type TaskRow, taskColumns } from "./task-row";

/** A task's intent as stored. What became of it is in task-overviews.ts. */
export type StoredTask = {
  readonly id: string;
  readonly settings: TaskSettings;
  /** When people are told that the task is behind. */
  readonly lateAfterSeconds: number;
  /** Hours the source kept changes when the task was made; null when it reads no stream. */
  readonly streamExpirationHours: number | null;
  readonly desiredState: DesiredState;
  readonly tunnelName: string;
  readonly tunnelId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** `id` is a UUID chosen by the caller, because the tunnel is named for it before the task exists. */
export type NewTask = {
  readonly id: string;
  readonly settings: TaskSettings;
  readonly tunnelName: string;
  readonly tunnelId: string;
  /** Version 1. */
  readonly schema: SchemaMapping;
  /** Left out: the column's default. */
  readonly lateAfterSeconds?: number;
  readonly streamExpirationHours?: number | null;
};

/** What may change after creation; absent means unchanged. */
export type TaskChanges = Partial<
  Pick<TaskSettings, "schema" | "flush" | "dirtyPrefix" | "compression" | "metadataColumns"> &
    Pick<StoredTask, "lateAfterSeconds">
>;

export type TaskCounts = {
  readonly total: number;
  readonly running: number;
  readonly paused: number;
  readonly deleting: number;
  /** Full-mode tasks that are done; counted in `running` or `paused` too. */
  readonly completed: number;
  /** Tasks with a standing error of their own or of a channel. */
  readonly withError: number;
};

/**
 * Writes the task, its facts and schema version 1 in one transaction; it runs from then on. Throws
 * `task.name_taken`, or `resource.not_found` when its source or destination is gone.
 */
export async function createTask(database: Database, task: NewTask): Promise<StoredTask> {
  invariant(task.schema.version === 1, "A task starts at schema version 1");
  return database.run(async (prisma) => {
    try {
      await prisma.task.create({
        data: {
          id: task.id,
          ...settingsToColumns(task.settings),
          desiredState: "running",
          tunnelName: task.tunnelName,
          tunnelId: task.tunnelId,
          ...(task.lateAfterSeconds !== undefined && { lateAfterSeconds: task.lateAfterSeconds }),
          streamExpirationHours: task.streamExpirationHours ?? null,
          facts: { create: {} },
          schemaVersions: {
            create: { version: 1, mapping: toJson(task.schema), reason: "created" },
          },
        },
      });
    } catch (thrown) {
      throw creationError(task.settings, thrown);
    }
    const created = await getTaskById(database, task.id);
    invariant(created, "A task that was just created is there");
    return created;
  });
}

function creationError(settings: TaskSettings, thrown: unknown): unknown {
  if (isUniqueViolation(thrown)) {
    return new AppError("task.name_taken", "A task of that name exists", {
      details: { name: settings.name },
      cause: thrown,
    });
  }
  if (isForeignKeyViolation(thrown)) {
    return new AppError("resource.not_found", "The task's source or destination is gone", {
      details: { id: `${settings.sourceId} or ${settings.destinationId}` },
      cause: thrown,
    });
  }
  return thrown;
}

export async function getTaskByName(database: Database, name: string): Promise<StoredTask | null> {
  return findTask(database, Prisma.sql`t.name = ${name}`);
}

export async function getTaskById(database: Database, id: string): Promise<StoredTask | null> {
  return findTask(database, Prisma.sql`t.id = ${id}::uuid`);
}

async function findTask(database: Database, condition: Prisma.Sql): Promise<StoredTask | null> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<TaskRow[]>`
      SELECT ${taskColumns} FROM task t WHERE ${condition}`;
    return row ? storedTaskFromRow(row) : null;
  });
}

/** Null when there is no such task, or when it is being deleted. */
export async function updateTask(
  database: Database,
  id: string,
  changes: TaskChanges,
): Promise<StoredTask | null> {
  return database.run(async (prisma) => {
    const { count } = await prisma.task.updateMany({
      where: { id, desiredState: { not: "deleted" } },
      data: changesToColumns(changes),
    });
    return count === 0 ? null : getTaskById(database, id);
  });
}

/** `deleted` is final. Null when there is no such task or when it is being deleted already. */
export async function setDesiredState(
  database: Database,
  id: string,
  desiredState: DesiredState,
): Promise<StoredTask | null> {
  return database.run(async (prisma) => {
    const { count } = await prisma.task.updateMany({
      where: { id, desiredState: { not: "deleted" } },
      data: { desiredState },
    });
    return count === 0 ? null : getTaskById(database, id);
  });
}

/** By the database's clock, as are the errors that it is about. False when the task is being deleted. */
export async function askToContinue(database: Database, id: string): Promise<boolean> {
  const asked = await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE task SET continue_asked_at = clock_timestamp()
      WHERE id = ${id}::uuid AND desired_state <> 'deleted'`,
  );
  return asked > 0;
}

/** Exact, over all tasks. */
export async function countTasks(database: Database): Promise<TaskCounts> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[Record<keyof TaskCounts, bigint>]>`
      SELECT count(*) AS total,
             count(*) FILTER (WHERE t.desired_state = 'running') AS running,
             count(*) FILTER (WHERE t.desired_state = 'paused') AS paused,
             count(*) FILTER (WHERE t.desired_state = 'deleted') AS deleting,
             count(*) FILTER (WHERE f.completed_at IS NOT NULL) AS completed,
             count(*) FILTER (WHERE f.error_code IS NOT NULL OR failing.task_id IS NOT NULL) AS "withError"
      FROM task t
      JOIN task_facts f ON f.task_id = t.id
      LEFT JOIN (SELECT DISTINCT task_id FROM channel WHERE error_code IS NOT NULL) failing
        ON failing.task_id = t.id`;
    return {
      total: Number(row.total),
      running: Number(row.running),
      paused: Number(row.paused),
      deleting: Number(row.deleting),
      completed: Number(row.completed),
      withError: Number(row.withError),
    };
  });
}

export function storedTaskFromRow(row: TaskRow): StoredTask {
  return {
    id: row.id,
    settings: settingsFromRow(row),
    lateAfterSeconds: row.late_after_seconds,
    streamExpirationHours: row.stream_expiration_hours,
    desiredState: row.desired_state,
    tunnelName: row.tunnel_name,
    tunnelId: row.tunnel_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function settingsToColumns(settings: TaskSettings) {
  return {
    name: settings.name,
    sourceId: settings.sourceId,
    table: settings.table,
    destinationId: settings.destinationId,
    prefix: settings.prefix,
    mode: settings.mode,
    timeZone: settings.timeZone,
    eventTimeColumn: settings.eventTime?.column ?? null,
    eventTimeFormat: settings.eventTime?.format ?? null,
    ...schemaToColumns(settings.schema),
    flushSeconds: settings.flush.seconds,
    flushBytes: BigInt(settings.flush.bytes),
    dirtyPrefix: settings.dirtyPrefix,
    compression: settings.compression,
    objectSuffix: settings.objectSuffix,
    metadataColumns: [...settings.metadataColumns],
  };
}

function changesToColumns(changes: TaskChanges): Prisma.TaskUpdateManyMutationInput {
  return {
    ...(changes.schema && schemaToColumns(changes.schema)),
    ...(changes.flush && {
      flushSeconds: changes.flush.seconds,
      flushBytes: BigInt(changes.flush.bytes),
    }),
    ...(changes.dirtyPrefix !== undefined && { dirtyPrefix: changes.dirtyPrefix }),
    ...(changes.compression && { compression: changes.compression }),
    ...(changes.metadataColumns && { metadataColumns: [...changes.metadataColumns] }),
    ...(changes.lateAfterSeconds !== undefined && { lateAfterSeconds: changes.lateAfterSeconds }),
  };
}

function schemaToColumns(schema: TaskSettings["schema"]) {
  return {
    schemaKind: schema.kind,
    manualColumns: schema.kind === "manual" ? toJson(schema.columns) : Prisma.DbNull,
  };
}

/** Plain data of ours is JSON by construction; Prisma's input type cannot see through `readonly`. */
function toJson(value: SchemaMapping | TaskSettings["schema"] | readonly object[]) {
  return value as unknown as Prisma.InputJsonValue;
}
