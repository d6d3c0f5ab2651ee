import type { SchemaVersionView, TaskSummary, TaskView } from "@/lib/contracts/task-view";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import { deriveTaskStatus, fullPercent } from "@/lib/core/task-status";
import type { TaskOverview } from "@/lib/db/task-overviews";
import { errorViewOf } from "./failure-view";
import { statusFactsOf } from "./task-status-facts";

export type TaskSurroundings = {
  readonly bucket: string;
  readonly isWorkerAlive: boolean;
  readonly nowMs: number;
};

/** One line of the task list. */
export function taskSummaryOf(task: TaskOverview, around: TaskSurroundings): TaskSummary {
  const { settings, facts } = task;
  const statusFacts = statusFactsOf(task, around);
  const { kind, label, tone, detail } = deriveTaskStatus(statusFacts);
  return {
    name: settings.name,
    sourceId: settings.sourceId,
    table: settings.table,
    destinationId: settings.destinationId,
    bucket: around.bucket,
    prefix: settings.prefix,
    mode: settings.mode,
    desiredState: task.desiredState,
    status: { kind, label, tone, detail },
    progress: progressOf(task, around.nowMs, fullPercent(statusFacts)),
    account: {
      records: facts.records,
      rows: facts.rows,
      deletesIgnored: facts.deletesIgnored,
      dirtyRecords: facts.dirtyRecords,
      dirtyValues: facts.dirtyValues,
      unmappedValues: facts.unmappedValues,
      objects: facts.objects,
      bytes: facts.bytes,
    },
    lastDeliveredAt: facts.lastDeliveredAt?.toISOString() ?? null,
    errors: facts.errors.map((error) => errorViewOf(error, error.channels)),
    createdAt: task.createdAt.toISOString(),
  };
}

function progressOf(
  { settings, facts }: TaskOverview,
  nowMs: number,
  percent: number | null,
): TaskSummary["progress"] {
  const through = facts.deliveredThrough;
  return {
    stage: stageOf(facts),
    fullPercent: settings.mode === "incremental" ? null : percent,
    deliveredThrough: through?.toISOString() ?? null,
    lagSeconds:
      through && !facts.completedAt ? Math.max(0, (nowMs - through.getTime()) / 1000) : null,
    channels: facts.base.total + facts.stream.total,
    channelsFinished: facts.base.drained + facts.stream.drained,
  };
}

function stageOf(facts: TaskOverview["facts"]): TaskSummary["progress"]["stage"] {
  if (facts.completedAt) return "completed";
  if (facts.stage === "initialising" || !facts.initialisedAt) return "initialising";
  return facts.stage === "base" ? "full" : "incremental";
}

/** A task with all its settings and the schema versions it has used, oldest first. */
export function taskViewOf(
  task: TaskOverview,
  around: TaskSurroundings,
  versions: readonly { readonly mapping: SchemaMapping }[],
): TaskView {
  const { settings } = task;
  const { schema } = settings;
  return {
    ...taskSummaryOf(task, around),
    timeZone: settings.timeZone,
    eventTime: settings.eventTime,
    schema: schema.kind === "auto" ? schema : { kind: "manual", columns: [...schema.columns] },
    currentSchema: schemaVersionView(versions.at(-1)?.mapping),
    schemaVersions: versions.length,
    flush: settings.flush,
    dirtyPrefix: settings.dirtyPrefix,
    compression: settings.compression,
    objectSuffix: settings.objectSuffix,
    metadataColumns: [...settings.metadataColumns],
    thresholds: { lateAfterSeconds: task.lateAfterSeconds },
  };
}

const noSchema: SchemaMapping = { kind: "auto", version: 1, columns: [], metadataColumns: [] };

export function schemaVersionView(mapping: SchemaMapping = noSchema): SchemaVersionView {
  return {
    version: mapping.version,
    kind: mapping.kind,
    columns: [...mapping.columns],
    metadataColumns: [...mapping.metadataColumns],
  };
}
