import type { DatasetColumn } from "./dataset";

/** Rows of one object that a read asks for, counted within the object. */
export type ObjectSlice<T> = { readonly object: T; readonly from: number; readonly to: number };

/** The objects that rows [from, to) of the snapshot lie in, each with its part, in order. */
export function sliceObjects<T extends { readonly firstRow: number; readonly rows: number }>(
  objects: readonly T[],
  from: number,
  to: number,
): ObjectSlice<T>[] {
  return objects.flatMap((object) => {
    const start = Math.max(from, object.firstRow) - object.firstRow;
    const end = Math.min(to, object.firstRow + object.rows) - object.firstRow;
    return start < end ? [{ object, from: start, to: end }] : [];
  });
}

export type ReadRange =
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "invalid" };

/** `count` null reads to the end; of an empty snapshot that is nothing, which is fine. */
export function readRange(rows: number, from: number, count: number | null): ReadRange {
  const to = count === null ? rows : from + count;
  const isEmptyRest = count === null && from === rows;
  const isWithin = from >= 0 && to <= rows && (from < to || isEmptyRest);
  return isWithin ? { kind: "range", from, to } : { kind: "invalid" };
}

export type ChosenColumns =
  | {
      readonly kind: "columns";
      /** In the order asked for; `partition` columns come from the folder. */
      readonly columns: readonly (DatasetColumn & { readonly isPartition: boolean })[];
    }
  | { readonly kind: "invalid"; readonly reason: string };

/** `names` null: all columns that objects hold. */
export function chooseColumns(
  snapshot: {
    readonly columns: readonly DatasetColumn[];
    readonly partitionColumns: readonly string[];
  },
  names: readonly string[] | null,
): ChosenColumns {
  const known = [
    ...snapshot.columns.map((column) => ({ ...column, isPartition: false })),
    ...snapshot.partitionColumns.map((name) => ({
      ...{ name, type: "UTF8" as const, isPartition: true },
    })),
  ];
  if (names === null) {
    return { kind: "columns", columns: known.filter(({ isPartition }) => !isPartition) };
  }
  const columns = names.flatMap((name) => known.find((column) => column.name === name) ?? []);
  const unknown = names.find((name) => !known.some((column) => column.name === name));
  if (unknown !== undefined) return { kind: "invalid", reason: `${unknown} is no column.` };
  if (names.length === 0) return { kind: "invalid", reason: "No column is named." };
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) return { kind: "invalid", reason: `${twice} is named twice.` };
  return { kind: "columns", columns };
}
