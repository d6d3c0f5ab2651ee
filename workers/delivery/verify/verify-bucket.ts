import { objectIdMetadata } from "@/lib/core/object-key";
import type { ObjectStore, UploadedPart } from "@/lib/core/ports/object-store";
import type { StoredEntry, VerifyLedger, VerifyPlace } from "@/lib/core/ports/verify-ledger";
import {
  isDoubtWorthReading,
  judgePair,
  type LedgerEntry,
  type ListedEntry,
  listDifferences,
} from "@/lib/core/verify-objects";
import { type PairWindow, pairUp } from "@/lib/core/verify-pairs";
import type { VerifyTally } from "@/lib/core/verify-report";
import { mapConcurrently } from "../map-concurrently";
import { inspectObject } from "./verify-object";

const pageEntriesMax = 1_000;
/** Objects that are looked at at the same time: two or three requests each. */
const inspectionsAtOnceMax = 8;

export type VerifyBucketOptions = {
  readonly store: ObjectStore;
  readonly ledger: Pick<
    VerifyLedger,
    "listEntries" | "findKnownKeys" | "findKeysOfObjects" | "markFound"
  >;
  readonly place: VerifyPlace;
  /** "" or ending in a slash, none inside another. */
  readonly folders: readonly string[];
  /** Whether an object that the ledger does not know is foreign there. */
  readonly isInDataset: (key: string) => boolean;
  readonly deep: boolean;
  readonly publishedBeforeMs: number;
  readonly etagOf: (parts: readonly UploadedPart[]) => string | null;
  readonly tally: VerifyTally;
  /** Called after each page; throws to stop. */
  readonly onPage: () => Promise<void>;
};

/** With what the pass learns on its way. */
type Pass = VerifyBucketOptions & { readonly trust: { agreed: number; wronged: number } };

type Entry = LedgerEntry & Pick<StoredEntry, "reopened">;
type Window = PairWindow<Entry, ListedEntry>;
type Inspection = { readonly entry: Entry; readonly contentDoubted: boolean };
type Found = { readonly missing: Entry[]; readonly standing: Entry[] };

/**
 * Compares every object below the folders with the ledger, a page of each in memory. Gives how many
 * objects stand that were published before and are not being delivered again.
 */
export async function verifyBucket(given: VerifyBucketOptions): Promise<{ stood: number }> {
  const options = { ...given, trust: { agreed: 0, wronged: 0 } };
  let stood = 0;
  for (const folder of options.folders) {
    let window: Window = { ledger: [], ledgerEnded: false, listed: [], listedEnded: false };
    let last: Last = { entry: null, object: null };
    while (!isOver(window)) {
      ({ window, last } = await refill(options, folder, window, last));
      const { pairs, rest } = pairUp(window);
      window = rest;
      stood += await settlePage(options, pairs);
      await options.onPage();
    }
  }
  return { stood };
}

type Last = { readonly entry: string | null; readonly object: string | null };

function isOver({ ledger, ledgerEnded, listed, listedEnded }: Window): boolean {
  return ledgerEnded && listedEnded && ledger.length + listed.length === 0;
}

async function refill(
  options: Pass,
  folder: string,
  window: Window,
  last: Last,
): Promise<{ window: Window; last: Last }> {
  let { ledger, ledgerEnded, listed, listedEnded } = window;
  let { entry, object } = last;
  if (ledger.length === 0 && !ledgerEnded) {
    const { place, publishedBeforeMs, etagOf } = options;
    const request = { folder, after: entry, limit: pageEntriesMax, publishedBeforeMs };
    const stored = await options.ledger.listEntries(place, request);
    ledger = stored.map(({ parts, ...rest }) => ({ ...rest, etag: etagOf(parts) }));
    entry = stored.at(-1)?.key ?? entry;
    ledgerEnded = stored.length < pageEntriesMax;
  }
  if (listed.length === 0 && !listedEnded) {
    const page = await options.store.list({
      ...{ prefix: folder, limit: pageEntriesMax },
      ...(object === null ? {} : { after: object }),
    });
    listed = page.objects;
    object = page.next;
    listedEnded = page.next === null;
    options.tally.counts.listed += listed.length;
  }
  return { window: { ledger, ledgerEnded, listed, listedEnded }, last: { entry, object } };
}

async function settlePage(
  options: Pass,
  pairs: ReturnType<typeof pairUp<Entry, ListedEntry>>["pairs"],
): Promise<number> {
  const { tally } = options;
  const unknown: ListedEntry[] = [];
  const inspections: Inspection[] = [];
  const found: Found = { missing: [], standing: [] };
  for (const pair of pairs) {
    const verdict = judgePair(pair);
    switch (verdict.kind) {
      case "unknown":
        unknown.push(verdict.object);
        break;
      case "missing":
        if (pair.entry) addMissing(options, pair.entry, found);
        break;
      case "altered":
        tally.addAltered(verdict.entry, verdict.differences);
        if (pair.entry) found.standing.push(pair.entry);
        break;
      case "inspect":
        if (pair.entry) inspections.push({ ...verdict, entry: pair.entry });
        break;
      case "doubled":
        tally.add({ kind: "overlapping", key: verdict.entry.key, of: null });
        break;
      case "other":
        if (verdict.isListed) tally.counts.others += 1;
        break;
      case "pending":
      case "replaced":
        tally.counts[verdict.kind] += 1;
    }
  }
  await mapConcurrently(inspections, inspectionsAtOnceMax, (one) => inspect(options, one, found));
  await settleUnknown(options, unknown);
  await options.ledger.markFound({
    missing: found.missing.filter(({ missing }) => !missing).map(({ objectId }) => objectId),
    standing: found.standing
      .filter(({ missing, reopened }) => missing || reopened)
      .map(({ objectId }) => objectId),
  });
  return found.standing.filter(({ reopened }) => !reopened).length;
}

function addMissing({ tally }: VerifyBucketOptions, entry: Entry, found: Found): void {
  tally.addMissing(entry);
  found.missing.push(entry);
}

async function inspect(
  options: Pass,
  { entry, contentDoubted }: Inspection,
  found: Found,
): Promise<void> {
  const { tally, trust, deep } = options;
  const readsContent = deep || (contentDoubted && isDoubtWorthReading(trust));
  const object = await inspectObject(options.store, entry, { readsContent });
  if (!object) {
    addMissing(options, entry, found);
    return;
  }
  found.standing.push(entry);
  const differences = listDifferences(entry, object);
  if (differences.length > 0) return tally.addAltered(entry, differences);
  tally.addWhole(entry);
  if (!contentDoubted) trust.agreed += 1;
  else if (readsContent) trust.wronged += 1;
  else tally.counts.unproven += 1;
}

/**
 * Keys that the ledger did not name when it was read. It is asked once more, since delivery goes on
 * meanwhile. A foreign object that carries the uuid of one of ours is a copy: its rows are there twice.
 */
async function settleUnknown(
  { ledger, place, store, tally, isInDataset }: VerifyBucketOptions,
  unknown: readonly ListedEntry[],
): Promise<void> {
  if (unknown.length === 0) return;
  const known = await ledger.findKnownKeys(
    place.bucket,
    unknown.map(({ key }) => key),
  );
  const foreign = unknown.filter(({ key }) => !known.has(key) && isInDataset(key));
  const claimed = new Map<string, string>();
  await mapConcurrently(foreign, inspectionsAtOnceMax, async ({ key }) => {
    const objectId = (await store.head(key))?.metadata[objectIdMetadata];
    if (objectId !== undefined) claimed.set(key, objectId);
  });
  const originals = await ledger.findKeysOfObjects([...claimed.values()]);
  for (const object of foreign) {
    const of = originals.get(claimed.get(object.key) ?? "");
    if (of === undefined) tally.addForeign(object);
    else tally.add({ kind: "overlapping", key: object.key, of });
  }
}
