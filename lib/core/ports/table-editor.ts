import type { SampleCell, TableColumn, TableDescription } from "../record";
import type { SyncMode } from "../task";
import type { TunnelStage } from "./table-source";

/** A key column as a table is made with it. At most one is numbered by the source, never the first. */
export type KeyColumn = TableColumn & { readonly autoIncrement: boolean };

/** A table with all that people can set on it. */
export type TableDetails = Omit<TableDescription, "primaryKey"> & {
  readonly primaryKey: readonly KeyColumn[];
  /** -1: cells are kept forever. */
  readonly timeToLiveSeconds: number;
  readonly versionsMax: number;
  /** null when the source does not tell. */
  readonly createdAtMs: number | null;
};

export type TableDraft = Omit<TableDetails, "createdAtMs">;

/** What is left out stays as it is. */
export type TableChanges = {
  /** null switches the stream off, and with it every stream tunnel loses its records. */
  readonly streamExpirationHours?: number | null;
  readonly timeToLiveSeconds?: number;
};

/** Picks rows by the first key column; values as text: decimal, plain, or base64 by its type. */
export type KeyFilter =
  | { readonly kind: "equals"; readonly value: string }
  /** Of text or bytes; an integer has no prefix. */
  | { readonly kind: "prefix"; readonly value: string }
  /** Both ends belong to the range; null leaves an end open. */
  | { readonly kind: "range"; readonly from: string | null; readonly to: string | null };

/** A row in full, integers as decimal text and binary as base64. */
export type TableRow = {
  readonly key: readonly SampleCell[];
  readonly attributes: readonly SampleCell[];
};

/** In the order of the key; `type: "auto"` leaves the number to the source. */
export type NewKeyCell = SampleCell | { readonly name: string; readonly type: "auto" };
export type NewRow = {
  readonly key: readonly NewKeyCell[];
  readonly attributes: readonly SampleCell[];
};

/** Only the attributes named here change. */
export type RowChange = {
  readonly key: readonly SampleCell[];
  readonly set: readonly SampleCell[];
  readonly remove: readonly string[];
};

export type RowPage = { readonly rows: readonly TableRow[]; readonly next: string | null };

export type TunnelSummary = {
  readonly tunnelId: string;
  readonly name: string;
  readonly table: string;
  readonly mode: SyncMode;
  readonly stage: TunnelStage;
  readonly expired: boolean;
  readonly createdAtMs: number | null;
};

/**
 * What people do by hand to a source's tables and tunnels; delivery needs none of it. Throws AppError
 * with `source.*` codes, `source.change_refused` when the source says no to what was asked.
 */
export interface TableEditor {
  describeTable(table: string): Promise<TableDetails>;
  /** Throws `resource.conflict` when there is one of that name. */
  createTable(draft: TableDraft): Promise<void>;
  updateTable(table: string, changes: TableChanges): Promise<void>;
  deleteTable(table: string): Promise<void>;
  /**
   * Rows in the order of their keys. `after` is the `next` of the page before, with the same filter.
   * A page may hold fewer rows than `limit` and still have a next. Throws `InvalidInputError` for a
   * filter or position that the table's key cannot have.
   */
  readRows(request: {
    table: string;
    filter: KeyFilter | null;
    after: string | null;
    limit: number;
  }): Promise<RowPage>;
  /** Throws `resource.conflict` when the key is taken. */
  insertRow(table: string, row: NewRow): Promise<void>;
  /** Throws `resource.not_found` when the row is gone: an edit must not bring it back. */
  updateRow(table: string, change: RowChange): Promise<void>;
  deleteRow(table: string, key: readonly SampleCell[]): Promise<void>;
  /**
   * Writes up to 200 rows, each over the one of its key. Gives, row by row, null or what the source
   * said against it.
   */
  putRows(table: string, rows: readonly NewRow[]): Promise<(string | null)[]>;
  listTunnels(table: string): Promise<TunnelSummary[]>;
  /** Throws `source.tunnel_exists`. Switches the table's stream on where the mode needs it. */
  createTunnel(request: { table: string; name: string; mode: SyncMode }): Promise<void>;
  /**
   * Ends a stream channel of the table, in every tunnel; two others go on with half of its keys each.
   * Throws `source.change_refused` where the source cuts its channels itself (as Tablestore does).
   */
  splitChannel(table: string, channelId: string): Promise<void>;
  close(): Promise<void>;
}
