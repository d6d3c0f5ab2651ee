import { partitionBytesMax } from "./object-key";
import { utf8ByteLength } from "./utf8";

/** One partition of a dataset: its folder, and its spec as the modelled service writes one. */
export type DatasetPartition = {
  /** Without a slash at its end; the dataset's own folder when it has no partition columns. */
  readonly folder: string;
  /** `ds=20260101,region=eu`, in the order of the partition columns; "" without any. */
  readonly spec: string;
};

export type ReadPartition =
  | { readonly kind: "partition"; readonly partition: DatasetPartition }
  | { readonly kind: "missing"; readonly columns: readonly string[] }
  | { readonly kind: "invalid"; readonly reason: string };

/**
 * What a value may be made of. Everything else is written differently by different engines: they
 * escape `:` and `%`, resolve `.` and `..`, and split at slashes.
 */
const valuePattern = /^[\p{L}\p{N}_@][\p{L}\p{N}_@.-]*$/u;
/** With its column's name it is one folder, and file systems end names at 255 bytes. */
const valueBytesMax = 128;

/** Why the text cannot be a partition value; null when it can. */
export function explainPartitionValue(value: string): string | null {
  if (value === "") return "is empty";
  if (!valuePattern.test(value)) {
    return "may have letters, digits, _ @ . and -, and does not begin with . or -";
  }
  return utf8ByteLength(value) > valueBytesMax ? `takes more than ${valueBytesMax} bytes` : null;
}

/** Reads `ds=20260101,region=eu`; quotes around values are taken off, as the service's clients send them. */
export function readPartitionSpec(
  dataset: { readonly folder: string; readonly partitionColumns: readonly string[] },
  spec: string,
): ReadPartition {
  const values = new Map<string, string>();
  for (const part of spec.trim() === "" ? [] : spec.split(/[,/]/)) {
    const [name = "", ...rest] = part.split("=");
    const value = rest
      .join("=")
      .trim()
      .replace(/^(['"])(.*)\1$/, "$2");
    if (rest.length === 0) return { kind: "invalid", reason: `“${part}” is not name=value` };
    const column = name.trim();
    if (!dataset.partitionColumns.includes(column)) {
      return { kind: "invalid", reason: `${column} is no partition column` };
    }
    if (values.has(column)) return { kind: "invalid", reason: `${column} is named twice` };
    values.set(column, value);
  }
  return partitionOf(dataset, values);
}

/** The partition with these values, one per partition column. */
export function partitionOf(
  dataset: { readonly folder: string; readonly partitionColumns: readonly string[] },
  values: ReadonlyMap<string, string>,
): ReadPartition {
  const missing = dataset.partitionColumns.filter((name) => !values.has(name));
  if (missing.length > 0) return { kind: "missing", columns: missing };
  const levels = dataset.partitionColumns.map((name) => `${name}=${values.get(name) ?? ""}`);
  for (const name of dataset.partitionColumns) {
    const reason = explainPartitionValue(values.get(name) ?? "");
    if (reason !== null) return { kind: "invalid", reason: `the value of ${name} ${reason}` };
  }
  const folder = [dataset.folder, ...levels].join("/");
  if (utf8ByteLength(folder) > partitionBytesMax) {
    return { kind: "invalid", reason: `its folder takes more than ${partitionBytesMax} bytes` };
  }
  return { kind: "partition", partition: { folder, spec: levels.join(",") } };
}

/** The spec of a folder of the dataset; "" for its own. */
export function specOfFolder(dataset: { readonly folder: string }, folder: string): string {
  return folder.slice(dataset.folder.length + 1).replaceAll("/", ",");
}
