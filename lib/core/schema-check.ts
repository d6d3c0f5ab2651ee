import { type FolderTemplate, listHiveNames } from "./prefix-layout";
import type { Problem } from "./problem";
import type { ColumnType, SampleRow, TableDescription } from "./record";
import { isAutoMapped } from "./schema-auto";
import {
  columnNameBytesMax,
  columnTypeOf,
  encodingsOf,
  type MappedColumn,
  mappedColumnsMax,
  reservedNames,
} from "./schema-mapping";
import { findLoneSurrogate, utf8ByteLength } from "./utf8";

export type SchemaToCheck = {
  /** A manual mapping's problems name the column's field; an auto mapping has none to name. */
  readonly kind: "auto" | "manual";
  readonly columns: readonly MappedColumn[];
  /** Null while the prefix is wrong or unknown. */
  readonly template: FolderTemplate | null;
  /** Null while the table is unknown; then nothing is said about sources. */
  readonly table: TableDescription | null;
  readonly samples: readonly SampleRow[];
};

export type SchemaVerdict = {
  /** What makes the mapping impossible. */
  readonly problems: readonly Problem[];
  /** What will make people wonder. */
  readonly warnings: readonly Problem[];
};

/**
 * Checks a mapping against itself, the prefix and the table, every problem at once, by field
 * (`schema.columns[3].name`). A source that nobody has seen is a warning only: rows may bring it.
 */
export function checkSchema(schema: SchemaToCheck): SchemaVerdict {
  const { columns, template, table } = schema;
  const fieldOf = (index: number, part: keyof MappedColumn) =>
    schema.kind === "manual" ? `schema.columns[${index}].${part}` : "schema";
  const list = schema.kind === "manual" ? "schema.columns" : "schema";
  const problems: Problem[] = [];
  if (columns.length === 0) {
    problems.push({ field: list, message: "A mapping has at least one column." });
  }
  if (columns.length > mappedColumnsMax) {
    problems.push({
      field: list,
      message: `A mapping has at most ${mappedColumnsMax} columns; this one has ${columns.length}.`,
    });
  }
  problems.push(
    ...checkNames(columns, template, fieldOf),
    ...checkSources(columns, fieldOf),
    ...checkTypes(columns, table, fieldOf),
  );
  const warnings = [...warnOfNames(columns, fieldOf)];
  if (table) warnings.push(...warnOfSources(schema, table, fieldOf, list));
  return { problems, warnings };
}

type FieldOf = (index: number, part: keyof MappedColumn) => string;

function checkNames(
  columns: readonly MappedColumn[],
  template: FolderTemplate | null,
  fieldOf: FieldOf,
): Problem[] {
  const folders = new Map(
    (template ? listHiveNames(template) : []).map((name) => [name.toLowerCase(), name]),
  );
  const reserved = new Set<string>(reservedNames);
  const first = new Map<string, string>();
  return columns.flatMap(({ name }, index) => {
    const folded = name.toLowerCase();
    const messages = checkName(name);
    const earlier = first.get(folded);
    const folder = folders.get(folded);
    if (earlier === name) messages.push(`Two columns are named ${name}.`);
    else if (earlier !== undefined) {
      messages.push(`${name} differs from ${earlier} only in case; Hive would take them for one.`);
    }
    if (folder !== undefined) {
      messages.push(
        `${name} is the name of the partition folder ${folder}=…; readers would see two columns of that name.`,
      );
    }
    if (reserved.has(folded)) messages.push(`${name} is the name of a metadata column.`);
    if (earlier === undefined) first.set(folded, name);
    return messages.map((message) => ({ field: fieldOf(index, "name"), message }));
  });
}

function checkName(name: string): string[] {
  const bytes = utf8ByteLength(name);
  const messages: string[] = [];
  if (bytes === 0) messages.push("A column has a name.");
  if (bytes > columnNameBytesMax) {
    messages.push(
      `A column name takes at most ${columnNameBytesMax} bytes; this one takes ${bytes}.`,
    );
  }
  if (name.includes("\0")) messages.push("A column name cannot hold the character U+0000.");
  if (findLoneSurrogate(name) >= 0) messages.push("A column name cannot hold half a character.");
  return messages;
}

function checkSources(columns: readonly MappedColumn[], fieldOf: FieldOf): Problem[] {
  const seen = new Set<string>();
  return columns.flatMap(({ source }, index) => {
    const messages = source === "" ? ["Name the source column."] : [];
    if (seen.has(source)) messages.push(`The source column ${source} is mapped already.`);
    seen.add(source);
    return messages.map((message) => ({ field: fieldOf(index, "source"), message }));
  });
}

function checkTypes(
  columns: readonly MappedColumn[],
  table: TableDescription | null,
  fieldOf: FieldOf,
): Problem[] {
  const declared = declaredTypes(table);
  return columns.flatMap(({ source, type, encoding }, index) => {
    const problems: Problem[] = [];
    const actual = declared.get(source);
    if (actual !== undefined && actual !== columnTypeOf[type]) {
      problems.push({
        field: fieldOf(index, "type"),
        message: `${source} is declared as ${actual}; as ${type} every value of it would be dirty.`,
      });
    }
    if (!encodingsOf[type].includes(encoding)) {
      problems.push({
        field: fieldOf(index, "encoding"),
        message: `${type} columns can be encoded as ${encodingsOf[type].join(", ")}, not as ${encoding}.`,
      });
    }
    return problems;
  });
}

function declaredTypes(table: TableDescription | null): ReadonlyMap<string, ColumnType> {
  const columns = table ? [...table.definedColumns, ...table.primaryKey] : [];
  return new Map(columns.map(({ name, type }) => [name, type]));
}

function warnOfNames(columns: readonly MappedColumn[], fieldOf: FieldOf): Problem[] {
  return columns.flatMap(({ name }, index) => {
    const awkward = /[ ,;{}()\n\t=]/.exec(name)?.[0];
    if (awkward === undefined) return [];
    return [
      {
        field: fieldOf(index, "name"),
        message: `Hive, and Spark before 3.3, cannot read a column whose name holds ${JSON.stringify(awkward)}.`,
        at: name.indexOf(awkward),
      },
    ];
  });
}

function warnOfSources(
  { kind, columns, samples }: SchemaToCheck,
  table: TableDescription,
  fieldOf: FieldOf,
  list: string,
): Problem[] {
  const declared = declaredTypes(table);
  const seen = new Map<string, Set<ColumnType>>();
  for (const { name, type } of samples.flatMap((row) => row.cells)) {
    seen.set(name, (seen.get(name) ?? new Set()).add(type));
  }
  const warnings = columns.flatMap(({ source, type }, index): Problem[] => {
    if (source === "" || declared.has(source)) return [];
    const types = seen.get(source);
    if (types === undefined) {
      const message = `No sampled row has a column ${source}; its values are null until one does.`;
      return [{ field: fieldOf(index, "source"), message }];
    }
    const others = [...types].filter((one) => one !== columnTypeOf[type]);
    if (others.length === 0) return [];
    const message = `Sampled rows hold ${source} as ${others.join(" and ")}; as ${type} those values are dirty.`;
    return [{ field: fieldOf(index, "type"), message }];
  });
  const sources = new Set(columns.map(({ source }) => source));
  const left = [...declared].filter(([name]) => !sources.has(name));
  for (const [name, type] of left) {
    const isKey = table.primaryKey.some((column) => column.name === name);
    if (kind === "auto" && !isAutoMapped(type)) {
      warnings.push({
        field: list,
        message: `${name} is binary and only delivered when mapped by hand.`,
      });
    } else if (kind === "manual" && isKey) {
      warnings.push({
        field: list,
        message: `The primary key column ${name} is left out, so rows cannot be told apart by it.`,
      });
    }
  }
  return warnings;
}
