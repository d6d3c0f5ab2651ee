import { parseInput } from "@/lib/contracts/field-problems";
import {
  type MergeState,
  type MergesAskedView,
  type MergeView,
  mergeRequestSchema,
} from "@/lib/contracts/merge-body";
import type { Page } from "@/lib/contracts/paging";
import { specOfFolder } from "@/lib/core/dataset-partition";
import { AppError } from "@/lib/core/error";
import { describeError } from "@/lib/core/error-codes";
import type { Database } from "@/lib/db/client";
import { getMergings } from "@/lib/db/merge-settings";
import {
  countMerges,
  askForMerges as insertMerges,
  listUnmergedTotals,
  type StoredMerge,
  listMerges as selectMerges,
} from "@/lib/db/merges";
import { findMergeable } from "./merge-settings";
import { partitionNamed } from "./upload-sessions";

type PageQuery = { readonly cursor?: string | undefined; readonly limit: number };

/** Partitions that one request asks for; each is a row, and a merge to come. */
const partitionsAtOnceMax = 500;

/** Newest first. */
export async function listMerges(
  database: Database,
  name: string,
  query: PageQuery,
): Promise<Page<MergeView>> {
  const { id, settings } = await findMergeable(database, name);
  const [page, total] = await Promise.all([
    selectMerges(database, id, { cursor: query.cursor ?? null, limit: query.limit }),
    countMerges(database, id),
  ]);
  const items = page.items.map((merge) => viewOf(merge, settings));
  return { items, nextCursor: page.nextCursor, total };
}

/**
 * Asks for merges of what is there now, be it enough or not. Throws `merge.not_configured` while nobody
 * has said how.
 */
export async function askForMerges(
  database: Database,
  name: string,
  input: unknown,
): Promise<MergesAskedView> {
  const { partition: spec } = parseInput(mergeRequestSchema, input);
  const dataset = await findMergeable(database, name);
  const merging = (await getMergings(database, [dataset.id])).get(dataset.id);
  if (!merging) {
    throw new AppError("merge.not_configured", "No merge settings", { details: { name } });
  }
  const unmerged = await listUnmergedTotals(database, dataset.id, merging.settings.smallBytes);
  const named = spec === undefined ? null : partitionNamed(dataset, spec).folder;
  const wanted = unmerged
    .map(({ partition }) => partition)
    .filter((partition) => named === null || partition === named);
  const now = wanted.slice(0, partitionsAtOnceMax);
  const merges = await insertMerges(database, dataset.id, now);
  return {
    merges: merges.map((merge) => viewOf(merge, dataset.settings)),
    left: wanted.length - now.length,
  };
}

function stateOf(merge: StoredMerge): MergeState {
  if (merge.isOverwritten) return "overwritten";
  switch (merge.outcome) {
    case "outdated":
    case "nothing":
      return merge.outcome;
    case "decided":
      return merge.publishedAt === null ? "publishing" : "published";
    case null:
      return merge.isHeld ? "running" : "waiting";
  }
}

function viewOf(merge: StoredMerge, dataset: { readonly folder: string }): MergeView {
  const { inputs, outputBytes, order, error } = merge;
  const copied = merge.outcome === "decided" && inputs !== null && outputBytes !== null;
  return {
    ...{ id: merge.id, partition: merge.partition, isAsked: merge.isAsked, inputs },
    spec: specOfFolder(dataset, merge.partition),
    state: stateOf(merge),
    outputs: copied ? { objects: 1, rows: inputs.rows, bytes: outputBytes } : null,
    order: order && { kind: order.kind, columns: [...order.columns] },
    requestedAt: merge.requestedAt.toISOString(),
    startedAt: merge.startedAt?.toISOString() ?? null,
    publishedAt: merge.publishedAt?.toISOString() ?? null,
    removeAfter: merge.removeAfter?.toISOString() ?? null,
    originalsRemovedAt: merge.originalsRemovedAt?.toISOString() ?? null,
    attempt: merge.attempt,
    nextTryAt: merge.nextTryAt?.toISOString() ?? null,
    error: error && describeError(error.code, error.details),
  };
}
