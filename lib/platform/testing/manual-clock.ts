import type { Clock } from "../clock";

/** A clock that stands still until it is moved; both of its times are ms since it was made. */
export function createManualClock(): Clock & { readonly move: (ms: number) => Promise<void> } {
  let nowMs = 0;
  const sleepers = new Set<() => void>();
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wakeMs = nowMs + ms;
        const wake = () => {
          if (nowMs < wakeMs && !signal?.aborted) return;
          sleepers.delete(wake);
          resolve();
        };
        sleepers.add(wake);
        signal?.addEventListener("abort", wake);
        wake();
      }),
    /** Resolves when whoever was woken has done what can be done without waiting again. */
    async move(ms) {
      nowMs += ms;
      for (const wake of [...sleepers]) wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
