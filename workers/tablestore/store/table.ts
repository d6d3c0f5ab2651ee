import type { BaseCut } from "./base-cut";
import { createKeySchema, type KeySchema, keyType } from "./key-schema";
import type { ChannelRange, LogChannel } from "./stream-log";

export type KeyTypeName = "INTEGER" | "STRING" | "BINARY";
export type DefinedColumnTypeName =
  | "DCT_INTEGER"
  | "DCT_DOUBLE"
  | "DCT_BOOLEAN"
  | "DCT_STRING"
  | "DCT_BLOB";

/** A table as it is stored (JSON under its name) and described. */
export type TableDocument = {
  readonly id: number;
  readonly name: string;
  readonly primaryKey: readonly {
    readonly name: string;
    readonly type: KeyTypeName;
    readonly autoIncrement: boolean;
  }[];
  readonly definedColumns: readonly {
    readonly name: string;
    readonly type: DefinedColumnTypeName;
  }[];
  readonly options: TableOptions;
  readonly reserved: { readonly read: number; readonly write: number; readonly sinceMs: number };
  readonly createdAtMs: number;
  readonly stream: StreamDocument | null;
};

export type TableOptions = {
  /** -1: for ever. */
  readonly timeToLiveSeconds: number;
  readonly maxVersions: number;
  /**
   * How far a cell's own timestamp may be from now; null when the table's maker did not ask for a
   * bound, and then none is kept (imports bring old timestamps), though clients are told the
   * service's default.
   */
  readonly deviationSeconds: number | null;
  readonly allowUpdate: boolean;
};

export type StreamDocument = {
  readonly id: string;
  readonly enabledAtMs: number;
  readonly expirationHours: number;
  /** Columns whose old value goes to a record's origin. */
  readonly columnsToGet: readonly string[];
  /** Those that are written, in the order of their ranges, and split ones whose records are kept. */
  readonly channels: readonly StreamChannelDocument[];
};

export type StreamChannelDocument = ChannelRange & {
  readonly ordinal: number;
  readonly id: string;
  readonly parentId: string | null;
  /** Where and when it was split; null while it is written. */
  readonly end: { readonly sequence: number; readonly atMs: number } | null;
};

/** A table while the process runs. The commit loop alone changes it. */
export type Table = {
  document: TableDocument;
  readonly schema: KeySchema;
  /** Channels of `document.stream` that are written; their ranges, in this order, leave no gap. */
  channels: LogChannel[];
  /** Its split channels, parents before children. */
  closedChannels: LogChannel[];
  /** Snapshots of base data that are still being read. */
  readonly cuts: Set<BaseCut>;
};

export function openTable(document: TableDocument): Table {
  const schema = createKeySchema(
    document.id,
    document.primaryKey.map(({ name, type, autoIncrement }) => ({
      name,
      type: { INTEGER: keyType.integer, STRING: keyType.string, BINARY: keyType.binary }[type],
      autoIncrement,
    })),
  );
  return { document, schema, channels: [], closedChannels: [], cuts: new Set() };
}

/** The channel of a row whose partition key has this hash, or null when the stream is off. */
export function channelOf(table: Table, partitionHash: number): LogChannel | null {
  for (const channel of table.channels) if (partitionHash < channel.hashEnd) return channel;
  return null;
}
