import type { RecordCounts } from "./ports/table-source";

/** The account of nothing. A new object each time, because the type is mutable. */
export function zeroCounts(): RecordCounts {
  return {
    records: 0,
    rows: 0,
    deletesIgnored: 0,
    dirtyRecords: 0,
    dirtyValues: 0,
    unmappedValues: 0,
    lastWrittenAtMs: 0,
  };
}

/** The account of two stretches of records, in either order. */
export function addCounts(one: RecordCounts, other: RecordCounts): RecordCounts {
  return {
    records: one.records + other.records,
    rows: one.rows + other.rows,
    deletesIgnored: one.deletesIgnored + other.deletesIgnored,
    dirtyRecords: one.dirtyRecords + other.dirtyRecords,
    dirtyValues: one.dirtyValues + other.dirtyValues,
    unmappedValues: one.unmappedValues + other.unmappedValues,
    lastWrittenAtMs: Math.max(one.lastWrittenAtMs, other.lastWrittenAtMs),
  };
}

/** D2: every consumed record is exactly one of a row, an ignored delete, and a dirty record. */
export function isBalanced(counts: RecordCounts): boolean {
  return counts.records === counts.rows + counts.deletesIgnored + counts.dirtyRecords;
}
