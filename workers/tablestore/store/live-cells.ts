import type { Cell } from "./cell";
import { readStoredRow } from "./stored-row";

/** The cells that have not expired at `nowMs`. A row none of whose cells is left has expired too. */
export function liveCells(
  cells: readonly Cell[],
  timeToLiveSeconds: number,
  nowMs: number,
): readonly Cell[] | null {
  if (timeToLiveSeconds < 0 || cells.length === 0) return cells;
  const oldestMs = nowMs - timeToLiveSeconds * 1000;
  const alive = cells.filter((cell) => cell.timestampMs > oldestMs);
  return alive.length === 0 ? null : alive;
}

/** A stored row's cells, or null when the row is not there or has expired. */
export function liveCellsOf(
  stored: Buffer | undefined,
  timeToLiveSeconds: number,
  nowMs: number,
): readonly Cell[] | null {
  if (stored === undefined) return null;
  return liveCells(readStoredRow(stored).cells, timeToLiveSeconds, nowMs);
}
