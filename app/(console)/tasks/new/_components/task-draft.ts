import type { TaskBody } from "@/lib/contracts/task-body";
import { taskDefaults } from "@/lib/contracts/task-settings";
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
