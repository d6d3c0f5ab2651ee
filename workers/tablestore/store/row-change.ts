import { operationTag, variantTag } from "@/lib/tablestore/plain-buffer-tags";
import { parameterInvalid, Refusal } from "../refusal";
import { keepsImage } from "./base-cut";
import { type Cell, compareCells, emptyKeySection, encodeRow, integerCell } from "./cell";
import type { Commit } from "./commit";
import type { CellFilter } from "./filter";
import { baseImageKey } from "./key-encoding";
import { liveCellsOf } from "./live-cells";
import type { ParsedRow } from "./parse-row";
import { rowKeyOf } from "./row-key";
import { encodeStoredRow, sequenceOf, writeSequence } from "./stored-row";
import { channelOf, type Table } from "./table";

/** What a write asks for besides its cells. */
export type RowConditions = {
  readonly existence: "IGNORE" | "EXPECT_EXIST" | "EXPECT_NOT_EXIST";
  readonly filter: CellFilter | null;
};

/** Columns whose values after the change go into the answer, or null. */
export type ReturnColumns = ReadonlySet<string> | null;

export type RowChange = {
  readonly table: Table;
  readonly row: ParsedRow;
  readonly conditions: RowConditions;
  readonly returnColumns: ReturnColumns;
} & (
  | {
      readonly kind: "put";
      /** The row as it will be stored, encoded while the request was parsed. */
      readonly stored: Buffer;
    }
  | { readonly kind: "update" }
  | { readonly kind: "delete" }
);

export type RowChangeResult = {
  /** Cells that `returnColumns` asked for. */
  readonly returned: readonly Cell[];
  /** Bytes of the row that had to be read to decide; 0 for a blind write. */
  readonly readBytes: number;
};

const actionOf = { put: 1, update: 2, delete: 3 } as const;

/** Sorted, one per name and version, and no more versions than the table keeps. */
export function keepNewestVersions(cells: readonly Cell[], maxVersions: number): Cell[] {
  const sorted = [...cells].sort(compareCells);
  const kept: Cell[] = [];
  let versions = 0;
  for (const cell of sorted) {
    const last = kept.at(-1);
    if (last?.name !== cell.name) versions = 0;
    else if (last.timestampMs === cell.timestampMs) continue;
    if (versions >= maxVersions) continue;
    kept.push(cell);
    versions++;
  }
  return kept;
}

/** Whether the row as it is has to be known before the change. */
export function needsCurrentRow(change: RowChange): boolean {
  return (
    change.kind === "update" ||
    change.conditions.existence !== "IGNORE" ||
    change.conditions.filter !== null ||
    change.table.cuts.size > 0 ||
    (change.table.document.stream?.columnsToGet.length ?? 0) > 0
  );
}

/** Decides one row's change and adds it to the commit. Throws a Refusal before anything is written. */
export function applyRowChange(commit: Commit, change: RowChange): RowChangeResult {
  const { table, row } = change;
  const { rowKey } = row;
  const before = needsCurrentRow(change) ? commit.get(rowKey) : undefined;
  const timeToLive = table.document.options.timeToLiveSeconds;
  const cellsBefore = liveCellsOf(before, timeToLive, commit.nowMs);
  checkConditions(change.conditions, cellsBefore);

  const outcome = decideOutcome(change, cellsBefore, commit.nowMs);
  keepImages(commit, table, rowKey.bytes, before);
  if (outcome.stored === null) {
    if (change.kind === "delete" || before !== undefined) commit.delete(rowKey);
  } else {
    writeSequence(outcome.stored, commit.sequence);
    commit.put(rowKey, outcome.stored);
  }
  const channel = channelOf(table, row.partitionHash);
  if (channel !== null) {
    commit.append(channel, {
      action: actionOf[change.kind],
      ...outcome.record,
      origin: encodeOrigin(table, cellsBefore),
    });
  }
  const { returnColumns } = change;
  return {
    returned:
      returnColumns === null ? [] : outcome.cells.filter((cell) => returnColumns.has(cell.name)),
    readBytes: before?.length ?? 0,
  };
}

function checkConditions(conditions: RowConditions, cells: readonly Cell[] | null): void {
  const { existence, filter } = conditions;
  const holds =
    (existence === "IGNORE" || (existence === "EXPECT_EXIST") === (cells !== null)) &&
    (filter === null || filter(cells ?? []));
  if (!holds) throw new Refusal("OTSConditionCheckFail", "Condition check failed.");
}

type Outcome = {
  /** The row afterwards; null when there is none. */
  readonly stored: Buffer | null;
  readonly cells: readonly Cell[];
  /** The change as the stream tells it: record.bytes[record.start…]. */
  readonly record: { readonly bytes: Buffer; readonly start: number };
};

function decideOutcome(change: RowChange, before: readonly Cell[] | null, nowMs: number): Outcome {
  const { row, table } = change;
  if (change.kind === "put") {
    // The stored bytes are the record's too; all but the commit sequence in front of them.
    const { stored } = change;
    return { stored, cells: row.cells, record: { bytes: stored, start: storedStart } };
  }
  if (change.kind === "delete") {
    const bytes = encodeRow(row.key, [], { deleteMarker: true });
    return { stored: null, cells: [], record: { bytes, start: 0 } };
  }
  const changes = resolveIncrements(row.cells, before ?? [], nowMs);
  const cells = mergeCells(before ?? [], changes, table.document.options.maxVersions);
  const record = { bytes: encodeRow(row.key, changes), start: 0 };
  // Deletes of cells alone do not make a row.
  if (before === null && cells.length === 0) return { stored: null, cells, record };
  return { stored: encodeStoredRow(row.key, cells), cells, record };
}

const storedStart = 6;

/** Turns increments into the values that they result in: a stream record cannot say "add". */
function resolveIncrements(
  changes: readonly Cell[],
  before: readonly Cell[],
  nowMs: number,
): readonly Cell[] {
  if (!changes.some((cell) => cell.operation === operationTag.increment)) return changes;
  const resolved: Cell[] = [];
  for (const change of changes) {
    if (change.operation !== operationTag.increment) {
      resolved.push(change);
      continue;
    }
    const earlier = resolved.findLast((cell) => cell.name === change.name);
    const current = earlier ?? before.find((cell) => cell.name === change.name);
    const sum = integerIn(current) + change.bytes.readBigInt64LE(change.valueStart + 1);
    if (BigInt.asIntN(64, sum) !== sum) {
      throw parameterInvalid("An increment exceeds the range of integers.");
    }
    const version = Math.max(nowMs, current?.timestampMs ?? 0);
    resolved.push(integerCell(change.name, sum, version));
  }
  return resolved;
}

/** A column that is not there, or was just deleted, counts from 0. */
function integerIn(cell: Cell | undefined): bigint {
  if (cell === undefined || cell.valueEnd === cell.valueStart) return 0n;
  if (cell.bytes[cell.valueStart] !== variantTag.integer) {
    throw parameterInvalid("An increment of a column that holds no integer.");
  }
  return cell.bytes.readBigInt64LE(cell.valueStart + 1);
}

/** The row's cells after the changes, which take effect in the order they are given. */
function mergeCells(
  before: readonly Cell[],
  changes: readonly Cell[],
  maxVersions: number,
): readonly Cell[] {
  let cells = [...before];
  for (const change of changes) {
    if (change.operation === operationTag.deleteAllVersions) {
      cells = cells.filter((cell) => cell.name !== change.name);
    } else if (change.operation === operationTag.deleteOneVersion) {
      cells = cells.filter(
        (cell) => cell.name !== change.name || cell.timestampMs !== change.timestampMs,
      );
    } else {
      // In front, so that it wins over the same version of before: sorting keeps the order.
      cells.unshift(change);
    }
  }
  return keepNewestVersions(cells, maxVersions);
}

/** Keeps the row as it was for every snapshot that still has to read it. */
export function keepImages(
  commit: Commit,
  table: Table,
  rowKey: Buffer,
  before: Buffer | undefined,
): void {
  if (before === undefined) return;
  for (const cut of table.cuts) {
    if (keepsImage(cut, rowKey, sequenceOf(before))) {
      commit.put(rowKeyOf(baseImageKey(cut.id, rowKey)), before);
    }
  }
}

/** The old values that the table's stream asks for. */
function encodeOrigin(table: Table, before: readonly Cell[] | null): Buffer | null {
  const columns = table.document.stream?.columnsToGet ?? [];
  if (columns.length === 0) return null;
  const names = new Set(columns.map((name) => Buffer.from(name, "utf8").toString("latin1")));
  return encodeRow(
    emptyKeySection,
    (before ?? []).filter((cell) => names.has(cell.name)),
  );
}
