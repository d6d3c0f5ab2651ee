/**
 * What was found out a moment ago, for all who ask the same: one look serves those who come while it is
 * under way and those who come shortly after it began. Failures are not kept.
 */
export type Recent<T> = {
  /** `look` runs unless the same was asked less than `keepMs` ago. */
  readonly get: (what: string, look: () => Promise<T>) => Promise<T>;
  /** Something changed: who asks from now on looks anew, whatever is still under way. */
  readonly forget: () => void;
};

export type RecentOptions = {
  /** From the beginning of a look, so that nobody hears of anything that is older. */
  readonly keepMs: number;
  /** The oldest go first. */
  readonly entriesMax: number;
  /** Any clock that never goes back, ms. */
  readonly monotonicMs: () => number;
};

export function createRecent<T>({ keepMs, entriesMax, monotonicMs }: RecentOptions): Recent<T> {
  /** In the order of their beginnings. */
  const looks = new Map<string, { readonly beganAtMs: number; readonly found: Promise<T> }>();
  const dropOld = (nowMs: number) => {
    for (const [what, { beganAtMs }] of looks) {
      if (nowMs - beganAtMs < keepMs && looks.size < entriesMax) return;
      looks.delete(what);
    }
  };
  return {
    get(what, look) {
      const nowMs = monotonicMs();
      const known = looks.get(what);
      if (known && nowMs - known.beganAtMs < keepMs) return known.found;
      looks.delete(what);
      dropOld(nowMs);
      const found = look();
      const entry = { beganAtMs: nowMs, found };
      looks.set(what, entry);
      found.catch(() => {
        if (looks.get(what) === entry) looks.delete(what);
      });
      return found;
    },
    forget: () => looks.clear(),
  };
}
