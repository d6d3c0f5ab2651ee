import { checkFolder } from "./folder";
import { trimFolder } from "./object-key";
import { describeLayout, type TemplatePart } from "./prefix-layout";
import type { PrefixTemplate } from "./prefix-template";
import type { Problem } from "./problem";

/** Where a task's dirty values go unless it says otherwise: a name that Hive, Spark and Trino skip. */
export function defaultDirtyPrefix(task: string): string {
  return `_dirty/${task}/`;
}

/**
 * Whether an object in `folder` would stand under the prefix, where readers of the dataset look:
 * under the folders before the first variable, or, when there are none, under a folder that the
 * first one can become. A variable counts as that many characters of any kind, because some engines
 * are given `?` for each digit.
 */
export function standsUnderPrefix(template: PrefixTemplate, folder: string): boolean {
  const { root } = describeLayout(template);
  const trimmed = trimFolder(folder);
  if (root !== "") return trimmed === root || trimmed.startsWith(`${root}/`);
  const [first = ""] = trimmed.split("/");
  return canBecome(template.segments[0] ?? [], first);
}

function canBecome(parts: readonly TemplatePart[], name: string): boolean {
  let at = 0;
  for (const part of parts) {
    if (part.kind === "text" && !name.startsWith(part.text, at)) return false;
    at += part.kind === "text" ? part.text.length : part.name.length;
  }
  return at === name.length;
}

/**
 * Checks a folder for dirty values against the task's own prefix: it has no variables, and nothing of
 * it may stand where a reader of the dataset would take it for rows.
 */
export function checkDirtyPrefix(
  dirtyPrefix: string,
  template: PrefixTemplate | null,
  field = "dirtyPrefix",
): Problem[] {
  const folder = trimFolder(dirtyPrefix);
  const problems = checkFolder(folder, field);
  const dollarAt = folder.indexOf("$");
  if (dollarAt >= 0) {
    problems.push({ field, message: "This folder has no time variables.", at: dollarAt });
  }
  if (template && problems.length === 0 && standsUnderPrefix(template, folder)) {
    problems.push({
      field,
      message: `Dirty values cannot lie under the task's own prefix ${template.text}: readers would take them for rows.`,
    });
  }
  return problems;
}
