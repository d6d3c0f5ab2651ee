/**
 * Joins two streams of keys, each in the order of UTF-8 bytes and each key once: what the ledger says
 * and what the store lists. Pages of the two may be cut anywhere; only what no later page can change
 * is paired, so two pages in memory are enough whatever the size of the bucket.
 */
type Keyed = { readonly key: string };

export type PairWindow<L extends Keyed, O extends Keyed> = {
  readonly ledger: readonly L[];
  /** No further page of the ledger follows. */
  readonly ledgerEnded: boolean;
  readonly listed: readonly O[];
  readonly listedEnded: boolean;
};

/** At least one of the two is there. */
export type Pair<L extends Keyed, O extends Keyed> = {
  readonly entry: L | null;
  readonly object: O | null;
};

/** Pairs all that is certain; `rest` is what waits for another page of the side that ran out. */
export function pairUp<L extends Keyed, O extends Keyed>(
  window: PairWindow<L, O>,
): { readonly pairs: Pair<L, O>[]; readonly rest: PairWindow<L, O> } {
  const { ledger, listed, ledgerEnded, listedEnded } = window;
  const pairs: Pair<L, O>[] = [];
  let atLedger = 0;
  let atListed = 0;
  for (;;) {
    const entry = ledger[atLedger];
    const object = listed[atListed];
    if (!entry && (!ledgerEnded || !object)) break;
    if (!object && !listedEnded) break;
    const order = !object ? -1 : !entry ? 1 : compareKeys(entry.key, object.key);
    pairs.push({
      entry: order <= 0 ? (entry ?? null) : null,
      object: order >= 0 ? (object ?? null) : null,
    });
    if (order <= 0) atLedger += 1;
    if (order >= 0) atListed += 1;
  }
  const rest = { ...window, ledger: ledger.slice(atLedger), listed: listed.slice(atListed) };
  return { pairs, rest };
}

/**
 * The order of UTF-8 bytes, which stores list in and the ledger is read in. JavaScript's own differs:
 * it puts the halves of characters beyond U+FFFF before U+E000.
 */
export function compareKeys(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at += 1) {
    const difference = rankOf(one.charCodeAt(at)) - rankOf(other.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Surrogates go after everything that is one unit. */
function rankOf(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
