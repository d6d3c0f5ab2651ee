import { type ErrorCode, errorCodes } from "./error-codes";
import type { ErrorDetails, Fault } from "./error-kind";

/**
 * The world is not as it has to be. The code alone decides what happens next (`fault`), what the
 * API answers (`httpStatus`) and what people read (`describeError`); the message is for logs.
 */
export class AppError extends Error {
  static readonly kind: string = "AppError";
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

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfKind(value, "AppError");
  }

  /** Decides the retry: nobody else looks at codes for that. */
  get fault(): Fault {
    return errorCodes[this.code].fault;
  }
}

/**
 * Whether `value` was made by a class of that `kind` or one derived from it: what `instanceof` means for
 * our errors. The console's server compiles each route apart, with a copy of these classes in each, while
 * all share one database: by identity, a conflict that one copy throws would be a stranger to the next,
 * and people would read "failed in a way it does not know".
 */
export function isOfKind(value: unknown, kind: string): boolean {
  if (typeof value !== "object") return false;
  for (let at = value; at !== null; at = Object.getPrototypeOf(at)) {
    const maker: unknown = Reflect.get(at, "constructor");
    if (typeof maker === "function" && Reflect.get(maker, "kind") === kind) return true;
  }
  return false;
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
