import type { CivilMinute } from "./civil-minute";
import { checkFolder } from "./folder";
import {
  type FolderTemplate,
  listHiveNames,
  type TemplatePart,
  type TimeVariable,
} from "./prefix-layout";
import { explainUnknownVariable } from "./prefix-typo";
import type { Problem } from "./problem";

/** A folder template: segments between slashes, each made of text and time variables. */
export type PrefixTemplate = {
  readonly text: string;
  readonly segments: readonly (readonly TemplatePart[])[];
};

export type ParsedPrefix =
  | { readonly kind: "template"; readonly template: PrefixTemplate }
  | { readonly kind: "problems"; readonly problems: readonly Problem[] };

/** Far over any legal prefix: beyond it the length is the only problem worth naming. */
const textLengthMax = 4096;

/** `$` and the variable right after it; case counts, and the longest run of text follows it. */
const variablePattern = /\$(yyyy|MM|dd|HH|mm)/y;

/**
 * Reads a destination prefix. Every problem is named with its place.
 *
 * An empty prefix is refused: the documented name `<prefix>/<task>_<lane>_<prefix>__<sequence>` would
 * begin with a slash, the dataset would be the whole bucket, and nothing else (not even the task's
 * own dirty values) could lie beside it. A `$` always starts a variable; there is no way to write one
 * as text, because a mistyped variable would otherwise become a folder name.
 */
export function parsePrefixTemplate(text: string, field = "prefix"): ParsedPrefix {
  const problems = checkFolder(text, field);
  if (text.length > textLengthMax) return { kind: "problems", problems };
  const segments: TemplatePart[][] = [[]];
  let at = 0;
  while (at < text.length) {
    if (text[at] === "/") {
      segments.push([]);
      at += 1;
    } else if (text[at] === "$") {
      variablePattern.lastIndex = at;
      const name = variablePattern.exec(text)?.[1] as TimeVariable | undefined;
      if (name) segments.at(-1)?.push({ kind: "variable", name });
      else problems.push({ field, message: explainUnknownVariable(text.slice(at)), at });
      at += name ? name.length + 1 : 1;
    } else {
      const end = endOfText(text, at);
      segments.at(-1)?.push({ kind: "text", text: text.slice(at, end) });
      at = end;
    }
  }
  const template = { text, segments };
  problems.push(...checkHiveNames(template, field));
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "template", template };
}

/** The template of a prefix that was checked before it was stored; throws nothing, gives null when it was not. */
export function readPrefixTemplate(text: string): PrefixTemplate | null {
  const parsed = parsePrefixTemplate(text);
  return parsed.kind === "template" ? parsed.template : null;
}

function endOfText(text: string, from: number): number {
  const length = text.slice(from).search(/[/$]/);
  return length < 0 ? text.length : from + length;
}

/** Two folders cannot name one column, and engines that ignore case would take `Day` and `day` for one. */
function checkHiveNames(template: PrefixTemplate, field: string): Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const name of listHiveNames(template)) {
    const earlier = seen.get(name.toLowerCase());
    if (earlier !== undefined) {
      problems.push({
        field,
        message: `Two folders name the partition column ${name}${earlier === name ? "" : ` (${earlier} differs only in case)`}.`,
        at: template.text.lastIndexOf(`${name}=`),
      });
    }
    seen.set(name.toLowerCase(), name);
  }
  return problems;
}

/** The partition: the folder of rows of this minute, without slashes at its ends. */
export function renderPartition(template: PrefixTemplate, minute: CivilMinute): string {
  return template.segments.map((parts) => renderSegment(parts, minute)).join("/");
}

function renderSegment(parts: readonly TemplatePart[], minute: CivilMinute): string {
  return parts
    .map((part) => (part.kind === "text" ? part.text : renderVariable(part.name, minute)))
    .join("");
}

function renderVariable(name: TimeVariable, minute: CivilMinute): string {
  switch (name) {
    case "yyyy":
      return String(minute.year).padStart(4, "0");
    case "MM":
      return String(minute.month).padStart(2, "0");
    case "dd":
      return String(minute.day).padStart(2, "0");
    case "HH":
      return String(minute.hour).padStart(2, "0");
    case "mm":
      return String(minute.minute).padStart(2, "0");
  }
}

/** The variables used, coarsest first, each once. */
export function listVariables(template: FolderTemplate): TimeVariable[] {
  const used = new Set(
    template.segments.flat().flatMap((part) => (part.kind === "variable" ? [part.name] : [])),
  );
  return (["yyyy", "MM", "dd", "HH", "mm"] as const).filter((name) => used.has(name));
}

/**
 * Reads a partition back into the digits of its variables: the inverse of `renderPartition`. Null when
 * this template cannot have made that folder.
 */
export function matchPartition(
  template: FolderTemplate,
  partition: string,
): ReadonlyMap<TimeVariable, string> | null {
  const values = new Map<TimeVariable, string>();
  let at = 0;
  for (const [index, parts] of template.segments.entries()) {
    if (index > 0) {
      if (partition[at] !== "/") return null;
      at += 1;
    }
    for (const part of parts) {
      if (part.kind === "value") return null;
      const expected = part.kind === "text" ? part.text : values.get(part.name);
      const width = part.kind === "text" ? part.text.length : part.name.length;
      const found = partition.slice(at, at + width);
      if (expected !== undefined && found !== expected) return null;
      if (part.kind === "variable") {
        if (found.length !== width || !/^\d+$/.test(found)) return null;
        values.set(part.name, found);
      }
      at += width;
    }
  }
  return at === partition.length ? values : null;
}
