import type { Compression, MappedColumn, MetadataColumn } from "./schema-mapping";

/** full: one table scan. incremental: changes from creation on. differential: both, in order. */
export type SyncMode = "full" | "incremental" | "differential";

/** Layouts of an event-time column's values (reference: eventTimeFormat). */
export type EventTimeFormat = "RFC822" | "RFC850" | "RFC1123" | "RFC3339" | "Unix";

export type EventTime = { readonly column: string; readonly format: EventTimeFormat };

/** What a person asks for. Names, source, destination, prefix, mode and zone never change afterwards. */
export type TaskSettings = {
  readonly name: string;
  readonly sourceId: string;
  readonly table: string;
  readonly destinationId: string;
  /** Folder template with `$yyyy $MM $dd $HH $mm`; see prefix-template.ts. */
  readonly prefix: string;
  readonly mode: SyncMode;
  /** IANA zone the time variables are rendered in. */
  readonly timeZone: string;
  readonly eventTime: EventTime | null;
  readonly schema:
    | { readonly kind: "auto" }
    | { readonly kind: "manual"; readonly columns: readonly MappedColumn[] };
  readonly flush: { readonly seconds: number; readonly bytes: number };
  /** Folder of dirty values as NDJSON objects; null switches them off. */
  readonly dirtyPrefix: string | null;
  readonly compression: Compression;
  /** "" (documented: no extension) or ".parquet". */
  readonly objectSuffix: "" | ".parquet";
  readonly metadataColumns: readonly MetadataColumn[];
};

/** What the console wants of a task; workers turn it into facts. */
export type DesiredState = "running" | "paused" | "deleted";

export const flushDefaults = { seconds: 120, bytes: 128 * 1024 * 1024 } as const;
export const flushSecondsMin = 5;
export const flushSecondsMax = 900;
export const flushBytesMin = 1024 * 1024;
export const flushBytesMax = 1024 * 1024 * 1024;
