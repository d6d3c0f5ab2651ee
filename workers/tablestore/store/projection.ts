import type { Cell } from "./cell";
import type { RowFilter } from "./filter";
import { liveCells } from "./live-cells";
import type { Table } from "./table";

/** What a read wants of each row. Names are as cells hold them: UTF-8 bytes as characters. */
export type Projection = {
  /** Names asked for, also of key columns; null asks for all. */
  readonly columns: ReadonlySet<string> | null;
  /** Versions per column, newest first; Infinity when only the time range bounds them. */
  readonly versionsMax: number;
  /** Epoch ms, from ≤ timestamp < to. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Column names from this on, and before that one. */
  readonly startColumn: string | null;
  readonly endColumn: string | null;
  readonly filter: RowFilter | null;
};

/** Whether the projection gives every stored row as it is. */
export function givesWholeRows(table: Table, projection: Projection): boolean {
  const { options } = table.document;
  return (
    projection.columns === null &&
    projection.filter === null &&
    projection.startColumn === null &&
    projection.endColumn === null &&
    projection.fromMs <= 0 &&
    projection.toMs === Number.POSITIVE_INFINITY &&
    projection.versionsMax >= options.maxVersions &&
    options.timeToLiveSeconds < 0
  );
}

/**
 * The cells to give of a row, or null when the row is not part of the answer: it has expired, fails
 * the filter, or has none of the columns asked for. The filter sees what the projection left, as
 * with the real service.
 */
export function projectCells(
  table: Table,
  stored: readonly Cell[],
  projection: Projection,
  nowMs: number,
): readonly Cell[] | null {
  const { options } = table.document;
  const alive = liveCells(stored, options.timeToLiveSeconds, nowMs);
  if (alive === null) return null;
  const versionsMax = Math.min(projection.versionsMax, options.maxVersions);
  const selected = selectCells(alive, projection, versionsMax);
  if (selected.length === 0 && isNarrowed(table, projection)) return null;
  const { filter } = projection;
  if (filter === null) return selected;
  if (!filter.passes(selected)) return null;
  return filter.page === null ? selected : pageColumns(selected, filter.page);
}

/** A projection that names no key column gives no row that has none of its columns. */
function isNarrowed(table: Table, projection: Projection): boolean {
  if (projection.columns === null) return false;
  for (const name of projection.columns) if (table.schema.cellNames.has(name)) return false;
  return true;
}

function selectCells(cells: readonly Cell[], projection: Projection, versionsMax: number): Cell[] {
  const { columns, startColumn, endColumn, fromMs, toMs } = projection;
  const selected: Cell[] = [];
  let versions = 0;
  let lastName: string | null = null;
  for (const cell of cells) {
    if (columns !== null && !columns.has(cell.name)) continue;
    if (startColumn !== null && cell.name < startColumn) continue;
    if (endColumn !== null && cell.name >= endColumn) continue;
    if (cell.timestampMs < fromMs || cell.timestampMs >= toMs) continue;
    if (cell.name !== lastName) versions = 0;
    lastName = cell.name;
    if (versions >= versionsMax) continue;
    versions++;
    selected.push(cell);
  }
  return selected;
}

function pageColumns(cells: readonly Cell[], page: { offset: number; limit: number }): Cell[] {
  const names = [...new Set(cells.map((cell) => cell.name))];
  const wanted = new Set(names.slice(page.offset, page.offset + page.limit));
  return cells.filter((cell) => wanted.has(cell.name));
}
