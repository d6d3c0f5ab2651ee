/**
 * How a worker stays within its memory, whatever sources, partitions and cells do. Decisions only:
 * who holds what is counted by `workers/delivery/open-budget.ts`.
 *
 * Memory is held by open rows, by finished bytes on their way into the bucket, and by pages of records.
 * Four things keep it bounded, each when the one before is not enough:
 *
 * 1. Row groups close at the smaller of 16 MB and their partition's share (`planWriterLimits`).
 * 2. Closed row groups that make a whole part of an upload are staged ahead of the batch (`planRelief`).
 * 3. A channel that holds its share or more seals its batch, while memory is short (`batchBytesMax`).
 * 4. A page is only taken when it fits; until then reading waits (`fitsPage`).
 *
 * M1 bounded   What is held never exceeds the budget: pages come in only where they fit, and a reserve
 *              is kept for what a page becomes while it is appended.
 * M2 alive     While a page waits for its place and no page is held, some channel is told to seal.
 * M3 fair      A channel below the even share is never told to seal.
 * M4 generous  As long as everything fits, nobody is told to seal.
 */

export type MemoryFacts = {
  readonly budgetBytes: number;
  /** Everything that is held now. */
  readonly heldBytes: number;
  /** Channels that hold rows. */
  readonly holders: number;
  /** The page that has waited longest for its place; 0 while none waits. */
  readonly wantedBytes: number;
};

/** A page of records is 4 MB; appended, it is about as much in columns. */
const reserveBytesMin = 4 * 1024 * 1024;
const reserveFraction = 1 / 4;

/** Kept free for what cannot be asked for: a page's growth while it is appended, and open pages' slack. */
export function reserveBytesOf(budgetBytes: number): number {
  return Math.min(
    budgetBytes / 2,
    Math.max(reserveBytesMin, Math.floor(budgetBytes * reserveFraction)),
  );
}

/** Nothing held lets a page of any size in: it has to be read some day. */
export function fitsPage({ budgetBytes, heldBytes, wantedBytes }: MemoryFacts): boolean {
  return heldBytes === 0 || heldBytes + wantedBytes <= budgetBytes - reserveBytesOf(budgetBytes);
}

/** The most that any one batch may hold at the moment; those that hold as much seal. */
export function batchBytesMax(facts: MemoryFacts): number {
  const { budgetBytes, wantedBytes, heldBytes, holders } = facts;
  const usableBytes = budgetBytes - reserveBytesOf(budgetBytes);
  if (heldBytes + wantedBytes <= usableBytes) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor((usableBytes - wantedBytes) / Math.max(1, holders)));
}

export type WriterShare = {
  readonly budgetBytes: number;
  /** Open partitions of the worker. */
  readonly partitions: number;
  /** Columns of this partition. */
  readonly columns: number;
};

export const rowGroupBytesMax = 16 * 1024 * 1024;
const pageBytesMax = 256 * 1024;
/** Below this a page is mostly header. A budget smaller than any that is allowed has smaller ones. */
const pageBytesMin = 1024;
const pageFraction = 1 / 65_536;
/** Of the budget, for open pages of all partitions: they grow without asking. */
const openPagesFraction = 1 / 8;

/** How large row groups and pages of one partition may grow. */
export function planWriterLimits({ budgetBytes, partitions, columns }: WriterShare): {
  rowGroupBytesMax: number;
  pageBytesMax: number;
} {
  const share = budgetBytes / Math.max(1, partitions);
  const least = Math.ceil(Math.min(pageBytesMin, budgetBytes * pageFraction));
  const pageShare = Math.floor((share * openPagesFraction) / Math.max(1, columns));
  return {
    rowGroupBytesMax: Math.max(least, Math.min(rowGroupBytesMax, Math.floor(share))),
    pageBytesMax: Math.max(least, Math.min(pageBytesMax, pageShare)),
  };
}

export type Relief = "none" | "stage_ahead" | "seal";

/** What an open batch has to do for the worker's memory, after a page was appended or part of it staged. */
export function planRelief(
  open: { readonly heldBytes: number; readonly wholeParts: number },
  batchBytesMaxNow: number,
): Relief {
  if (open.wholeParts > 0) return "stage_ahead";
  return open.heldBytes >= batchBytesMaxNow ? "seal" : "none";
}
