import type { SampleRow, TableColumn, TableDescription } from "../record";
import type { MappedColumn, SchemaMapping } from "../schema-mapping";
import type { EventTime, SyncMode } from "../task";
import type { RowRouter } from "./row-target";

export type ChannelKind = "base" | "stream";

/** Channel states of a heartbeat (reference: tunnel-service.md 8). */
export type ChannelStatus = "open" | "closing" | "closed" | "terminated";

/** A channel as client and server tell each other in a heartbeat; the higher version wins. */
export type ChannelReport = {
  readonly channelId: string;
  readonly version: bigint;
  readonly status: ChannelStatus;
};

export type TunnelStage = "initialising" | "base" | "stream";

export type TunnelDescription = {
  readonly stage: TunnelStage;
  readonly expired: boolean;
  readonly channels: readonly {
    readonly channelId: string;
    readonly kind: ChannelKind;
    readonly status: "waiting" | ChannelStatus;
    readonly clientId: string | null;
    /** Everything written before this instant was consumed; null when unknown, and for base data. */
    readonly consumedThroughMs: number | null;
    readonly rows: bigint | null;
  }[];
};

/** What a stretch of records came to. records = rows + deletesIgnored + dirtyRecords, always (D2). */
export type RecordCounts = {
  records: number;
  rows: number;
  deletesIgnored: number;
  dirtyRecords: number;
  /** Values dropped from rows that were delivered without them; beside the account, not in it. */
  dirtyValues: number;
  /** Values of columns that a manual mapping leaves out. */
  unmappedValues: number;
  /** Write time of the newest record, epoch ms; 0 when there was none. */
  lastWrittenAtMs: number;
};

/** One read's worth of records, still in the source's own bytes. */
export interface RecordPage {
  readonly recordCount: number;
  readonly byteLength: number;
  /** Position after the last record of the page. */
  readonly next: string;
  /** The channel ends here; nothing follows. */
  readonly finished: boolean;
  /** False: the channel had nothing more at the time, so reading again at once is pointless. */
  readonly mayHaveMore: boolean;
}

/** A page walked and checked once; the values still lie in the source's bytes. */
export interface DecodedPage {
  readonly recordCount: number;
  /**
   * Columns that occur in records [0, recordCount) and that an `auto` mapping would take on now
   * (schema-auto.ts, listAddedColumns); none for a `manual` one. A column that is never taken, as a
   * binary one, must not be told: it would start schema versions without end.
   */
  readonly unseenColumns: readonly TableColumn[];
  /** Sends records [from, from + count) to the router, in order. */
  append(from: number, count: number, router: RowRouter): RecordCounts;
  /** Lets the page's bytes go where they would be kept until the next page; nothing is appended after. */
  release?(): void;
}

/** Compiled for one schema version. The result of `decode` is valid until the next call. */
export interface RecordDecoder {
  decode(page: RecordPage): DecodedPage;
}

/** A position as the tunnel keeps it, with the number that a compare-and-swap of it needs. */
export type TunnelCheckpoint = { readonly checkpoint: string; readonly sequenceNumber: bigint };

/**
 * Asked for a page's bytes before they are taken; resolves when there is room for them. Until then they
 * stay where they are, at the source. May be asked again when a read is tried again.
 */
export type AdmitPage = (bytes: number) => Promise<void>;

/** One tunnel, seen as one client. Throws AppError with `source.*` codes. */
export interface Tunnel {
  connect(request: { timeoutSeconds: number; tag: string }): Promise<string>;
  /** Reports local channels and gives those that the client is to hold (OPEN or CLOSING). */
  heartbeat(clientId: string, channels: readonly ChannelReport[]): Promise<ChannelReport[]>;
  describe(): Promise<TunnelDescription>;
  readCheckpoint(clientId: string, channelId: string): Promise<TunnelCheckpoint>;
  /** Accepted only when `sequenceNumber` is the stored one + 1, else `source.checkpoint_ahead`. */
  writeCheckpoint(clientId: string, channelId: string, position: TunnelCheckpoint): Promise<void>;
  readRecords(
    clientId: string,
    channelId: string,
    checkpoint: string,
    admit?: AdmitPage,
  ): Promise<RecordPage>;
  shutdown(clientId: string): Promise<void>;
}

/** A configured place that tables are read from. Throws AppError with `source.*` codes. */
export interface TableSource {
  listTables(): Promise<string[]>;
  describeTable(table: string): Promise<TableDescription>;
  /** Up to `limit` rows from the start of the table, for people to look at. */
  sampleRows(table: string, limit: number): Promise<SampleRow[]>;
  /**
   * Makes the tunnel at its start position, or finds the one of that name, and gives its id. Switches
   * the table's stream on where the mode needs it.
   */
  createTunnel(request: { table: string; name: string; mode: SyncMode }): Promise<string>;
  /** A tunnel that is gone is no error. */
  deleteTunnel(request: { table: string; name: string }): Promise<void>;
  /**
   * Where a stream channel's oldest readable record is; null when the source does not say. Absent where
   * a source never can: what expired there cannot go on.
   */
  oldestCheckpoint?(request: { table: string; channelId: string }): Promise<string | null>;
  openTunnel(request: { table: string; name: string; tunnelId: string }): Tunnel;
  createDecoder(mapping: SchemaMapping, eventTime: EventTime | null): RecordDecoder;
  close(): Promise<void>;
}

/** The Parquet columns that a decoder numbers its puts by: the mapping's, then the metadata columns. */
export function parquetColumnsOf(mapping: SchemaMapping): readonly MappedColumn[] {
  return [
    ...mapping.columns,
    ...mapping.metadataColumns.map(
      (name): MappedColumn => ({
        source: name,
        name,
        type: name === "_written_at" ? "INT64" : "UTF8",
        encoding: "PLAIN",
      }),
    ),
  ];
}
