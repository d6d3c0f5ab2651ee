import { AppError } from "@/lib/core/error";
import { type RateLimit, type RateWindow, takeFromWindow } from "@/lib/core/rate-window";

/**
 * Writes of rows that run at the same time in one console: each holds open columns, a part on its way
 * and a stretch of its body, some 40 MB.
 */
export const writesAtOnceMax = 8;
const retryBusyAfterSeconds = 1;

/** The modelled service's own limits, of one table. */
const limits = {
  upload_session: { countMax: 500, windowMs: 300_000, words: "500 upload sessions in 5 minutes" },
  block: { countMax: 500, windowMs: 300_000, words: "500 blocks in 5 minutes" },
  download_session: {
    countMax: 200,
    windowMs: 300_000,
    words: "200 download sessions in 5 minutes",
  },
} as const satisfies Record<string, RateLimit & { words: string }>;

/** What one console lets through: so many writes (or reads, by a gate of their own) at once, and so many in five minutes of one dataset. */
export type WriteGate = {
  /** Runs `work` in a slot. Throws `session.slots_exceeded` when there is none. */
  readonly inSlot: <T>(work: () => Promise<T>) => Promise<T>;
  /** The same for work that ends by itself later: gives what frees the slot. */
  readonly takeSlot: () => () => void;
  /** Counts one more. Throws `session.flow_exceeded`. */
  readonly count: (what: keyof typeof limits, datasetId: string) => void;
};

/** `monotonicMs` is a clock that never goes back. */
export function createWriteGate(monotonicMs: () => number): WriteGate {
  const windows = new Map<string, RateWindow>();
  let running = 0;
  const takeSlot = () => {
    if (running >= writesAtOnceMax) throw slotsExceeded();
    running += 1;
    let isHeld = true;
    return () => {
      if (isHeld) running -= 1;
      isHeld = false;
    };
  };
  return {
    takeSlot,
    async inSlot(work) {
      const release = takeSlot();
      try {
        return await work();
      } finally {
        release();
      }
    },
    count(what, datasetId) {
      const { words, ...limit } = limits[what];
      const key = `${what} ${datasetId}`;
      const answer = takeFromWindow(windows.get(key) ?? [], limit, monotonicMs());
      windows.set(key, answer.window);
      if (answer.kind === "full") throw flowExceeded(words, answer.waitMs);
    },
  };
}

function slotsExceeded(): AppError {
  return new AppError("session.slots_exceeded", "All slots are in use", {
    details: { slots: writesAtOnceMax, retryAfterSeconds: retryBusyAfterSeconds },
  });
}

function flowExceeded(limit: string, waitMs: number): AppError {
  const retryAfterSeconds = Math.ceil(waitMs / 1_000);
  return new AppError("session.flow_exceeded", limit, { details: { limit, retryAfterSeconds } });
}
