import type { ErrorView, FailureView } from "@/lib/contracts/error-view";
import type { AppError } from "@/lib/core/error";
import { describeError } from "@/lib/core/error-codes";
import type { StandingError } from "@/lib/db/stored-error";

export function failureViewOf(error: AppError): FailureView {
  return describeError(error.code, error.details);
}

export function errorViewOf(error: StandingError, channels: number): ErrorView {
  return {
    ...describeError(error.code, error.details),
    attempt: error.attempt,
    since: error.since.toISOString(),
    nextTryAt: error.nextTryAt?.toISOString() ?? null,
    channels,
  };
}
