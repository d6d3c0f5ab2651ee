import { listHiveNames } from "./prefix-layout";
import { readPrefixTemplate } from "./prefix-template";
import type { ColumnType, SampleRow, TableColumn, TableDescription } from "./record";
import {
  type MappedColumn,
  type MetadataColumn,
  mappedColumnsMax,
  parquetTypeOf,
  reservedNames,
  type SchemaMapping,
} from "./schema-mapping";

/** The documented table maps four types; Binary is only delivered when it is mapped by hand. */
export function isAutoMapped(type: ColumnType): boolean {
  return type !== "binary";
}

/**
 * The first version of an auto mapping: primary key, defined columns, then columns of the samples as
 * they are first seen. A column takes its defined type, else the first it is seen with that maps by
 * itself; values of another type are dirty. Nothing is renamed: `checkSchema` says what collides, so
 * that a person decides.
 */
export function generateAutoSchema(
  table: TableDescription,
  samples: readonly SampleRow[],
  metadataColumns: readonly MetadataColumn[],
): SchemaMapping {
  const known = [...table.primaryKey, ...table.definedColumns];
  const seen = samples.flatMap((row) => row.cells);
  const empty: SchemaMapping = { kind: "auto", version: 1, columns: [], metadataColumns };
  const added = listAddedColumns(empty, keepDeclaredTypes(known, [...known, ...seen]));
  return { ...empty, columns: added.map((column) => mapColumn(column, column.name)) };
}

/** Leaves out what was seen of declared columns, so that a declared binary column is not mapped by a stray value. */
function keepDeclaredTypes(declared: readonly TableColumn[], all: readonly TableColumn[]) {
  const names = new Set(declared.map(({ name }) => name));
  return all.filter((column, index) => index < declared.length || !names.has(column.name));
}

/**
 * Of columns that rows hold, those that an auto mapping would take on, each once, in the order given.
 * A reader must ask this before it starts a new version: a column that is never taken (binary, or one
 * more than fits) would otherwise start versions without end.
 */
export function listAddedColumns(
  mapping: SchemaMapping,
  seen: readonly TableColumn[],
): TableColumn[] {
  const sources = new Set(mapping.columns.map(({ source }) => source));
  const added: TableColumn[] = [];
  for (const column of seen) {
    if (sources.has(column.name) || !isAutoMapped(column.type)) continue;
    if (sources.size >= mappedColumnsMax) break;
    sources.add(column.name);
    added.push(column);
  }
  return added;
}

/**
 * The next version of an auto mapping with unseen columns at its end, or the same object when there is
 * nothing to add. The stream cannot stop for a name that collides with another column, a partition
 * column of the prefix or a metadata column, so such a column gets the first free name of `name_2`, …
 */
export function extendAutoSchema(
  mapping: SchemaMapping,
  unseen: readonly TableColumn[],
  prefix: string,
): SchemaMapping {
  const added = listAddedColumns(mapping, unseen);
  if (added.length === 0) return mapping;
  const template = readPrefixTemplate(prefix);
  const taken = new Set(
    [
      ...mapping.columns.map(({ name }) => name),
      ...(template ? listHiveNames(template) : []),
      ...reservedNames,
    ].map((name) => name.toLowerCase()),
  );
  const columns = added.map((column) => {
    const name = findFreeName(column.name, taken);
    taken.add(name.toLowerCase());
    return mapColumn(column, name);
  });
  return { ...mapping, version: mapping.version + 1, columns: [...mapping.columns, ...columns] };
}

function findFreeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${wanted}_${number}`;
  return name;
}

function mapColumn({ name: source, type }: TableColumn, name: string): MappedColumn {
  return { source, name, type: parquetTypeOf[type], encoding: "PLAIN" };
}
