import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskSettings } from "@/lib/core/task";
import type { Database } from "./client";
import { getDatasets, type StoredDataset } from "./datasets";
import { Prisma } from "./generated/client";
import { clampLimit, decodeCursor, type Page, type PageRequest, toPage } from "./page-cursor";
import { settingsFromRow, type TaskRow, taskColumns } from "./task-row";

/** A dataset that exists because a task does: read from the task's rows, so that there is one truth. */
export type TaskDataset = {
  readonly taskId: string;
  readonly settings: TaskSettings;
  /** The newest schema version. */
  readonly mapping: SchemaMapping;
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
  readonly createdAt: Date;
};

export type CataloguedDataset =
  | { readonly origin: "dataset"; readonly dataset: StoredDataset }
  | { readonly origin: "task"; readonly dataset: TaskDataset };

type NamedRow = { readonly name: string; readonly origin: "dataset" | "task"; readonly id: string };

/** All datasets, of sessions and of tasks, by name. Tasks that are being deleted are left out. */
export async function listCatalogue(
  database: Database,
  request: PageRequest & { readonly text?: string },
): Promise<Page<CataloguedDataset>> {
  const limit = clampLimit(request.limit);
  const after = request.cursor ? String(decodeCursor(request.cursor, 1)[0]) : "";
  const names = await database.run(
    (prisma) => prisma.$queryRaw<NamedRow[]>`
      SELECT n.name, n.origin, n.id::text FROM (${namesSql(request.text)}) n
      WHERE n.name COLLATE "C" > ${after}
      ORDER BY n.name COLLATE "C" LIMIT ${limit + 1}`,
  );
  const page = toPage(names, limit, ({ name }) => [name]);
  const found = await loadAll(database, page.items);
  const items = page.items.flatMap(({ id }) => found.get(id) ?? []);
  return { items, nextCursor: page.nextCursor };
}

/** Exact. */
export async function countCatalogue(database: Database, text?: string): Promise<number> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ count: bigint }]>`
      SELECT count(*) FROM (${namesSql(text)}) n`;
    return Number(row.count);
  });
}

function namesSql(text = ""): Prisma.Sql {
  const contains = Prisma.sql`position(${text.toLowerCase()} in name) > 0`;
  return Prisma.sql`
    SELECT live_name AS name, 'dataset' AS origin, id FROM dataset
    WHERE live_name IS NOT NULL AND ${contains}
    UNION ALL
    SELECT name, 'task' AS origin, id FROM task WHERE desired_state <> 'deleted' AND ${contains}`;
}

async function loadAll(
  database: Database,
  names: readonly NamedRow[],
): Promise<ReadonlyMap<string, CataloguedDataset>> {
  const idsOf = (origin: string) =>
    names.filter((name) => name.origin === origin).map(({ id }) => id);
  const [datasets, tasks] = await Promise.all([
    getDatasets(database, idsOf("dataset")),
    getTaskDatasets(database, Prisma.sql`t.id = ANY (${idsOf("task")}::uuid[])`),
  ]);
  return new Map<string, CataloguedDataset>([
    ...datasets.map((dataset) => [dataset.id, { origin: "dataset", dataset }] as const),
    ...tasks.map((dataset) => [dataset.taskId, { origin: "task", dataset }] as const),
  ]);
}

/** What the task of this name delivers; null when there is none, or when it is being deleted. */
export async function getTaskDataset(
  database: Database,
  name: string,
): Promise<TaskDataset | null> {
  const [found] = await getTaskDatasets(database, Prisma.sql`t.name = ${name}`);
  return found ?? null;
}

type TaskDatasetRow = TaskRow & {
  readonly mapping: SchemaMapping;
  readonly objects: bigint;
  readonly rows: bigint;
  readonly bytes: bigint;
};

async function getTaskDatasets(database: Database, condition: Prisma.Sql): Promise<TaskDataset[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<TaskDatasetRow[]>`
      SELECT ${taskColumns}, newest.mapping, totals.objects, totals.rows, totals.bytes
      FROM task t
      CROSS JOIN LATERAL (SELECT v.mapping FROM schema_version v WHERE v.task_id = t.id
                          ORDER BY v.version DESC LIMIT 1) newest
      CROSS JOIN LATERAL (SELECT COALESCE(sum(c.objects), 0)::bigint AS objects,
                                 COALESCE(sum(c.rows), 0)::bigint AS rows,
                                 COALESCE(sum(c.bytes), 0)::bigint AS bytes
                          FROM channel c WHERE c.task_id = t.id) totals
      WHERE t.desired_state <> 'deleted' AND ${condition}`;
    return rows.map((row) => ({
      taskId: row.id,
      settings: settingsFromRow(row),
      mapping: row.mapping,
      objects: Number(row.objects),
      rows: Number(row.rows),
      bytes: Number(row.bytes),
      createdAt: row.created_at,
    }));
  });
}
