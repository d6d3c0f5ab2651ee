/** The documented time variables: year (4 digits), month, day, hour and minute (2 digits each). */
export type TimeVariable = "yyyy" | "MM" | "dd" | "HH" | "mm";

export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: TimeVariable };

/** A part of a folder as readers find it: in a dataset, a value may be any text. */
export type FolderPart = TemplatePart | { readonly kind: "value" };

/** The folders of a task or of a dataset; `text` is what people read. */
export type FolderTemplate = {
  readonly text: string;
  readonly segments: readonly (readonly FolderPart[])[];
};

type Segments = Pick<FolderTemplate, "segments">;

/**
 * One `name=value` folder as engines see it: a column of the table. A value that is exactly one
 * variable is a number (the documented sample declares `year` and `month` as int); anything else is
 * text, as `ds=$yyyy$MM$dd` or a constant `region=eu`.
 */
type PartitionColumn = {
  readonly name: string;
  readonly type: "int" | "string";
  readonly value: readonly FolderPart[];
};

/**
 * How a reader finds the data of a task. `single`: one folder. `hive`: every folder from the first
 * variable on is `name=value`, so engines find partitions by themselves. `time`: folders with
 * variables that engines have to be told of one by one.
 */
export type PrefixLayout = {
  readonly kind: "single" | "hive" | "time";
  /** The folders before the first variable, joined; "" when a variable is in the first folder. */
  readonly root: string;
  /** The partition columns under the root, in folder order; empty unless `kind` is `hive`. */
  readonly columns: readonly PartitionColumn[];
};

export function describeLayout(template: Segments): PrefixLayout {
  const firstVariable = template.segments.findIndex(hasVariable);
  const rootSegments =
    firstVariable < 0 ? template.segments : template.segments.slice(0, firstVariable);
  const root = rootSegments.map(textOf).join("/");
  if (firstVariable < 0) return { kind: "single", root, columns: [] };
  const columns = template.segments.slice(firstVariable).map(partitionColumnOf);
  const found = columns.filter((column) => column !== null);
  return found.length === columns.length
    ? { kind: "hive", root, columns: found }
    : { kind: "time", root, columns: [] };
}

/**
 * The names of all `name=…` folders, with or without a variable and wherever they stand: engines that
 * look for Hive-style folders make a column of each, so no Parquet column may have such a name.
 */
export function listHiveNames(template: Segments): string[] {
  return template.segments.flatMap((parts) => partitionColumnOf(parts)?.name ?? []);
}

function partitionColumnOf(parts: readonly FolderPart[]): PartitionColumn | null {
  const [head, ...tail] = parts;
  if (head?.kind !== "text") return null;
  const equalsAt = head.text.indexOf("=");
  if (equalsAt <= 0) return null;
  const rest = head.text.slice(equalsAt + 1);
  const value: FolderPart[] = rest === "" ? tail : [{ kind: "text", text: rest }, ...tail];
  const isNumber = value.length === 1 && value[0]?.kind === "variable";
  return { name: head.text.slice(0, equalsAt), type: isNumber ? "int" : "string", value };
}

function hasVariable(parts: readonly FolderPart[]): boolean {
  return parts.some((part) => part.kind !== "text");
}

function textOf(parts: readonly FolderPart[]): string {
  return parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
}
