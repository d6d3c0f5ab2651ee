import { Violation } from "./watcher";

/** The schedule's trace up to the violation, and how to see it again. */
export class FailedSchedule extends Error {
  override readonly name = "FailedSchedule";
  readonly seed: number;

  /** `flags` are those of the command, beside the seed. */
  constructor(
    seed: number,
    violation: unknown,
    trace: readonly string[],
    flags: readonly string[],
  ) {
    const reason = violation instanceof Error ? violation.message : String(violation);
    const stack = violation instanceof Violation ? "" : `\n${(violation as Error | null)?.stack}`;
    const said = `Seed ${seed}: ${reason}`;
    const replay = ["npm run simulate --", `--seed ${seed} --schedules 1`, ...flags].join(" ");
    const lines = [said + stack, ...trace, said, `Again: ${replay}`];
    super(lines.join("\n"), { cause: violation });
    this.seed = seed;
  }
}
