import type { TaskBody, TaskPatch } from "@/lib/contracts/task-body";
import { taskDefaults } from "@/lib/contracts/task-settings";
import type { TaskView } from "@/lib/contracts/task-view";
import { defaultDirtyPrefix } from "@/lib/core/dirty-prefix";
import type { MappedColumn } from "@/lib/core/schema-mapping";
import type { EventTimeFormat, SyncMode } from "@/lib/core/task";

/** A row of the manual mapping; `rowId` keeps its identity while it moves. */
export type DraftColumn = MappedColumn & { readonly rowId: number };

/** The form as a person fills it in: text where they type, every choice present. */
export type TaskDraft = {
  readonly name: string;
  readonly sourceId: string;
  readonly table: string;
  readonly destinationId: string;
  readonly prefix: string;
  readonly mode: SyncMode;
  readonly timeZone: string;
  readonly folderTime: "write" | "event";
  readonly eventColumn: string;
  readonly eventFormat: EventTimeFormat;
  readonly schemaKind: "auto" | "manual";
  readonly columns: readonly DraftColumn[];
  readonly flushSeconds: string;
  readonly flushMiB: string;
  readonly keepDirty: boolean;
  readonly dirtyPrefix: string;
  readonly compression: "uncompressed" | "snappy" | "zstd";
  readonly objectSuffix: "" | ".parquet";
  readonly metadataColumns: readonly ("_action" | "_written_at" | "_sequence")[];
};

const mib = 1024 * 1024;

export const emptyDraft: TaskDraft = {
  name: "",
  sourceId: "",
  table: "",
  destinationId: "",
  prefix: "",
  mode: "differential",
  timeZone: taskDefaults.timeZone,
  folderTime: "write",
  eventColumn: "",
  eventFormat: "RFC3339",
  schemaKind: "auto",
  columns: [],
  flushSeconds: String(taskDefaults.flush.seconds),
  flushMiB: String(taskDefaults.flush.bytes / mib),
  keepDirty: true,
  dirtyPrefix: "",
  compression: taskDefaults.compression,
  objectSuffix: taskDefaults.objectSuffix,
  metadataColumns: [],
};

/** The request's body. Text that is no number goes as it is: the API says what is wrong with it, at its field. */
export function bodyOf(draft: TaskDraft): TaskBody {
  const dirtyPrefix = draft.dirtyPrefix.trim();
  return {
    name: draft.name.trim(),
    sourceId: draft.sourceId,
    table: draft.table,
    destinationId: draft.destinationId,
    prefix: draft.prefix.trim(),
    mode: draft.mode,
    timeZone: draft.timeZone.trim(),
    eventTime:
      draft.folderTime === "event"
        ? { column: draft.eventColumn, format: draft.eventFormat }
        : null,
    schema:
      draft.schemaKind === "auto"
        ? { kind: "auto" }
        : { kind: "manual", columns: draft.columns.map(({ rowId: _, ...column }) => column) },
    flush: { seconds: Number(draft.flushSeconds), bytes: Math.round(Number(draft.flushMiB) * mib) },
    ...(draft.keepDirty ? (dirtyPrefix === "" ? {} : { dirtyPrefix }) : { dirtyPrefix: null }),
    compression: draft.compression,
    objectSuffix: draft.objectSuffix,
    metadataColumns: [...draft.metadataColumns],
  };
}

/** A task's settings as the form has them, to change what may change. */
export function draftOf(task: TaskView): TaskDraft {
  const { schema, eventTime, currentSchema } = task;
  const columns = schema.kind === "manual" ? schema.columns : currentSchema.columns;
  return {
    name: task.name,
    sourceId: task.sourceId,
    table: task.table,
    destinationId: task.destinationId,
    prefix: task.prefix,
    mode: task.mode,
    timeZone: task.timeZone,
    folderTime: eventTime === null ? "write" : "event",
    eventColumn: eventTime?.column ?? "",
    eventFormat: eventTime?.format ?? "RFC3339",
    schemaKind: schema.kind,
    columns: columns.map((column, rowId) => ({ ...column, rowId })),
    flushSeconds: String(task.flush.seconds),
    flushMiB: String(task.flush.bytes / mib),
    keepDirty: task.dirtyPrefix !== null,
    dirtyPrefix: task.dirtyPrefix ?? "",
    compression: task.compression,
    objectSuffix: task.objectSuffix,
    metadataColumns: task.metadataColumns,
  };
}

/** What differs, and of that only what a task lets be changed. */
export function patchOf(before: TaskDraft, after: TaskDraft): TaskPatch {
  const [old, { flush, schema, compression, metadataColumns, dirtyPrefix }] = [
    bodyOf(before),
    bodyOf(after),
  ];
  const differs = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
  return {
    ...(flush && differs(old.flush, flush) ? { flush } : {}),
    ...(differs(old.schema, schema) ? { schema } : {}),
    ...(compression && compression !== old.compression ? { compression } : {}),
    ...(metadataColumns && differs(old.metadataColumns, metadataColumns)
      ? { metadataColumns }
      : {}),
    ...(dirtyPrefix !== old.dirtyPrefix
      ? { dirtyPrefix: dirtyPrefix === undefined ? defaultDirtyPrefix(after.name) : dirtyPrefix }
      : {}),
  };
}

/** The part of the draft that a field of the API's body is made from, and what the form calls it. */
const fields: readonly (readonly [field: string, part: keyof TaskDraft, label: string])[] = [
  ["name", "name", "Task name"],
  ["sourceId", "sourceId", "Source"],
  ["table", "table", "Source table"],
  ["destinationId", "destinationId", "Destination bucket"],
  ["prefix", "prefix", "Destination prefix"],
  ["mode", "mode", "Synchronisation mode"],
  ["timeZone", "timeZone", "Time zone"],
  ["eventTime.column", "eventColumn", "Event-time column"],
  ["eventTime.format", "eventFormat", "Format of the event time"],
  ["schema", "columns", "Schema"],
  ["flush.seconds", "flushSeconds", "Flush after"],
  ["flush.bytes", "flushMiB", "Flush at"],
  ["dirtyPrefix", "dirtyPrefix", "Folder of dirty values"],
  ["compression", "compression", "Compression"],
  ["objectSuffix", "objectSuffix", "Object names"],
  ["metadataColumns", "metadataColumns", "Metadata columns"],
];

export const fieldLabels: ReadonlyMap<string, string> = new Map(
  fields.map(([field, , label]) => [field, label]),
);

/** Whether a field was touched since it was sent, so that what was said of it is old news. */
export function isChanged(field: string, sent: TaskDraft, draft: TaskDraft): boolean {
  const found = fields.find(([name]) => field === name || field.startsWith(`${name}.`));
  return found !== undefined && sent[found[1]] !== draft[found[1]];
}

/** What a section of the form gets: the draft, how to change it, and what is said of a field. */
export type SectionProps = {
  readonly draft: TaskDraft;
  readonly change: (part: Partial<TaskDraft>) => void;
  readonly errorsOf: (field: string) => string[];
  readonly warningsOf: (field: string) => string[];
};
