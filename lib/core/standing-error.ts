import { errorCodes } from "./error-codes";
import type { Fault } from "./error-kind";
import type { StandingError } from "./task-status";

/** What somebody has to mend first, then what we have to, then what mends itself. */
const faultOrder: readonly Fault[] = ["user", "internal", "transient"];

/**
 * The one error of several that people see. An expired stream hides every other, because nothing else
 * can be mended without it; then by fault; of equals the one that stands longest.
 */
export function chooseError(errors: readonly StandingError[]): StandingError | null {
  const rank = ({ code }: StandingError) =>
    code === "source.tunnel_expired" ? -1 : faultOrder.indexOf(errorCodes[code].fault);
  const sorted = [...errors].sort(
    (one, other) => rank(one) - rank(other) || one.sinceMs - other.sinceMs,
  );
  return sorted[0] ?? null;
}
