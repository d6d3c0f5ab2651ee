import { InvalidInputError } from "@/lib/core/invalid-input";

/** One page of a list and where the next begins; `nextCursor` is null at the end. */
export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };

/** Which page: `cursor` is a former page's `nextCursor`, opaque to everybody else. */
export type PageRequest = { readonly cursor?: string | null; readonly limit: number };

export const pageLimitMax = 500;

/** A cursor holds the sort key of the last row given, so that a page costs the same however deep. */
export function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** Throws `request.invalid` for a text that `encodeCursor` did not make with as many parts. */
export function decodeCursor(cursor: string, partCount: number): (string | number)[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(parts) && parts.length === partCount && parts.every(isPart)) return parts;
  } catch {
    // Not JSON: answered below like any other foreign text.
  }
  throw invalidCursor();
}

function isPart(part: unknown): part is string | number {
  return typeof part === "string" || Number.isSafeInteger(part);
}

/** An instant out of a cursor: a number that is none would only fail at the database. */
export function cursorInstant(part: string | number | undefined): Date {
  const instant = new Date(typeof part === "number" ? part : Number.NaN);
  if (Number.isNaN(instant.getTime())) throw invalidCursor();
  return instant;
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function cursorUuid(part: string | number | undefined): string {
  if (typeof part !== "string" || !uuidPattern.test(part)) throw invalidCursor();
  return part;
}

export function invalidCursor(): InvalidInputError {
  return new InvalidInputError([{ field: "cursor", message: "was not given by this list" }]);
}

export function clampLimit(limit: number): number {
  return Number.isFinite(limit) ? Math.min(pageLimitMax, Math.max(1, Math.trunc(limit))) : 1;
}

/** Makes a page of rows that were read with `limit + 1`: the extra one only tells that there is more. */
export function toPage<T>(
  rows: readonly T[],
  limit: number,
  cursorOf: (row: T) => readonly (string | number)[],
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? encodeCursor(cursorOf(last)) : null };
}
