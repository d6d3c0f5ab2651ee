import { AppError } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import type { Clock } from "@/lib/platform/clock";
import type { EventQueue } from "./event-queue";

/** One worker process, as far as the world can hurt it. */
export type ProcessState = {
  readonly id: string;
  isAlive: boolean;
  /** Stopped by a signal until then, ms: it hears nothing and does nothing, and knows nothing of it. */
  stoppedUntilMs: number;
  /** Its wall clock against everybody else's, ms. */
  clockOffMs: number;
};

export type NetworkOptions = {
  readonly queue: EventQueue;
  readonly random: () => number;
  /** True with this probability as long as anything fails at all. */
  readonly fails: (probability: number) => boolean;
  readonly met: (what: string) => void;
  /** Asked for its text only while a trace is kept. */
  readonly note: (line: () => string) => void;
  /** A broken guarantee, or a bug of the simulation itself. */
  readonly onBroken: (thrown: unknown) => void;
};

type Party = "ledger" | "store" | "tunnel";

const unavailable: Readonly<Record<Party, ErrorCode>> = {
  ledger: "internal.database_unavailable",
  store: "destination.unavailable",
  tunnel: "source.unavailable",
};
/** A caller gives up after this; its request may still be on its way. */
const timeoutMs = 700;
const lateMsMax = 4_000;
const lossProbability = 0.015;

/**
 * Between the workers and everything else. A call is three events: its request arrives, it takes
 * effect, its answer comes back. Each can be late or lost, and the caller can be dead or stopped at
 * any of them.
 */
export class Network {
  /** Parties that nobody reaches at the moment. */
  readonly away = new Set<Party>();
  /** Effects that are under way; none may be when the next event comes. */
  effects = 0;
  readonly #o: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#o = options;
  }

  /** The port as one process sees it: each of its methods is a call. */
  over<P extends object>(party: Party, port: P, process: ProcessState): P {
    const methods = new Map<string | symbol, unknown>();
    return new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        const known = methods.get(name);
        if (known) return known;
        const call = (...args: unknown[]) =>
          this.#call(party, process, `${party}.${String(name)}`, args, () =>
            method.apply(target, args),
          );
        methods.set(name, call);
        return call;
      },
    });
  }

  clockOf(process: ProcessState): Clock {
    const { queue } = this.#o;
    return {
      now: () => queue.nowMs + process.clockOffMs,
      monotonic: () => queue.nowMs,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const wake = () => {
            signal?.removeEventListener("abort", wake);
            resolve();
          };
          signal?.addEventListener("abort", wake);
          queue.schedule(ms, () => this.#whenAwake(process, wake));
        }),
    };
  }

  #call<T>(
    party: Party,
    process: ProcessState,
    name: string,
    args: readonly unknown[],
    effect: () => Promise<T> | T,
  ): Promise<T> {
    const { queue, fails, met, note, onBroken } = this.#o;
    return new Promise((resolve, reject) => {
      let isWaiting = true;
      const give = (said: string, settle: () => void) =>
        this.#whenAwake(process, () => {
          if (!isWaiting) return met("answer after the time-out");
          isWaiting = false;
          note(() => `${process.id} ${name} → ${said}`);
          settle();
        });
      const answer = (said: string, settle: () => void) =>
        queue.schedule(this.#latencyMs(), () => give(said, settle));
      const lose = (said: string) => {
        met(said);
        answer(said, () => reject(new AppError(unavailable[party], `${name}: ${said}`)));
      };
      const isLate = fails(lossProbability);
      if (isLate) {
        met("late request");
        const timedOut = () => reject(new AppError(unavailable[party], `${name}: timed out`));
        queue.schedule(timeoutMs, () => isWaiting && give("timed out", timedOut));
      }
      const delayMs = this.#latencyMs() + (isLate ? this.#o.random() * lateMsMax : 0);
      queue.schedule(delayMs, async () => {
        if (this.away.has(party)) return lose(`${party} away`);
        if (fails(process.isAlive ? lossProbability : 0.4)) return lose("lost request");
        const isPosthumous = !process.isAlive;
        if (isPosthumous) met("request of a dead worker");
        met(`call: ${name}`);
        note(() => `${process.id}${isPosthumous ? " (dead)" : ""} ${name} ${describe(args)}`);
        this.effects += 1;
        try {
          const result = await effect();
          if (fails(lossProbability)) lose("lost answer");
          else answer("done", () => resolve(result));
        } catch (thrown) {
          if (!(thrown instanceof AppError)) onBroken(thrown);
          else answer(thrown.code, () => reject(thrown));
        } finally {
          this.effects -= 1;
        }
      });
    });
  }

  #whenAwake(process: ProcessState, run: () => void): void {
    if (!process.isAlive) return;
    const stoppedMs = process.stoppedUntilMs - this.#o.queue.nowMs;
    if (stoppedMs > 0) this.#o.queue.schedule(stoppedMs, () => this.#whenAwake(process, run));
    else run();
  }

  #latencyMs(): number {
    return 1 + this.#o.random() * 15;
  }
}

/** What a call is about, on one line. */
function describe(args: readonly unknown[]): string {
  const seen = (_: string, value: unknown) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof Uint8Array ? `${value.byteLength} bytes` : value;
  };
  return args.map((arg) => JSON.stringify(arg, seen)?.slice(0, 300)).join(" ");
}
