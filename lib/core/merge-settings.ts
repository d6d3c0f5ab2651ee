import type { DatasetColumn } from "./dataset";
import type { Problem } from "./problem";

export type MergeOrderKind = "none" | "sorted" | "zordered";

/** How rows lie in a merged copy; `columns` is empty for `none`. */
export type MergeOrder = { readonly kind: MergeOrderKind; readonly columns: readonly string[] };

/**
 * What a person asks of a dataset's merging. A merge copies objects of one partition, in the order in
 * which they were decided, into one object of the merged folder, and each object is copied once: so
 * every row stands once in each folder.
 */
export type MergeSettings = {
  readonly isEnabled: boolean;
  /** Holds the merged copies and nothing else; never changes once there is one. */
  readonly folder: string;
  readonly order: MergeOrder;
  /** An object below this is small. */
  readonly smallBytes: number;
  /** So many small objects in a partition are merged; one that is not small needs no company. */
  readonly objectsMin: number;
  /** A merged copy is made of about so much. */
  readonly targetBytes: number;
  /** Null: as the order asks for. */
  readonly rowGroupRows: number | null;
  /** What becomes of objects whose merged copy has been visible for the grace time. */
  readonly originals: "keep" | "remove";
  readonly graceSeconds: number;
};

const MiB = 1024 * 1024;

/** MaxCompute calls objects below 64 MB small, and keeps two copies for an hour. */
export const mergeDefaults = {
  smallBytes: 64 * MiB,
  objectsMin: 10,
  targetBytes: 256 * MiB,
  graceSeconds: 3_600,
} as const;

export const mergeBounds = {
  smallBytesMin: 1_024,
  objectsMin: 2,
  objectsMax: 1_000,
  targetBytesMin: 1_024,
  targetBytesMax: 4 * 1024 * MiB,
  rowGroupRowsMin: 2_048,
  rowGroupRowsMax: 1_000_000,
  graceSecondsMax: 30 * 24 * 3_600,
  orderColumnsMax: 4,
} as const;

/** Where merged copies go when nobody says. */
export function defaultMergeFolder(datasetFolder: string): string {
  return `${datasetFolder}_merged`;
}

/** The merged folder's part for a partition of the dataset: the same levels below another root. */
export function mergedPartition(
  datasetFolder: string,
  mergeFolder: string,
  partition: string,
): string {
  return `${mergeFolder}${partition.slice(datasetFolder.length)}`;
}

/** Every problem that can be seen without looking at other folders or the bucket. */
export function checkMergeSettings(
  { order, smallBytes, targetBytes }: Pick<MergeSettings, "order" | "smallBytes" | "targetBytes">,
  columns: readonly DatasetColumn[],
): Problem[] {
  const problems = checkOrder(order, columns);
  if (smallBytes > targetBytes) {
    const message = "What counts as small is not larger than what merged objects are made of.";
    problems.push({ field: "smallBytes", message });
  }
  return problems;
}

function checkOrder(
  { kind, columns: names }: MergeOrder,
  columns: readonly DatasetColumn[],
): Problem[] {
  const problems: Problem[] = [];
  const problem = (field: string, message: string) => problems.push({ field, message });
  const { orderColumnsMax } = mergeBounds;
  const whole = "order.columns";
  if (kind === "none" && names.length > 0) problem(whole, "Without an order there are no columns.");
  if (kind === "sorted" && (names.length < 1 || names.length > orderColumnsMax)) {
    problem(whole, `Rows are sorted by one to ${orderColumnsMax} columns.`);
  }
  if (kind === "zordered" && (names.length < 2 || names.length > orderColumnsMax)) {
    problem(whole, `Rows are z-ordered by two to ${orderColumnsMax} columns.`);
  }
  for (const [index, name] of names.entries()) {
    const field = `order.columns[${index}]`;
    const column = columns.find((one) => one.name === name);
    if (!column) problem(field, `${name} is no column of the dataset's objects.`);
    else if (column.type === "BINARY")
      problem(field, `${name} is binary, and readers prune nothing by it.`);
    if (names.indexOf(name) < index) problem(field, `${name} is named twice.`);
  }
  return problems;
}
