import { type AppError, toAppError } from "@/lib/core/error";
import { describeError } from "@/lib/core/error-codes";
import type { Problem } from "@/lib/core/problem";

/** A look at the world: what it found, or the failure that the field is to blame for. */
export type RemoteLook<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "failed"; readonly error: AppError; readonly problem: Problem };

/**
 * Looks, and makes a failure of the source or destination a problem of the field that names it.
 * Failures of our own (the database, a bug) are nobody's field and are thrown on.
 */
export async function lookAt<T>(field: string, look: () => Promise<T>): Promise<RemoteLook<T>> {
  try {
    return { kind: "found", value: await look() };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (!/^(source|destination|resource)\./.test(error.code)) throw error;
    return { kind: "failed", error, problem: remoteProblem(field, error) };
  }
}

/** Says the documented name too, because people search for it. */
export function remoteProblem(field: string, error: AppError): Problem {
  const { cause, documentedName } = describeError(error.code, error.details);
  return { field, message: documentedName ? `${documentedName}: ${cause}` : cause };
}
