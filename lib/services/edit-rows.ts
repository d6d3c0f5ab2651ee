import { parseInput, problemsOf } from "@/lib/contracts/field-problems";
import {
  cellSchema,
  cellViewOf,
  type ImportResult,
  importBodySchema,
  type RowListQuery,
  type RowPageView,
  rowBodySchema,
  rowKeySchema,
  rowPatchSchema,
} from "@/lib/contracts/row-body";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { KeyColumn, KeyFilter, NewRow, TableEditor } from "@/lib/core/ports/table-editor";
import type { Problem } from "@/lib/core/problem";
import { readRowDraft, readWholeKey } from "@/lib/core/row-draft";
import { type Editors, withEditor } from "./connections";
import { findSource } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database"> & { readonly editors: Editors };
/** A table of a source, as an address names it. */
export type TablePlace = { readonly id: string; readonly table: string };

/** In the order of the key, narrowed by the first key column. */
export async function listRows(
  needs: Needs,
  { id, table }: TablePlace,
  query: RowListQuery,
): Promise<RowPageView> {
  const filter = readFilter(query);
  const { rows, next } = await edit(needs, id, (editor) =>
    editor.readRows({ table, filter, after: query.cursor ?? null, limit: query.limit }),
  );
  return {
    items: rows.map(({ key, attributes }) => ({
      key: key.map(cellViewOf),
      attributes: attributes.map(cellViewOf),
    })),
    nextCursor: next,
  };
}

function readFilter({ keyEquals, keyPrefix, keyFrom, keyTo }: RowListQuery): KeyFilter | null {
  const filters: KeyFilter[] = [];
  if (keyEquals !== undefined) filters.push({ kind: "equals", value: keyEquals });
  if (keyPrefix !== undefined) filters.push({ kind: "prefix", value: keyPrefix });
  if (keyFrom !== undefined || keyTo !== undefined) {
    filters.push({ kind: "range", from: keyFrom ?? null, to: keyTo ?? null });
  }
  if (filters.length > 1) {
    const message = "Only one of keyEquals, keyPrefix and the range keyFrom to keyTo can be given.";
    throw new InvalidInputError([{ field: "keyEquals", message }]);
  }
  return filters[0] ?? null;
}

/** Throws `resource.conflict` when there is a row of that key. */
export async function insertRow(
  needs: Needs,
  { id, table }: TablePlace,
  input: unknown,
): Promise<void> {
  const { cells } = parseInput(rowBodySchema, input);
  await edit(needs, id, async (editor) => {
    const { primaryKey } = await editor.describeTable(table);
    const { row, problems } = readRowDraft(primaryKey, cells);
    if (row === null) throw new InvalidInputError(problems);
    await editor.insertRow(table, row);
  });
}

/** Changes the attributes named, and no others. Throws `resource.not_found` when the row is gone. */
export async function updateRow(
  needs: Needs,
  { id, table }: TablePlace,
  input: unknown,
): Promise<void> {
  const { key: given, set, remove } = parseInput(rowPatchSchema, input);
  if (set.length + remove.length === 0) {
    throw new InvalidInputError([{ field: "set", message: "This must change something." }]);
  }
  await edit(needs, id, async (editor) => {
    const { primaryKey } = await editor.describeTable(table);
    const { key, problems } = readWholeKey(primaryKey, given);
    const names = new Set<string>();
    for (const name of [...set.map((cell) => cell.name), ...remove]) {
      if (names.has(name)) problems.push({ field: name, message: "This column is given twice." });
      if (primaryKey.some((column) => column.name === name)) {
        problems.push({ field: name, message: "A row's key cannot change." });
      }
      names.add(name);
    }
    if (problems.length > 0) throw new InvalidInputError(problems);
    await editor.updateRow(table, { key, set, remove });
  });
}

/** A row that is gone already is no error. */
export async function deleteRow(
  needs: Needs,
  { id, table }: TablePlace,
  input: unknown,
): Promise<void> {
  const { key: given } = parseInput(rowKeySchema, input);
  await edit(needs, id, async (editor) => {
    const { primaryKey } = await editor.describeTable(table);
    const { key, problems } = readWholeKey(primaryKey, given);
    if (problems.length > 0) throw new InvalidInputError(problems);
    await editor.deleteRow(table, key);
  });
}

/** Writes what can be written, over rows of the same keys, and tells of each other row why not. */
export async function importRows(
  needs: Needs,
  { id, table }: TablePlace,
  input: unknown,
): Promise<ImportResult> {
  const { rows } = parseInput(importBodySchema, input);
  return edit(needs, id, async (editor) => {
    const { primaryKey } = await editor.describeTable(table);
    const read = rows.map(({ cells }, index) => ({ index, ...readImported(primaryKey, cells) }));
    const good = read.flatMap(({ index, row }) => (row === null ? [] : [{ index, row }]));
    const answers =
      good.length === 0
        ? []
        : await editor.putRows(
            table,
            good.map(({ row }) => row),
          );
    const refused = read.flatMap(({ index, problems }) =>
      problems.map(({ field, message }) => ({ index, column: field, message })),
    );
    const refusedBySource = good.flatMap(({ index }, at) => {
      const message = answers[at];
      return message ? [{ index, column: null, message }] : [];
    });
    return {
      written: good.length - refusedBySource.length,
      refused: [...refused, ...refusedBySource].sort((one, other) => one.index - other.index),
    };
  });
}

function readImported(
  primaryKey: readonly KeyColumn[],
  given: readonly unknown[],
): { row: NewRow | null; problems: Problem[] } {
  const parsed = given.map((cell) => cellSchema.safeParse(cell, { reportInput: true }));
  const problems = parsed.flatMap((cell, index) =>
    cell.success
      ? []
      : problemsOf(cell.error.issues).map(({ message }) => ({
          field: nameOf(given[index]),
          message,
        })),
  );
  const cells = parsed.flatMap((cell) => (cell.success ? [cell.data] : []));
  if (problems.length > 0) return { row: null, problems };
  return readRowDraft(primaryKey, cells);
}

function nameOf(cell: unknown): string {
  const named = typeof cell === "object" && cell !== null && "name" in cell ? cell.name : null;
  return typeof named === "string" ? named : "cells";
}

async function edit<T>(
  needs: Needs,
  sourceId: string,
  work: (editor: TableEditor) => Promise<T>,
): Promise<T> {
  const stored = await findSource(needs.database, sourceId);
  return withEditor(needs.editors, stored, work);
}
