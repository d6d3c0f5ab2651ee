/**
 * How often an account's password may be tried: attempts are counted before they are made, so that a
 * thousand at once are no way around it, and a success clears them, so that people never notice.
 * Kept per account and not per address, because an address in a header can be made up.
 */
export type SignInLimit = {
  /** False: too many attempts of late, so this one is not to be made. */
  readonly begin: (account: string) => boolean;
  readonly succeeded: (account: string) => void;
};

export const attemptsMax = 20;
export const windowMs = 60_000;
/** Accounts remembered; made-up ones push out the longest unused. */
export const accountsMax = 10_000;

/** `now` is any clock that never goes back, in ms. */
export function createSignInLimit(now: () => number): SignInLimit {
  const attempts = new Map<string, number[]>();
  return {
    begin(account) {
      const key = keyOf(account);
      const recent = (attempts.get(key) ?? []).filter((at) => now() - at < windowMs);
      const allowed = recent.length < attemptsMax;
      // Put in again, so that the map's order is that of use.
      attempts.delete(key);
      attempts.set(key, allowed ? [...recent, now()] : recent);
      const [oldest] = attempts.keys();
      if (attempts.size > accountsMax && oldest !== undefined) attempts.delete(oldest);
      return allowed;
    },
    succeeded(account) {
      attempts.delete(keyOf(account));
    },
  };
}

/** As the sign-in itself compares addresses; longer ones than any real address share a key. */
const keyOf = (account: string): string => account.toLowerCase().slice(0, 320);
