/** A value of a JSON object with a number's own digits kept: they may be more than a double holds. */
export type JsonScalar =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "null" }
  | { readonly kind: "nested" };

export type JsonLine =
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, JsonScalar])[] }
  | { readonly kind: "broken"; readonly message: string };

const token =
  /\s*(?:([{}[\]:,])|("[^"\\]*(?:\\.[^"\\]*)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

/** Reads one line of NDJSON as a flat object. What is nested is told as such, with its column. */
export function readJsonLine(line: string): JsonLine {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { kind: "broken", message: "The line is not JSON." };
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return { kind: "broken", message: "The line is not a JSON object." };
  }
  return { kind: "object", entries: scanEntries(line) };
}

/** The entries of a line that is known to be an object, in their order and with repeated names. */
function scanEntries(line: string): [string, JsonScalar][] {
  const entries: [string, JsonScalar][] = [];
  let depth = 0;
  let name: string | null = null;
  token.lastIndex = 0;
  for (let match = token.exec(line); match !== null; match = token.exec(line)) {
    const [, mark, text, digits, word] = match;
    if (mark === "{" || mark === "[") {
      depth++;
      if (depth === 2 && name !== null) {
        entries.push([name, { kind: "nested" }]);
        name = null;
      }
    } else if (mark === "}" || mark === "]") {
      depth--;
    } else if (mark === undefined && depth === 1) {
      if (name === null) {
        name = JSON.parse(text ?? '""') as string;
      } else {
        entries.push([name, scalarOf(text, digits, word)]);
        name = null;
      }
    }
  }
  return entries;
}

function scalarOf(
  text: string | undefined,
  digits: string | undefined,
  word: string | undefined,
): JsonScalar {
  if (digits !== undefined) return { kind: "number", text: digits };
  if (text !== undefined) return { kind: "string", text: JSON.parse(text) as string };
  return word === "null" ? { kind: "null" } : { kind: "boolean", value: word === "true" };
}
