import { readInt64 } from "../int64";
import type { ColumnType, SampleCell } from "../record";
import type { JsonScalar } from "./read-json-line";

/** A cell, or in words why the text is none of its type; null: no value stands there. */
export type ReadCell = { readonly cell: SampleCell } | { readonly message: string } | null;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const namedDoubles: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);
const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);
const shownCharactersMax = 40;

/** A value written as text, as every field of a CSV file is. */
export function readText(name: string, type: ColumnType, text: string): ReadCell {
  const value = parseValue(type, text);
  if (value !== null) return { cell: { name, type, value } };
  const shown = text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
  return { message: `“${shown}” is no ${type}.` };
}

function parseValue(type: ColumnType, text: string): SampleCell["value"] | null {
  switch (type) {
    case "string":
      return text;
    case "integer":
      return readInt64(text.trim().replace(/^\+/, ""));
    case "double": {
      const trimmed = text.trim();
      const named = namedDoubles.get(trimmed.toLowerCase());
      if (named !== undefined) return named;
      // A number beyond the doubles would be stored as infinity, which nobody wrote.
      const value = Number(trimmed);
      return decimal.test(trimmed) && Number.isFinite(value) ? value : null;
    }
    case "boolean":
      return booleans.get(text.trim().toLowerCase()) ?? null;
    case "binary":
      return base64.test(text) ? text : null;
  }
}

/** A JSON value for a column of a known type; without one, the value's own type counts. */
export function readJson(name: string, type: ColumnType | undefined, value: JsonScalar): ReadCell {
  switch (value.kind) {
    case "null":
      return null;
    case "nested":
      return { message: "An object or a list is no value of a column." };
    case "boolean": {
      if (type !== undefined && type !== "boolean") return { message: `A boolean is no ${type}.` };
      return { cell: { name, type: "boolean", value: value.value } };
    }
    case "number": {
      if (type === "string") return { message: "A number is no string." };
      const isWhole = /^-?\d+$/.test(value.text);
      return readText(name, type ?? (isWhole ? "integer" : "double"), value.text);
    }
    case "string":
      // Integers, odd doubles and binary values have no other exact form in JSON than text.
      return readText(name, type ?? "string", value.text);
  }
}
