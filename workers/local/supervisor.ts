import type { Clock } from "@/lib/platform/clock";
import type { Part, RunningPart } from "./part";
import { decideRestart, describeExit, type Exit } from "./restart-policy";

/**
 * A part that is kept running.
 *
 *   start ──▶ running ──ended──▶ decideRestart ──restart──▶ wait 0.25–2 s ──▶ start
 *               │                      │
 *             stop()                give up
 *               ▼                      ▼
 *            stopped                 given up
 *
 * 1. At most one run of a part exists at a time.
 * 2. After stop() has resolved, no run exists and none will start.
 * 3. An end nobody asked for is told in one line, with what happens next.
 */
export type KeptPart = {
  readonly name: string;
  /** Resolves when the part has served once; never settles for one that is stopped before. */
  readonly serving: Promise<void>;
  /** Resolves when the part is given up, which happens only before it has served. */
  readonly givenUp: Promise<PartFailure>;
  stop(): Promise<void>;
  /** Ends the current run at once and starts no other. */
  kill(): void;
};

/** A part that cannot be made to serve. The message is for people, as it is. */
export class PartFailure extends Error {
  override readonly name = "PartFailure";
}

export type SupervisionOptions = {
  readonly clock: Clock;
  /** How long a part may take to end before it is made to. */
  readonly graceMs: number;
  /** Takes one line for people. */
  readonly say: (line: string) => void;
};

export function keepRunning(part: Part, options: SupervisionOptions): KeptPart {
  const { clock, say } = options;
  const ending = new AbortController();
  const serving = openPromise<void>();
  const givenUp = openPromise<PartFailure>();
  let run: RunningPart | null = null;
  let hasServed = false;

  async function runOnce(): Promise<Exit> {
    try {
      run = await part.start();
    } catch (error) {
      say(`${part.name} could not be started: ${(error as Error).message}`);
      return { code: 1, signal: null };
    }
    if (ending.signal.aborted) await run.stop(options.graceMs);
    const exit = await run.exited;
    run = null;
    return exit;
  }

  async function runForEver(): Promise<void> {
    let attempt = 0;
    while (!ending.signal.aborted) {
      const startedAt = clock.monotonic();
      const exit = await runOnce();
      if (ending.signal.aborted) return;
      const ranForMs = clock.monotonic() - startedAt;
      const decision = decideRestart({ exit, attempt, ranForMs, hasServed });
      if (decision.kind === "give_up") {
        ending.abort();
        givenUp.resolve(
          new PartFailure(`${part.name} ended ${describeExit(exit)} and never served.`),
        );
        return;
      }
      attempt = decision.attempt;
      say(`${part.name} ended ${describeExit(exit)}; starting it again in ${decision.afterMs} ms`);
      await clock.sleep(decision.afterMs, ending.signal);
    }
  }

  async function noteServing(): Promise<void> {
    if (!(await part.waitUntilServing(ending.signal))) return;
    hasServed = true;
    serving.resolve();
  }

  const done = Promise.all([runForEver(), noteServing()]);
  return {
    name: part.name,
    serving: serving.promise,
    givenUp: givenUp.promise,
    stop: async () => {
      ending.abort();
      await run?.stop(options.graceMs);
      await done;
    },
    kill: () => {
      ending.abort();
      run?.kill();
    },
  };
}

/** A promise that is resolved from outside (Promise.withResolvers, which Node 20 does not have). */
function openPromise<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
