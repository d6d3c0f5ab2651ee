import type { Part } from "./part";
import { type KeptPart, keepRunning, type SupervisionOptions } from "./supervisor";

/**
 * The parts of one installation, in the order in which they were started: whoever comes later may
 * use whoever came before, so they stop in reverse. Parts started together stop together.
 */
export type Ensemble = {
  start(part: Part): KeptPart;
  /** Parts that do not use one another; they stop at the same time. */
  startTogether(parts: readonly Part[]): KeptPart[];
  /** Aborts with a PartFailure when a part is given up. */
  readonly failed: AbortSignal;
  stopAll(): Promise<void>;
  killAll(): void;
};

export function createEnsemble(options: SupervisionOptions): Ensemble {
  const ranks: KeptPart[][] = [];
  const failure = new AbortController();
  function startTogether(parts: readonly Part[]): KeptPart[] {
    const rank = parts.map((part) => startOne(part));
    ranks.push(rank);
    return rank;
  }
  function startOne(part: Part): KeptPart {
    const kept = keepRunning(part, options);
    void kept.givenUp.then((reason) => failure.abort(reason));
    return kept;
  }
  return {
    failed: failure.signal,
    startTogether,
    start: (part) => {
      const kept = startOne(part);
      ranks.push([kept]);
      return kept;
    },
    stopAll: async () => {
      for (const rank of ranks.toReversed()) await Promise.all(rank.map((part) => part.stop()));
    },
    killAll: () => {
      for (const part of ranks.toReversed().flat()) part.kill();
    },
  };
}
