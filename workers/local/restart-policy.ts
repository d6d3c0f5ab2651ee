/** How a process ended. Exactly one of the two is set when the system tells; both may be null. */
export type Exit = { readonly code: number | null; readonly signal: string | null };

export type RestartDecision =
  | { readonly kind: "restart"; readonly afterMs: number; readonly attempt: number }
  | { readonly kind: "give_up" };

export const restartAfterMsMin = 250;
export const restartAfterMsMax = 2_000;
/** A part that ran this long was well; what comes next is a new trouble. */
export const wellAfterMs = 10_000;
/** How often a part may end by itself before it has ever served: a wrong setting does not mend itself. */
export const failuresBeforeServingMax = 3;

/**
 * What to do about a part that ended without being asked to. `attempt` is how many restarts in a
 * row came before, and the decision's `attempt` is the one to hand in next time.
 *
 * A part that has served once is started again for ever, and so is one that was killed from
 * outside; a part that never served and gives up by itself is believed after a few tries.
 */
export function decideRestart(facts: {
  readonly exit: Exit;
  readonly attempt: number;
  readonly ranForMs: number;
  readonly hasServed: boolean;
}): RestartDecision {
  const attempt = facts.ranForMs >= wellAfterMs ? 0 : facts.attempt;
  const endedByItself = facts.exit.signal === null;
  if (!facts.hasServed && endedByItself && attempt + 1 >= failuresBeforeServingMax) {
    return { kind: "give_up" };
  }
  const afterMs = Math.min(restartAfterMsMax, restartAfterMsMin * 2 ** Math.min(attempt, 10));
  return { kind: "restart", afterMs, attempt: attempt + 1 };
}

/** `with code 1`, `by SIGKILL`: the end of a sentence for people. */
export function describeExit(exit: Exit): string {
  if (exit.signal !== null) return `by ${exit.signal}`;
  return exit.code === null ? "for an unknown reason" : `with code ${exit.code}`;
}
