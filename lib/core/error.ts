import { type ErrorCode, errorCodes } from "./error-codes";
import type { ErrorDetails, Fault } from "./error-kind";

/**
 * The world is not as it has to be. The code alone decides what happens next (`fault`), what the
 * API answers (`httpStatus`) and what people read (`describeError`); the message is for logs.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { details?: ErrorDetails; cause?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options?.details ?? {};
  }

  /** Decides the retry: nobody else looks at codes for that. */
  get fault(): Fault {
    return errorCodes[this.code].fault;
  }
}

/** Turns whatever was thrown into an AppError; an unknown throwable is our own bug until shown otherwise. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError("internal.unexpected", message, { cause: thrown });
}

/** A condition that only a bug can break. Throws `internal.invariant_broken`. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError("internal.invariant_broken", message);
}
