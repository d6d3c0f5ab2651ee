import { InvalidInputError } from "@/lib/core/invalid-input";
import type { Problem } from "@/lib/core/problem";

/** One thing that is wrong with the rows of a file. Lines count from 1; `column` is null for a whole line. */
export type RowProblem = {
  readonly line: number;
  readonly column: string | null;
  readonly message: string;
};

/** More than a person reads at once; a file that is wrong throughout is not read to its end. */
const problemsMax = 20;

/**
 * What is wrong with a file, collected while it is read, so that a person mends all of it at once.
 * Every `add` beyond the bound throws.
 */
export class RowProblems {
  readonly #unit: "Line" | "Row";
  readonly #problems: RowProblem[] = [];

  /** What `line` counts. */
  constructor(unit: "Line" | "Row") {
    this.#unit = unit;
  }

  add(problem: RowProblem): void {
    this.#problems.push(problem);
    if (this.#problems.length >= problemsMax) this.throwIfAny();
  }

  /** Throws `session.data_malformed` with all problems. */
  throwIfAny(): void {
    const [first] = this.#problems;
    if (first === undefined) return;
    const problems = this.#problems.map(({ line, column, message }): Problem => {
      return { field: column ?? "rows", message: `${this.#unit} ${line}: ${message}`, line };
    });
    const reason = `${this.#unit} ${first.line}${first.column === null ? "" : `, column ${first.column}`}: ${first.message}`;
    throw new InvalidInputError(problems, {
      code: "session.data_malformed",
      details: { reason, line: first.line, column: first.column },
    });
  }
}
