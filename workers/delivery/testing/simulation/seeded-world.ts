import type { AppError } from "@/lib/core/error";
import { createRandom, EventQueue } from "./event-queue";
import { Network } from "./network";

const traceLinesMax = 4_000;
/** After this nothing fails any more, so that everything has to come to its end. */
export const faultsUntilMs = 4_000;

/** The time, the chance and the network of one schedule. Who decides what fails is the seed alone. */
export abstract class SeededWorld {
  readonly queue = new EventQueue();
  readonly random: () => number;
  readonly network: Network;
  readonly trace: string[] = [];
  /** How often each thing has happened: a schedule in which nothing does proves nothing. */
  readonly met = new Map<string, number>();
  /** The first guarantee that broke, or the first bug. */
  broken: unknown = null;
  readonly #isTraced: boolean;
  #objectIds = 0;

  constructor(seed: number, isTraced: boolean) {
    this.random = createRandom(seed);
    this.#isTraced = isTraced;
    this.network = new Network({
      ...{ queue: this.queue, random: this.random, met: this.count, note: this.note },
      ...{ fails: this.fails, onBroken: (thrown) => this.break(thrown) },
    });
  }

  get isFaulty(): boolean {
    return this.queue.nowMs < faultsUntilMs;
  }

  readonly below = (count: number): number => Math.floor(this.random() * count);

  /** True with this probability, and never after the faults have ended. */
  readonly fails = (probability: number): boolean => this.random() < probability && this.isFaulty;

  readonly newObjectId = (): string => {
    this.#objectIds += 1;
    return `o${this.#objectIds}`;
  };

  readonly count = (what: string): void => {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  };

  readonly note = (line: () => string): void => {
    if (!this.#isTraced) return;
    this.trace.push(`${String(Math.round(this.queue.nowMs)).padStart(7)} ${line()}`);
    if (this.trace.length >= 2 * traceLinesMax) this.trace.splice(0, traceLinesMax);
  };

  break(thrown: unknown): void {
    this.broken ??= thrown;
  }

  /** Logs go to the counters and the trace. A bug of the code under test ends the schedule. */
  eventsAs<Events extends object>(): Events {
    const methods = new Map<string, unknown>();
    return new Proxy({} as Events, {
      get: (_, name) => {
        const key = String(name);
        if (!methods.has(key)) methods.set(key, (...told: unknown[]) => this.#told(key, told));
        return methods.get(key);
      },
    });
  }

  #told(name: string, told: readonly unknown[]): void {
    const error = told.find((one) => one instanceof Error) as AppError | undefined;
    const tags = (told[0] ?? {}) as Readonly<Record<string, unknown>>;
    const how = error?.code ?? tags.why ?? tags.sealedBy;
    this.count(how === undefined ? name : `${name}: ${how}`);
    this.note(
      () => `  ${name} ${error ? `${error.code} ${error.message}` : ""} ${JSON.stringify(tags)}`,
    );
    if (!error) return;
    if (error.code === "internal.unexpected" || error.code === "internal.invariant_broken")
      this.break(error.cause ?? error);
    this.onError(error, tags);
  }

  /** Something that the product logged as a failure. */
  protected onError(_error: AppError, _tags: Readonly<Record<string, unknown>>): void {}
}
