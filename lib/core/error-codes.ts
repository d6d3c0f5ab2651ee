import { datasetErrors } from "./dataset-errors";
import { destinationErrors } from "./destination-errors";
import type { ErrorDetails, ErrorKind, Fault } from "./error-kind";
import { internalErrors } from "./internal-errors";
import { mergeErrors } from "./merge-errors";
import { requestErrors } from "./request-errors";
import { sessionErrors } from "./session-errors";
import { sourceErrors } from "./source-errors";
import { streamErrors } from "./stream-errors";

/** Every failure Culvert can name. Codes are stable, dotted, and few enough to be metric labels. */
export const errorCodes = {
  ...destinationErrors,
  ...sourceErrors,
  ...requestErrors,
  ...datasetErrors,
  ...sessionErrors,
  ...streamErrors,
  ...mergeErrors,
  ...internalErrors,
};

export type ErrorCode = keyof typeof errorCodes;

/** True for a string that some version of Culvert stored as a code and this one still knows. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

export type ErrorDescription = {
  readonly code: ErrorCode;
  readonly documentedName: string | null;
  readonly fault: Fault;
  readonly title: string;
  readonly cause: string;
  readonly nextStep: string;
};

/** What people read of an error: blocker, cause, next step. */
export function describeError(code: ErrorCode, details: ErrorDetails): ErrorDescription {
  const kind: ErrorKind = errorCodes[code];
  return {
    code,
    documentedName: kind.documentedName ?? null,
    fault: kind.fault,
    title: kind.title,
    cause: kind.cause(details),
    nextStep: kind.nextStep(details),
  };
}
