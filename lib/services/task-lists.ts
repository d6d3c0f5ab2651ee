import type { Page } from "@/lib/contracts/paging";
import type {
  ChannelView,
  DirtyPage,
  ObjectListQuery,
  ObjectView,
} from "@/lib/contracts/task-lists";
import {
  type ChannelFacts,
  countChannels,
  listChannels as selectChannels,
} from "@/lib/db/channels";
import type { Database } from "@/lib/db/client";
import { listDeliveredObjects, sumDeliveredObjects } from "@/lib/db/delivered-objects";
import { dirtySamplesPerTaskMax, listDirtySamples } from "@/lib/db/dirty-samples";
import { getTaskOverview } from "@/lib/db/task-overviews";
import { errorViewOf } from "./failure-view";
import { findTask, taskNotFound } from "./find-stored";

type PageQuery = { readonly cursor?: string | undefined; readonly limit: number };

/** The task's part of the ledger, newest first. The total counts what was decided, published or not. */
export async function listObjects(
  database: Database,
  name: string,
  query: ObjectListQuery,
): Promise<Page<ObjectView>> {
  const task = await findTask(database, name);
  const [page, totals] = await Promise.all([
    listDeliveredObjects(database, task.id, {
      cursor: query.cursor ?? null,
      limit: query.limit,
      ...(query.kind ? { kind: query.kind } : {}),
    }),
    sumDeliveredObjects(database, task.id),
  ]);
  const rows = query.kind === "dirty" ? 0 : totals.objects;
  const dirty = query.kind === "rows" ? 0 : totals.dirtyObjects;
  return {
    items: page.items.map(({ id, decidedAt, publishedAt, ...object }) => ({
      ...object,
      objectId: id,
      decidedAt: decidedAt.toISOString(),
      publishedAt: publishedAt?.toISOString() ?? null,
    })),
    nextCursor: page.nextCursor,
    total: rows + dirty,
  };
}

/** Samples of dirty values, newest first, beside the exact counts of all of them. */
export async function listDirty(
  database: Database,
  name: string,
  query: PageQuery,
): Promise<DirtyPage> {
  const task = await getTaskOverview(database, name);
  if (!task) throw taskNotFound(name);
  const [page, kept] = await Promise.all([
    listDirtySamples(database, task.id, { cursor: query.cursor ?? null, limit: query.limit }),
    listDirtySamples(database, task.id, { limit: dirtySamplesPerTaskMax }),
  ]);
  const { dirtyValues, dirtyRecords } = task.facts;
  return {
    items: page.items.map(({ decidedAt, ...sample }) => ({
      ...sample,
      decidedAt: decidedAt.toISOString(),
    })),
    nextCursor: page.nextCursor,
    total: kept.items.length,
    dirtyValuesTotal: dirtyValues,
    dirtyRecordsTotal: dirtyRecords,
    samplesAreBounded: dirtyValues + dirtyRecords > kept.items.length,
  };
}

/** By lane. */
export async function listChannels(
  database: Database,
  name: string,
  query: PageQuery,
): Promise<Page<ChannelView>> {
  const task = await findTask(database, name);
  const [page, total] = await Promise.all([
    selectChannels(database, task.id, { cursor: query.cursor ?? null, limit: query.limit }),
    countChannels(database, task.id),
  ]);
  return { items: page.items.map(channelView), nextCursor: page.nextCursor, total };
}

function channelView(facts: ChannelFacts): ChannelView {
  const finished = facts.drainedAt !== null;
  return {
    channelId: facts.channelId,
    kind: facts.kind,
    lane: facts.lane,
    state: finished ? "finished" : facts.ownerAlive ? "delivering" : "waiting",
    workerId: facts.owner,
    epoch: facts.epoch,
    batchNumber: facts.batchNumber,
    ackedBatchNumber: facts.ackedBatchNumber,
    records: facts.records,
    rows: facts.rows,
    deletesIgnored: facts.deletesIgnored,
    dirtyRecords: facts.dirtyRecords,
    dirtyValues: facts.dirtyValues,
    unmappedValues: facts.unmappedValues,
    objects: facts.objects,
    bytes: facts.bytes,
    deliveredThrough: facts.deliveredThrough?.toISOString() ?? null,
    lastDeliveredAt: facts.lastDeliveredAt?.toISOString() ?? null,
    gaps: facts.gaps.map(({ batchNumber, after, skippedAt }) => ({
      batchNumber,
      after: after?.toISOString() ?? null,
      skippedAt: skippedAt.toISOString(),
    })),
    error: facts.error && errorViewOf(facts.error, 1),
  };
}
