import { isUtf8 } from "node:buffer";
import { decodeMessage, type Message, MessageError } from "@/lib/tablestore/messages";
import { variantTag } from "@/lib/tablestore/plain-buffer-tags";
import { parameterInvalid } from "../refusal";
import type { Cell } from "./cell";

/** Whether a row with these cells (sorted by name, newest first) passes. */
export type CellFilter = (cells: readonly Cell[]) => boolean;

/** Columns of a row to give, by their place; `null` gives all. */
export type ColumnPage = { readonly offset: number; readonly limit: number };

export type RowFilter = { readonly passes: CellFilter; readonly page: ColumnPage | null };

const depthMax = 10;
const filtersMax = 32;

/** Compiles a serialized Filter of a condition. */
export function compileCondition(bytes: Uint8Array): CellFilter {
  const { passes, page } = compileRowFilter(bytes);
  if (page !== null) throw parameterInvalid("A condition cannot page columns.");
  return passes;
}

/** Compiles a serialized Filter of a read (reference: wire protocol 2.4). */
export function compileRowFilter(bytes: Uint8Array): RowFilter {
  const budget = { filters: filtersMax };
  const filter = decode("Filter", bytes);
  if (filter.type === "FT_COLUMN_PAGINATION") {
    const { offset, limit } = decode("ColumnPaginationFilter", filter.filter);
    if (offset < 0 || limit <= 0) throw parameterInvalid("Invalid ColumnPaginationFilter.");
    return { passes: () => true, page: { offset, limit } };
  }
  return { passes: compile(filter, depthMax, budget), page: null };
}

function decode<
  N extends
    | "Filter"
    | "SingleColumnValueFilter"
    | "CompositeColumnValueFilter"
    | "ColumnPaginationFilter",
>(name: N, bytes: Uint8Array): Message<N> {
  try {
    return decodeMessage(name, bytes);
  } catch (error) {
    if (error instanceof MessageError) throw parameterInvalid(`Invalid filter: ${error.message}.`);
    throw error;
  }
}

function compile(
  filter: Message<"Filter">,
  depth: number,
  budget: { filters: number },
): CellFilter {
  budget.filters -= 1;
  if (depth === 0 || budget.filters < 0) throw parameterInvalid("The filter is too complex.");
  switch (filter.type) {
    case "FT_SINGLE_COLUMN_VALUE":
      return compileSingleColumn(decode("SingleColumnValueFilter", filter.filter));
    case "FT_COMPOSITE_COLUMN_VALUE": {
      const { combinator, subFilters } = decode("CompositeColumnValueFilter", filter.filter);
      const parts = subFilters.map((part) => compile(part, depth - 1, budget));
      return combine(combinator, parts);
    }
    case "FT_COLUMN_PAGINATION":
      throw parameterInvalid("A ColumnPaginationFilter cannot be part of another filter.");
  }
}

function combine(combinator: "LO_NOT" | "LO_AND" | "LO_OR", parts: CellFilter[]): CellFilter {
  const [first] = parts;
  if (first === undefined) throw parameterInvalid("A composite filter needs sub-filters.");
  switch (combinator) {
    case "LO_NOT":
      if (parts.length !== 1) throw parameterInvalid("NOT takes exactly one sub-filter.");
      return (cells) => !first(cells);
    case "LO_AND":
      return (cells) => parts.every((part) => part(cells));
    case "LO_OR":
      return (cells) => parts.some((part) => part(cells));
  }
}

function compileSingleColumn(filter: Message<"SingleColumnValueFilter">): CellFilter {
  if (filter.valueTransRule !== undefined) {
    throw parameterInvalid("value_trans_rule is not supported.");
  }
  const name = Buffer.from(filter.columnName, "utf8").toString("latin1");
  const wanted = asBuffer(filter.columnValue);
  checkVariant(wanted);
  const accepts = comparatorTests[filter.comparator];
  return (cells) => {
    let isThere = false;
    for (const cell of cells) {
      if (cell.name !== name) continue;
      isThere = true;
      if (accepts(compareVariants(cell, wanted))) return true;
      if (filter.latestVersionOnly) return false;
    }
    return isThere ? false : !filter.filterIfMissing;
  };
}

/** Tests of a comparison's outcome; null stands for values of different types, which are unequal. */
const comparatorTests: Readonly<
  Record<Message<"SingleColumnValueFilter">["comparator"], (order: number | null) => boolean>
> = {
  CT_EQUAL: (order) => order === 0,
  CT_NOT_EQUAL: (order) => order !== 0,
  CT_GREATER_THAN: (order) => order !== null && order > 0,
  CT_GREATER_EQUAL: (order) => order !== null && order >= 0,
  CT_LESS_THAN: (order) => order !== null && order < 0,
  CT_LESS_EQUAL: (order) => order !== null && order <= 0,
};

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkVariant(bytes: Buffer): void {
  const tag = bytes[0];
  let isWhole = false;
  if (tag === variantTag.integer || tag === variantTag.double) isWhole = bytes.length === 9;
  else if (tag === variantTag.boolean) isWhole = bytes.length === 2;
  else if (tag === variantTag.string || tag === variantTag.binary) {
    isWhole = bytes.length >= 5 && bytes.length === 5 + bytes.readUInt32LE(1);
  }
  if (!isWhole) throw parameterInvalid("Invalid filter: the column value cannot be read.");
  if (tag === variantTag.string && !isUtf8(bytes.subarray(5))) {
    throw parameterInvalid("Invalid filter: the column value is not UTF-8.");
  }
}

/** Order of a cell's value and a variant: negative, 0, positive, or null when types differ. */
function compareVariants(cell: Cell, wanted: Buffer): number | null {
  const { bytes, valueStart: start, valueEnd: end } = cell;
  if (bytes[start] !== wanted[0]) return null;
  switch (wanted[0]) {
    case variantTag.integer: {
      const difference = bytes.readBigInt64LE(start + 1) - wanted.readBigInt64LE(1);
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    }
    case variantTag.double: {
      const difference = bytes.readDoubleLE(start + 1) - wanted.readDoubleLE(1);
      // Infinity minus itself, and whatever is not a number.
      if (Number.isNaN(difference)) {
        return bytes.compare(wanted, 1, 9, start + 1, start + 9) === 0 ? 0 : null;
      }
      return difference;
    }
    case variantTag.boolean:
      return (bytes[start + 1] as number) - (wanted[1] as number);
    default:
      return bytes.compare(wanted, 5, wanted.length, start + 5, end);
  }
}
