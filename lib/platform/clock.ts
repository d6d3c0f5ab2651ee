/** Time as a parameter, so that no test waits for it. Only the composition roots name `systemClock`. */
export type Clock = {
  /** Wall-clock, epoch ms. May step. */
  readonly now: () => number;
  /** Never goes back, ms; for ages and time-outs. */
  readonly monotonic: () => number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
    }),
};
