import {
  describeLayout,
  type FolderPart,
  type PrefixLayout,
  type TimeVariable,
} from "@/lib/core/prefix-layout";
import { listVariables, matchPartition } from "@/lib/core/prefix-template";
import type { DdlInput } from "./ddl-input";
import { commentLine } from "./sql-quoting";

/** A column that a reader gets from folders and not from objects. */
type FolderColumn = { readonly name: string; readonly type: "int" | "string" };

/** One delivered folder with its value per folder column; whole numbers without leading zeros. */
type FolderPartition = { readonly folder: string; readonly values: readonly string[] };

export type DatasetLayout = {
  readonly kind: PrefixLayout["kind"];
  /** Key prefix of the table's own location: "" or ending in a slash. */
  readonly rootKey: string;
  readonly columns: readonly FolderColumn[];
  /** Delivered folders, for layouts that engines have to be told of one by one; else empty. */
  readonly partitions: readonly FolderPartition[];
};

const timeColumnNames: Readonly<Record<TimeVariable, string>> = {
  yyyy: "year",
  MM: "month",
  dd: "day",
  HH: "hour",
  mm: "minute",
};

/**
 * What the prefix means for a table. Folders without names (`2020/08`) give a column per variable,
 * named year to minute, or with `partition_` before it where a Parquet column has that name.
 */
export function layoutOf(input: DdlInput): DatasetLayout {
  const { template, knownPartitions } = input;
  const { kind, root, columns } = describeLayout(template);
  const rootKey = root === "" ? "" : `${root}/`;
  if (kind !== "time") {
    return {
      kind,
      rootKey,
      columns: columns.map(({ name, type }) => ({ name, type })),
      partitions: [],
    };
  }
  const variables = listVariables(template);
  const partitions = knownPartitions.flatMap((folder) => {
    const found = matchPartition(template, folder);
    const values = variables.map((name) => String(Number(found?.get(name))));
    return found ? [{ folder, values }] : [];
  });
  const taken = new Set(input.columns.map(({ name }) => name.toLowerCase()));
  return {
    kind,
    rootKey,
    columns: variables.map((name) => ({
      name: findFreeName(timeColumnNames[name], taken),
      type: "int",
    })),
    partitions,
  };
}

function findFreeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  while (taken.has(name)) name = `partition_${name}`;
  return name;
}

/**
 * A pattern for the keys of all row objects: the template with `variable(width)` for each variable and
 * `*` for the object's name, which has no extension. Each variable has its own width, so that
 * no folder of dirty values or of another task matches by chance.
 */
export function globOf(
  { template }: DdlInput,
  syntax: { text: (text: string) => string; variable: (width: number) => string },
): string {
  const renderPart = (part: FolderPart) => {
    if (part.kind === "value") return "*";
    return part.kind === "text" ? syntax.text(part.text) : syntax.variable(part.name.length);
  };
  const folders = template.segments.map((parts) => parts.map(renderPart).join(""));
  return [...folders, "*"].join("/");
}

/** The first line of every statement. */
export function readsLine(bucketUrl: string, { template }: DdlInput): string {
  return commentLine(
    `Reads the Parquet objects that Culvert delivers to ${bucketUrl}/${template.text}/`,
  );
}

/** The bucket as Hadoop-like engines address it: Alibaba Cloud's own scheme at its own store, else the engine's. */
export function bucketUrlOf(input: DdlInput, scheme: string): string {
  if (input.bucketUrl !== null) return input.bucketUrl;
  const isOss = /\.aliyuncs\.com(:\d+)?\/?$/.test(input.endpoint ?? "");
  return `${isOss ? "oss" : scheme}://${input.bucket}`;
}
