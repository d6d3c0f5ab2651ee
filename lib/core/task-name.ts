import type { Problem } from "./problem";

const taskNameLengthMin = 3;
const taskNameLengthMax = 16;

/**
 * The documented rule: 3 to 16 lowercase letters, digits and hyphens, the first and the last a letter
 * or digit. Gives every way in which the name breaks it; an empty list means that it is legal.
 * Object keys rely on it: a name without `_` keeps `<task>_<lane>_` readable.
 */
export function checkTaskName(name: string, field = "name"): Problem[] {
  const problems: Problem[] = [];
  const length = [...name].length;
  if (length < taskNameLengthMin || length > taskNameLengthMax) {
    problems.push({
      field,
      message: `A task name has ${taskNameLengthMin} to ${taskNameLengthMax} characters; this one has ${length}.`,
    });
  }
  const illegalAt = name.search(/[^a-z0-9-]/u);
  if (illegalAt >= 0) {
    const character = String.fromCodePoint(name.codePointAt(illegalAt) ?? 0);
    problems.push({
      field,
      message: `A task name has only lowercase letters, digits and hyphens, not ${JSON.stringify(character)}.`,
      at: illegalAt,
    });
  }
  if (name.startsWith("-")) {
    problems.push({ field, message: "A task name starts with a letter or digit.", at: 0 });
  }
  if (name.length > 1 && name.endsWith("-")) {
    problems.push({
      field,
      message: "A task name ends with a letter or digit.",
      at: name.length - 1,
    });
  }
  return problems;
}
