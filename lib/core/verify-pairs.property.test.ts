import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareKeys, type Pair, pairUp } from "./verify-pairs";

type Keyed = { readonly key: string };

const key = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
  fc.constantFrom("a", "a/b", "a\u{1F600}", "a\uE000", "a\uFFFD", "b"),
);
const keys = fc.uniqueArray(key, { maxLength: 30 }).map((list) => list.sort(byBytes));

/** How the store and PostgreSQL's collation "C" order keys. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Cuts a list into pages at any places; empty pages are pages too. */
const pagesOf = (list: readonly string[], cuts: readonly number[]): Keyed[][] => {
  const pages: Keyed[][] = [];
  let from = 0;
  for (const cut of cuts) {
    pages.push(list.slice(from, from + cut).map((text) => ({ key: text })));
    from += cut;
  }
  return [...pages, list.slice(from).map((text) => ({ key: text }))];
};

/** Feeds pages as the verification does: another page for the side that ran out. */
function joinPages(ledger: Keyed[][], listed: Keyed[][]): Pair<Keyed, Keyed>[] {
  const pairs: Pair<Keyed, Keyed>[] = [];
  let window = {
    ledger: [] as readonly Keyed[],
    ledgerEnded: false,
    listed: [] as readonly Keyed[],
    listedEnded: false,
  };
  for (;;) {
    const step = pairUp(window);
    pairs.push(...step.pairs);
    window = step.rest;
    if (window.ledger.length === 0 && !window.ledgerEnded) {
      window = { ...window, ledger: ledger.shift() ?? [], ledgerEnded: ledger.length === 0 };
    } else if (window.listed.length === 0 && !window.listedEnded) {
      window = { ...window, listed: listed.shift() ?? [], listedEnded: listed.length === 0 };
    } else {
      expect(window.ledger.length + window.listed.length).toBe(0);
      return pairs;
    }
  }
}

describe("pairing the ledger with a listing", () => {
  it("gives every key of either side once, with what each side has, wherever pages are cut", () => {
    const cuts = fc.array(fc.nat({ max: 5 }), { maxLength: 12 });
    fc.assert(
      fc.property(keys, keys, cuts, cuts, (ledger, listed, ledgerCuts, listedCuts) => {
        const pairs = joinPages(pagesOf(ledger, ledgerCuts), pagesOf(listed, listedCuts));
        const all = [...new Set([...ledger, ...listed])].sort(byBytes);
        expect(pairs.map(({ entry, object }) => entry?.key ?? object?.key)).toEqual(all);
        for (const { entry, object } of pairs) {
          const text = entry?.key ?? object?.key ?? "";
          expect(entry !== null).toBe(ledger.includes(text));
          expect(object !== null).toBe(listed.includes(text));
        }
      }),
    );
  });

  it("orders keys as their UTF-8 bytes", () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(Math.sign(compareKeys(one, other))).toBe(byBytes(one, other));
      }),
      { examples: [["a\u{1F600}", "a\uE000"]] },
    );
  });
});
