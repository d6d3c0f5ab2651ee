import { type ErrorCode, isErrorCode } from "@/lib/core/error-codes";
import type { ErrorDetails } from "@/lib/core/error-kind";
import type { ErrorFact } from "@/lib/core/ports/ledger";

/** An error as it stands now; `since` is when its code first appeared without a success in between. */
export type StandingError = ErrorFact & { readonly since: Date };

/** The five error columns that a task's facts and a channel share. */
export type ErrorColumns = {
  readonly error_code: string | null;
  readonly error_details: unknown;
  readonly error_attempt: number | null;
  readonly error_next_try_at: Date | null;
  readonly error_since: Date | null;
};

/** Null when all is well. All five are set or none is, by CHECK, but for a next try that is not planned. */
export function errorFromColumns(row: ErrorColumns): StandingError | null {
  const failure = failureFromColumns(row.error_code, row.error_details);
  if (failure === null || row.error_since === null) return null;
  return {
    ...failure,
    attempt: row.error_attempt ?? 0,
    nextTryAt: row.error_next_try_at,
    since: row.error_since,
  };
}

/** What failed; null when nothing did. */
export function failureFromColumns(
  storedCode: string | null,
  storedDetails: unknown,
): Pick<ErrorFact, "code" | "details"> | null {
  if (storedCode === null) return null;
  const code = knownCode(storedCode);
  const details = detailsOf(storedDetails);
  return { code, details: code === storedCode ? details : { ...details, storedCode } };
}

/** A newer version may have stored a code that this one cannot name. */
function knownCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : "internal.unexpected";
}

function detailsOf(stored: unknown): ErrorDetails {
  if (typeof stored !== "object" || stored === null) return {};
  return Object.fromEntries(
    Object.entries(stored).filter(
      (entry): entry is [string, string | number | boolean | null] =>
        entry[1] === null || ["string", "number", "boolean"].includes(typeof entry[1]),
    ),
  );
}
