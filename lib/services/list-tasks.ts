import type { TaskListQuery, TaskPage } from "@/lib/contracts/task-view";
import type { Database } from "@/lib/db/client";
import { getDestination } from "@/lib/db/destinations";
import {
  countTaskOverviews,
  listTaskOverviews,
  type TaskFilter,
  type TaskOverview,
} from "@/lib/db/task-overviews";
import { countLiveWorkers } from "@/lib/db/workers";
import { definedFields } from "./defined-fields";
import type { ServiceDependencies } from "./service-dependencies";
import { taskSummaryOf } from "./task-view";

type Needs = Pick<ServiceDependencies, "database" | "now">;

/** Newest first; `total` counts all tasks that the filters match, exactly. */
export async function listTasks({ database, now }: Needs, query: TaskListQuery): Promise<TaskPage> {
  const { cursor, limit, search, ...filters } = query;
  const filter: TaskFilter = definedFields({ ...filters, text: search });
  const [page, total, workers] = await Promise.all([
    listTaskOverviews(database, { cursor: cursor ?? null, limit, filter }),
    countTaskOverviews(database, filter),
    countLiveWorkers(database),
  ]);
  const buckets = await bucketsOf(database, page.items);
  const nowMs = now();
  const isWorkerAlive = workers > 0;
  return {
    items: page.items.map((task) => {
      const bucket = buckets.get(task.settings.destinationId) ?? "";
      return taskSummaryOf(task, { bucket, isWorkerAlive, nowMs });
    }),
    nextCursor: page.nextCursor,
    total,
  };
}

/** A page's tasks share few destinations. */
async function bucketsOf(
  database: Database,
  tasks: readonly TaskOverview[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(tasks.map(({ settings }) => settings.destinationId))];
  const found = await Promise.all(ids.map((id) => getDestination(database, id)));
  return new Map(
    found.flatMap((destination) => (destination ? [[destination.id, destination.bucket]] : [])),
  );
}
