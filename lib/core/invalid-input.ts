import { AppError, isOfKind } from "./error";
import type { ErrorCode } from "./error-codes";
import type { ErrorDetails } from "./error-kind";
import type { Problem } from "./problem";

/**
 * An input that cannot work, with every problem of it at once; never empty. `code` is more telling
 * than `request.invalid` where the whole trouble is one known failure, such as a missing bucket.
 */
export class InvalidInputError extends AppError {
  static override readonly kind: string = "InvalidInputError";
  readonly problems: readonly Problem[];

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isOfKind(value, "InvalidInputError");
  }

  constructor(
    problems: readonly Problem[],
    options: { code?: ErrorCode; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(
      options.code ?? "request.invalid",
      problems.map(({ field, message }) => `${field}: ${message}`).join("; "),
      { details: options.details ?? {}, cause: options.cause },
    );
    this.problems = problems;
  }
}
