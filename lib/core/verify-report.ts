import type { BatchGap } from "./verify-batches";
import type { Difference, LedgerEntry, ListedEntry, LostReason } from "./verify-objects";

/** One thing that is not as the ledger says. */
export type VerifyFinding =
  | {
      readonly kind: "missing";
      readonly key: string;
      readonly rows: number;
      readonly bytes: number;
      readonly lane: number;
      readonly batchNumber: number;
      /** Why it could not be delivered again; null when nobody tried. */
      readonly lostBecause: LostReason | null;
    }
  | {
      readonly kind: "altered";
      readonly key: string;
      readonly lane: number;
      readonly batchNumber: number;
      readonly differences: readonly Difference[];
    }
  | { readonly kind: "foreign"; readonly key: string; readonly bytes: number }
  /** Its rows are visible twice: it is a copy of `of`, or a full scan brought them again (`of` null). */
  | { readonly kind: "overlapping"; readonly key: string; readonly of: string | null }
  | ({ readonly kind: "gap" } & BatchGap)
  | ({ readonly kind: "unbalanced" } & Imbalance);

/** Of a dataset: what a commit, or all of them together (null), is said to hold, and what its objects do. */
export type Imbalance = {
  readonly commit: string | null;
  readonly saidRows: number;
  readonly saidObjects: number;
  readonly rows: number;
  readonly objects: number;
};

export type FindingKind = VerifyFinding["kind"];

/** Exact, however many findings are listed. */
export type VerifyCounts = Readonly<Record<FindingKind, number>> & {
  /** Objects that the store listed. */
  readonly listed: number;
  /** Objects of the task that stand as they were decided, and their rows. */
  readonly whole: number;
  readonly wholeRows: number;
  /** Of the whole ones, those whose content nothing proved: the store's ETags do not, and it was not read. */
  readonly unproven: number;
  readonly missingRows: number;
  /** Decided and about to be published. */
  readonly pending: number;
  /** Objects of other tasks, or of earlier ones of this name, that lie in the same folders. */
  readonly others: number;
  /** Missing on purpose: a full scan brought their rows again. */
  readonly replaced: number;
  /** Decided for another bucket than the destination names now; not looked for. */
  readonly elsewhere: number;
  readonly batches: number;
};

/** Batches of one channel, next to each other, whose rows cannot be delivered again. */
export type LostRange = {
  readonly channelId: string;
  readonly lane: number;
  readonly fromBatch: number;
  readonly toBatch: number;
  readonly objects: number;
  readonly rows: number;
  readonly because: LostReason;
};

/** Counts are exact; `lost` lists the first of the ranges. */
export type LostAccount = {
  readonly lostRanges: number;
  readonly lostObjects: number;
  readonly lostRows: number;
  readonly lost: readonly LostRange[];
};

export type Redelivery = LostAccount & {
  /** Objects that stand again under their old keys, with exactly the rows that were decided. */
  readonly objects: number;
  readonly rows: number;
  /** The whole table is scanned again, into new objects; those of the first scan are replaced. */
  readonly fullScan: boolean;
};

export type VerifyReport = {
  readonly bucket: string;
  readonly folders: readonly string[];
  readonly deep: boolean;
  readonly counts: VerifyCounts;
  /** The first of each kind. */
  readonly findings: readonly VerifyFinding[];
  /** null when nothing was to be delivered again. */
  readonly redelivery: Redelivery | null;
};

/** Of each kind; the rest is counted. */
export const findingsPerKindMax = 200;
const lostRangesMax = 200;

/** Nothing is missing, altered, foreign, overlapping, out of its order or out of balance. */
export function isClean({ counts }: Pick<VerifyReport, "counts">): boolean {
  return countFindings(counts) === 0;
}

/** Of all kinds, listed or not. */
export function countFindings(counts: Readonly<Record<FindingKind, number>>): number {
  const { missing, altered, foreign, overlapping, gap, unbalanced } = counts;
  return missing + altered + foreign + overlapping + gap + unbalanced;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Adds up one pass over bucket and ledger. What it keeps is bounded; what it counts is exact. */
export class VerifyTally {
  readonly findings: VerifyFinding[] = [];
  readonly counts: Mutable<VerifyCounts> = {
    ...{ missing: 0, altered: 0, foreign: 0, overlapping: 0, gap: 0, unbalanced: 0 },
    ...{ listed: 0, whole: 0, wholeRows: 0, unproven: 0, missingRows: 0, pending: 0, others: 0 },
    ...{ replaced: 0, elsewhere: 0, batches: 0 },
  };

  add(finding: VerifyFinding): void {
    this.counts[finding.kind] += 1;
    if (this.counts[finding.kind] <= findingsPerKindMax) this.findings.push(finding);
  }

  addWhole({ kind, rows }: LedgerEntry): void {
    this.counts.whole += 1;
    if (kind === "rows") this.counts.wholeRows += rows;
  }

  addMissing({ key, kind, rows, bytes, lane, batchNumber, lostBecause }: LedgerEntry): void {
    if (kind === "rows") this.counts.missingRows += rows;
    this.add({ kind: "missing", key, rows, bytes, lane, batchNumber, lostBecause });
  }

  addAltered({ key, lane, batchNumber }: LedgerEntry, differences: readonly Difference[]): void {
    this.add({ kind: "altered", key, lane, batchNumber, differences });
  }

  addForeign({ key, sizeBytes }: ListedEntry): void {
    this.add({ kind: "foreign", key, bytes: sizeBytes });
  }
}

/** Collects what cannot be delivered again, batch by batch in the order of the channels, into ranges. */
export class LostTally {
  readonly #ranges: LostRange[] = [];
  #count = 0;
  #objects = 0;
  #rows = 0;
  #open: LostRange | null = null;

  get isEmpty(): boolean {
    return this.#objects === 0;
  }

  add(lost: Omit<LostRange, "fromBatch" | "toBatch"> & { readonly batchNumber: number }): void {
    const { batchNumber, ...range } = lost;
    this.#objects += lost.objects;
    this.#rows += lost.rows;
    const open = this.#open;
    if (open && follows(open, lost)) {
      const objects = open.objects + lost.objects;
      const rows = open.rows + lost.rows;
      this.#open = { ...open, toBatch: batchNumber, objects, rows };
      return;
    }
    this.#close();
    this.#open = { ...range, fromBatch: batchNumber, toBatch: batchNumber };
  }

  /** Closes the last range: nothing is added any more. */
  toAccount(): LostAccount {
    this.#close();
    const [lostRanges, lostObjects, lostRows] = [this.#count, this.#objects, this.#rows];
    return { lostRanges, lostObjects, lostRows, lost: this.#ranges };
  }

  #close(): void {
    if (!this.#open) return;
    this.#count += 1;
    if (this.#ranges.length < lostRangesMax) this.#ranges.push(this.#open);
    this.#open = null;
  }
}

function follows(
  range: LostRange,
  next: Pick<LostRange, "channelId" | "because"> & { readonly batchNumber: number },
): boolean {
  return (
    range.channelId === next.channelId &&
    range.because === next.because &&
    (range.toBatch === next.batchNumber || range.toBatch + 1 === next.batchNumber)
  );
}

export function joinLost(one: LostAccount, other: LostAccount): LostAccount {
  return {
    lostRanges: one.lostRanges + other.lostRanges,
    lostObjects: one.lostObjects + other.lostObjects,
    lostRows: one.lostRows + other.lostRows,
    lost: [...one.lost, ...other.lost].slice(0, lostRangesMax),
  };
}
