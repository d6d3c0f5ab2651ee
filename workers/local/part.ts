import type { Exit } from "./restart-policy";

/** A run of a part: from its start to its end. */
export type RunningPart = {
  /** Settles when the run is over, whoever ended it. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Asks it to end and, after the grace time, makes it. Resolves when it is over. */
  stop(graceMs: number): Promise<void>;
  /** Ends it at once, without being asked again. */
  kill(): void;
};

/** One of the processes that make a Culvert on one machine. */
export interface Part {
  /** What people read before its lines; unique. */
  readonly name: string;
  /** Resolves when it runs, which may be before it serves. Throws when it cannot run at all. */
  start(): Promise<RunningPart>;
  /** Resolves with true when it serves, with false when the signal aborts before that. */
  waitUntilServing(signal: AbortSignal): Promise<boolean>;
}
