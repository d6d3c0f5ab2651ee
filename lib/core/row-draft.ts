import type { KeyColumn, NewKeyCell, NewRow } from "./ports/table-editor";
import type { Problem } from "./problem";
import type { SampleCell } from "./record";

/**
 * Sorts the cells that somebody wrote into a row of a table. Problems have the column as their field
 * and are all there at once; `row` is null when there are any. Attributes may be of any type: a
 * table's defined columns do not bind its rows.
 */
export function readRowDraft(
  primaryKey: readonly KeyColumn[],
  cells: readonly SampleCell[],
): { row: NewRow | null; problems: Problem[] } {
  const problems: Problem[] = [];
  const byName = new Map<string, SampleCell>();
  for (const cell of cells) {
    if (byName.has(cell.name)) {
      problems.push({ field: cell.name, message: "This column is given twice." });
    }
    byName.set(cell.name, cell);
  }
  const key: NewKeyCell[] = [];
  for (const column of primaryKey) {
    const cell = byName.get(column.name);
    byName.delete(column.name);
    const problem = problemOfKeyCell(column, cell);
    if (problem !== null) problems.push({ field: column.name, message: problem });
    key.push(cell ?? { name: column.name, type: "auto" });
  }
  const attributes = [...byName.values()];
  return { row: problems.length === 0 ? { key, attributes } : null, problems };
}

/** The key of a row that exists: every column of it, in the table's order. */
export function readWholeKey(
  primaryKey: readonly KeyColumn[],
  cells: readonly SampleCell[],
): { key: SampleCell[]; problems: Problem[] } {
  const whole = primaryKey.map((column) => ({ ...column, autoIncrement: false }));
  const { row, problems } = readRowDraft(whole, cells);
  const unknown = (row?.attributes ?? []).map(({ name }) => ({
    field: name,
    message: "This is no column of the key.",
  }));
  return {
    key: (row?.key ?? []).filter((cell): cell is SampleCell => cell.type !== "auto"),
    problems: [...problems, ...unknown],
  };
}

function problemOfKeyCell(column: KeyColumn, cell: SampleCell | undefined): string | null {
  if (cell === undefined) return column.autoIncrement ? null : "This column of the key is missing.";
  if (cell.type === column.type) return null;
  return `This column of the key is of type ${column.type}, not ${cell.type}.`;
}
