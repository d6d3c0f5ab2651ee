import { AppError } from "./error";
import type { ErrorCode } from "./error-codes";

/** One thing wrong with an input. `field` is the path people see: `flush.seconds`, `schema.columns[2].type`. */
export type FieldProblem = { readonly field: string; readonly message: string };

/** An input that cannot work, with every problem of it at once; never empty. */
export class InvalidInputError extends AppError {
  readonly problems: readonly FieldProblem[];

  constructor(problems: readonly FieldProblem[], code: ErrorCode = "request.invalid") {
    super(code, problems.map(({ field, message }) => `${field}: ${message}`).join("; "));
    this.problems = problems;
  }
}
