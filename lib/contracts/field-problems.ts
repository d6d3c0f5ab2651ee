import type { z } from "zod";
import { InvalidInputError } from "@/lib/core/invalid-input";
import type { Problem } from "@/lib/core/problem";

type Issue = z.core.$ZodIssue;

/** `["schema", "columns", 2, "type"]` → `schema.columns[2].type`; the whole input is `body`. */
export function fieldOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "body";
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`,
    )
    .join("");
}

const articles: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

function rangeMessage(issue: Issue & { code: "too_small" | "too_big" }): string {
  const bound =
    issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  if (issue.origin === "string") {
    return issue.code === "too_small" && issue.minimum === 1
      ? "must not be empty"
      : `must have ${bound} characters`;
  }
  return issue.origin === "array" ? `must have ${bound} entries` : `must be ${bound}`;
}

/** The schemas say what a value must be; people read it beside the field it is about. */
const sentence = (predicate: string): string => `This ${predicate}.`;

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "is required"
        : `must be ${articles[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "too_small":
    case "too_big":
      return rangeMessage(issue);
    case "invalid_union":
      if ("note" in issue && issue.note === "No matching discriminator") {
        return "is not a kind that exists";
      }
      // A schema's own words are better than any that fit all unions.
      return issue.message.startsWith("Invalid input")
        ? "has none of the allowed forms"
        : issue.message;
    default:
      return issue.message;
  }
}

/** Every problem of a failed parse as field and sentence; an unknown key is a problem of that key. */
export function problemsOf(
  issues: readonly Issue[],
  under: readonly PropertyKey[] = [],
): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...under, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        field: fieldOf([...path, key]),
        message: sentence("is not known"),
      }));
    }
    return [{ field: fieldOf(path), message: sentence(messageOf(issue)) }];
  });
}

/** The parsed input. Throws `InvalidInputError` with every problem at once. */
export function parseInput<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(problemsOf(parsed.error.issues));
}

type Shape = Readonly<Record<string, z.ZodType>>;
type Fields<S extends Shape> = { [K in keyof S]?: z.output<S[K]> };

/**
 * Parses field by field, so that the fields that are right can still be checked against each other
 * and against the world while others are wrong, and a person sees all of it in one answer.
 */
export function parseFields<S extends Shape>(
  shape: S,
  input: unknown,
): { fields: Fields<S>; problems: Problem[] } {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return { fields: {}, problems: [{ field: "body", message: sentence("must be an object") }] };
  }
  const given = new Map<string, unknown>(Object.entries(input));
  const fields: Fields<S> = {};
  const problems: Problem[] = [...given.keys()]
    .filter((key) => !Object.hasOwn(shape, key))
    .map((field) => ({ field, message: sentence("is not known") }));
  for (const key in shape) {
    const parsed = shape[key]?.safeParse(given.get(key), { reportInput: true });
    if (parsed?.success) fields[key] = parsed.data as Fields<S>[typeof key];
    else if (parsed) problems.push(...problemsOf(parsed.error.issues, [key]));
  }
  return { fields, problems };
}
