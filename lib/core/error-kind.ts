/** Facts about a failure that are safe to store and to show: never a secret, never a row's data. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/**
 * Who has to act. `user`: the position is held and the world is probed with back-off until somebody
 * mends it. `transient`: retried with jittered back-off, shown after a while. `internal`: retried
 * slowly, and we want to know.
 */
export type Fault = "user" | "transient" | "internal";

/** Copy is blocker (`title`), cause and next step, rendered from the error's details. */
export type ErrorKind = {
  readonly fault: Fault;
  readonly httpStatus: number;
  /** The name the modelled service documents for this failure, kept on the wire and in the UI. */
  readonly documentedName?: string;
  readonly title: string;
  readonly cause: (details: ErrorDetails) => string;
  readonly nextStep: (details: ErrorDetails) => string;
};

/** A detail as people read it. */
export function detailOf(details: ErrorDetails, key: string, fallback: string): string {
  const value = details[key];
  return value === undefined || value === null || value === "" ? fallback : String(value);
}

/** Keeps the codes of a table as literal types. */
export function defineErrorKinds<const T extends Record<string, ErrorKind>>(kinds: T): T {
  return kinds;
}
