import type { ErrorFact } from "@/lib/core/ports/ledger";
import { Prisma } from "./generated/client";

/**
 * Sets the five error columns that a task's facts and a channel share. The same code again keeps its
 * `since`, so that people see for how long it has lasted; null clears.
 */
export function errorAssignments(error: ErrorFact | null): Prisma.Sql {
  if (error === null) {
    return Prisma.sql`error_code = NULL, error_details = NULL, error_attempt = NULL,
      error_next_try_at = NULL, error_since = NULL`;
  }
  return Prisma.sql`
    error_since = CASE WHEN error_code = ${error.code} THEN error_since ELSE clock_timestamp() END,
    error_code = ${error.code}, error_details = ${JSON.stringify(error.details)}::jsonb,
    error_attempt = ${error.attempt}, error_next_try_at = ${error.nextTryAt}::timestamptz`;
}
