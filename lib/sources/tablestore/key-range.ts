import { InvalidInputError } from "@/lib/core/invalid-input";
import type { KeyFilter } from "@/lib/core/ports/table-editor";
import type { TableColumn } from "@/lib/core/record";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import type { PlainValue } from "@/lib/tablestore/plain-row";

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const codePointMax = 0x10ffff;

/** The first column's values [from, to). */
export type FirstColumnRange = { readonly from: PlainValue; readonly to: PlainValue };

/**
 * The half-open range of the first key column that a filter means. The other columns start from
 * their least value at both ends, so a value stands just before every key that begins with it, and
 * its successor just after. Throws InvalidInputError for text that the column cannot hold.
 */
export function rangeOfFilter(column: TableColumn, filter: KeyFilter | null): FirstColumnRange {
  const least: PlainValue = { type: "inf-min" };
  const most: PlainValue = { type: "inf-max" };
  switch (filter?.kind) {
    case undefined:
      return { from: least, to: most };
    case "equals": {
      const value = readValue(column, filter.value, "keyEquals");
      return { from: value, to: successorOf(value) };
    }
    case "prefix": {
      const value = readValue(column, filter.value, "keyPrefix");
      if (value.type === "integer") {
        throw invalid("keyPrefix", `${column.name} is an integer and has no prefix.`);
      }
      return { from: value, to: endOfPrefix(value) };
    }
    case "range": {
      const from = filter.from === null ? least : readValue(column, filter.from, "keyFrom");
      const to = filter.to === null ? null : readValue(column, filter.to, "keyTo");
      if (to !== null && from.type !== "inf-min" && compare(from, to) > 0) {
        throw invalid("keyTo", "This is before the beginning of the range.");
      }
      return { from, to: to === null ? most : successorOf(to) };
    }
  }
}

/** The key that begins with `first`, its other columns at their least. */
export function encodeKeyBound(primaryKey: readonly TableColumn[], first: PlainValue): Uint8Array {
  return encodePlainRow({
    primaryKey: primaryKey.map(({ name }, index) => ({
      name,
      value: index === 0 || first.type === "inf-max" ? first : { type: "inf-min" },
      operation: null,
      timestampMs: null,
    })),
    attributes: [],
    deleteMarker: false,
    extension: null,
  });
}

type KeyValue =
  | { readonly type: "integer"; readonly value: bigint }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "binary"; readonly value: Uint8Array };

function readValue(column: TableColumn, text: string, field: string): KeyValue {
  switch (column.type) {
    case "integer": {
      const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : null;
      if (value === null || value < int64Min || value > int64Max) {
        throw invalid(field, `${column.name} is an integer of 64 bits.`);
      }
      return { type: "integer", value };
    }
    case "binary": {
      const value = Buffer.from(text, "base64");
      if (value.toString("base64") !== text) throw invalid(field, `${column.name} takes base64.`);
      return { type: "binary", value };
    }
    default:
      return { type: "string", value: text };
  }
}

/** The least value above this one: strings and bytes are ordered byte by byte, a shorter one first. */
function successorOf(value: KeyValue): PlainValue {
  switch (value.type) {
    case "integer":
      return value.value === int64Max
        ? { type: "inf-max" }
        : { type: "integer", value: value.value + 1n };
    case "string":
      return { type: "string", value: `${value.value}\0` };
    case "binary":
      return { type: "binary", value: Buffer.concat([value.value, Buffer.of(0)]) };
  }
}

/** The least value above everything that begins with `prefix`. */
function endOfPrefix(prefix: Exclude<KeyValue, { type: "integer" }>): PlainValue {
  if (prefix.type === "binary") {
    const end = Buffer.from(prefix.value);
    for (let length = end.length; length > 0; length--) {
      const last = end[length - 1] ?? 0;
      if (last < 0xff) {
        end[length - 1] = last + 1;
        return { type: "binary", value: end.subarray(0, length) };
      }
    }
    return { type: "inf-max" };
  }
  // The order of code points is the order of their UTF-8 bytes.
  const points = Array.from(prefix.value, (character) => character.codePointAt(0) ?? 0);
  for (let length = points.length; length > 0; length--) {
    const last = points[length - 1] ?? 0;
    if (last < codePointMax) {
      // Surrogates are no characters: the next one after U+D7FF is U+E000.
      points[length - 1] = last === 0xd7ff ? 0xe000 : last + 1;
      return { type: "string", value: String.fromCodePoint(...points.slice(0, length)) };
    }
  }
  return { type: "inf-max" };
}

function compare(left: PlainValue, right: PlainValue): number {
  if (left.type === "integer" && right.type === "integer") {
    return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
  }
  return Buffer.compare(bytesOf(left), bytesOf(right));
}

function bytesOf(value: PlainValue): Uint8Array {
  if (value.type === "string") return Buffer.from(value.value, "utf8");
  return value.type === "binary" ? value.value : new Uint8Array();
}

function invalid(field: string, message: string): InvalidInputError {
  return new InvalidInputError([{ field, message }]);
}
