import type { AppError } from "@/lib/core/error";
import { isMergeDue } from "@/lib/core/merge-plan";
import type {
  ClaimedMerge,
  MergeInput,
  MergeLedger,
  ReleasableMerge,
  UnmergedPartition,
} from "@/lib/core/ports/merge-ledger";
import {
  columns,
  type DatasetTables,
  datasetFolder,
  datasetId,
  datasetName,
  destinationId,
  isFree,
  type MergeRow,
  partitions,
  simulated,
} from "./dataset-tables";
import { UploadLogTables } from "./upload-log-tables";

type Request<M extends keyof MergeLedger> = Parameters<MergeLedger[M]>[0];

/** Merging, as lib/db/{merge-ledger,decide-merge,merge-releases}.ts decide it. */
export class MergeTables extends UploadLogTables implements MergeLedger {
  readonly #tables: DatasetTables;

  constructor(tables: DatasetTables) {
    super(tables);
    this.#tables = tables;
  }

  async listUnmerged(limit: number): Promise<UnmergedPartition[]> {
    const { mergeSettings: settings, merges } = this.#tables;
    if (!settings.isEnabled) return [];
    return partitions
      .filter((partition) => ![...merges.values()].some((one) => isUnder(one, partition)))
      .flatMap((partition) => {
        const free = this.#tables.unmerged(partition);
        if (free.length === 0) return [];
        const smallObjects = free.filter(({ bytes }) => bytes < settings.smallBytes).length;
        const bytes = free.reduce((sum, one) => sum + one.bytes, 0);
        const facts = { objects: free.length, smallObjects, bytes };
        return isMergeDue(settings, facts) ? [{ datasetId, partition, settings, facts }] : [];
      })
      .slice(0, limit);
  }

  async openMerge({ mergeId, partition }: Request<"openMerge">): Promise<void> {
    this.insertMerge({ id: mergeId, partition, isAsked: false });
  }

  /** Also what the service does for a person who asks. */
  insertMerge({ id, partition, isAsked }: Pick<MergeRow, "id" | "partition" | "isAsked">): void {
    const { merges, nowMs } = this.#tables;
    if ([...merges.values()].some((one) => isUnder(one, partition))) return;
    merges.set(id, {
      ...{ id, partition, isAsked, requestedAtMs: nowMs(), owner: null, epoch: 0, attempt: 0 },
      ...{ holdUntilMs: null, nextTryAtMs: null, endedAtMs: null, outcome: null },
      ...{ releasedAtMs: null, overwrittenBy: null },
    });
  }

  async claimMerge({ workerId, holdMs }: Request<"claimMerge">): Promise<ClaimedMerge | null> {
    const { merges, mergeSettings: settings } = this.#tables;
    const nowMs = this.#tables.nowMs();
    const merge = [...merges.values()].find(
      (one) =>
        one.endedAtMs === null &&
        (settings.isEnabled || one.isAsked) &&
        (one.holdUntilMs ?? 0) <= nowMs &&
        (one.nextTryAtMs ?? 0) <= nowMs,
    );
    if (!merge) return null;
    merge.owner = workerId;
    merge.epoch += 1;
    merge.attempt += 1;
    merge.holdUntilMs = nowMs + holdMs / simulated.holdsDividedBy;
    merge.nextTryAtMs = null;
    const { id: mergeId, epoch, attempt, isAsked, partition } = merge;
    return {
      ...{ mergeId, workerId, epoch, attempt, isAsked, datasetId, dataset: datasetName },
      ...{ destinationId, folder: datasetFolder, partition, settings, columns },
      compression: "uncompressed",
    };
  }

  async listInputs({ partition }: ClaimedMerge, limit: number): Promise<MergeInput[]> {
    return this.#tables.unmerged(partition).slice(0, limit);
  }

  async beginMerge(merge: ClaimedMerge): Promise<boolean> {
    return this.#held(merge) !== null;
  }

  async holdMerge(merge: ClaimedMerge, holdMs: number): Promise<boolean> {
    const held = this.#held(merge);
    if (held) held.holdUntilMs = this.#tables.nowMs() + holdMs / simulated.holdsDividedBy;
    return held !== null;
  }

  async decideMerge(request: Request<"decideMerge">): Promise<"decided" | "outdated" | "fenced"> {
    const { merge, inputs } = request;
    const row = this.#tables.merges.get(merge.mergeId);
    const isHeld = row?.owner === merge.workerId && row.epoch === merge.epoch;
    if (isHeld && row.outcome === "decided") return "decided";
    if (!isHeld || row.outcome !== null) return "fenced";
    if (!this.areInputsCurrent(inputs)) {
      row.endedAtMs = this.#tables.nowMs();
      row.outcome = "outdated";
      return "outdated";
    }
    this.writeDown(request, row);
    return "decided";
  }

  areInputsCurrent(inputs: readonly MergeInput[]): boolean {
    return inputs.every(({ objectId }) => {
      const object = this.#tables.objects.get(objectId);
      return object !== undefined && isFree(object);
    });
  }

  /** What a decide writes once it has been found right. */
  writeDown({ merge, inputs, copy }: Request<"decideMerge">, row: MergeRow): void {
    const { nowMs, objects } = this.#tables;
    this.#tables.insertCommit({ id: merge.mergeId, writer: "merge" }, [copy], "merged");
    for (const { objectId } of inputs) {
      const object = objects.get(objectId);
      if (object) object.mergedBy = merge.mergeId;
    }
    row.endedAtMs = nowMs();
    row.outcome = "decided";
    row.holdUntilMs = null;
    row.attempt = 0;
    const isMore = this.#tables
      .unmerged(row.partition)
      .some(({ decidedAtMs }) => decidedAtMs <= row.requestedAtMs);
    if (merge.isAsked && isMore)
      this.insertMerge({ id: `${row.id}-rest`, partition: row.partition, isAsked: true });
  }

  async endMerge(merge: ClaimedMerge): Promise<void> {
    const held = this.#held(merge);
    if (!held) return;
    held.endedAtMs = this.#tables.nowMs();
    held.outcome = "nothing";
  }

  async postponeMerge(
    merge: ClaimedMerge,
    _error: AppError | null,
    retryAfterMs: number,
  ): Promise<void> {
    const held = this.#held(merge);
    if (!held) return;
    held.owner = null;
    held.holdUntilMs = null;
    held.nextTryAtMs = this.#tables.nowMs() + retryAfterMs;
  }

  async listReleasable(limit: number): Promise<ReleasableMerge[]> {
    const nowMs = this.#tables.nowMs();
    return [...this.#tables.merges.values()]
      .filter((one) => this.isReleasable(one) && (one.nextTryAtMs ?? 0) <= nowMs)
      .slice(0, limit)
      .flatMap(({ id, attempt }) => {
        const copy = this.#tables.objectsOf(id).find(({ kind }) => kind === "merged");
        return copy ? [{ mergeId: id, dataset: datasetName, destinationId, copy, attempt }] : [];
      });
  }

  /** D8 in one condition. */
  isReleasable(merge: MergeRow): boolean {
    return this.mayRelease(merge) && this.isGraceOver(merge) && !this.isDownloaded(merge);
  }

  mayRelease({ outcome, releasedAtMs, overwrittenBy }: MergeRow): boolean {
    const isWanted = this.#tables.mergeSettings.originals === "remove";
    return outcome === "decided" && releasedAtMs === null && overwrittenBy === null && isWanted;
  }

  isGraceOver({ id }: MergeRow): boolean {
    const publishedAtMs = this.#tables.commits.get(id)?.publishedAtMs ?? null;
    if (publishedAtMs === null) return false;
    const graceMs = this.#tables.mergeSettings.graceSeconds * 1_000;
    return publishedAtMs + graceMs <= this.#tables.nowMs();
  }

  isDownloaded({ id }: MergeRow): boolean {
    const { downloads, objects, nowMs } = this.#tables;
    return downloads.some(
      ({ objectIds, expiresAtMs }) =>
        expiresAtMs > nowMs() &&
        [...objectIds].some((objectId) => {
          const object = objects.get(objectId);
          return object?.mergedBy === id && object.commitId !== id;
        }),
    );
  }

  async releaseOriginals(mergeId: string): Promise<boolean> {
    const merge = this.#tables.merges.get(mergeId);
    if (!merge || !this.isReleasable(merge)) return false;
    this.exchange(merge);
    return true;
  }

  /** Rows stay as many as they are; their objects are another, and the old ones are to be taken away. */
  exchange(merge: MergeRow): void {
    const { objects, commits, nowMs } = this.#tables;
    merge.releasedAtMs = nowMs();
    merge.attempt = 0;
    merge.nextTryAtMs = null;
    const gone = [...objects.values()].filter(
      (one) => one.mergedBy === merge.id && one.commitId !== merge.id && one.replacedBy === null,
    );
    const kept = this.#tables.objectsOf(merge.id);
    for (const object of gone) object.replacedBy = merge.id;
    for (const object of kept) object.kind = "rows";
    this.#tables.addTotals(gone, -1);
    this.#tables.addTotals(kept, 1);
    const commit = commits.get(merge.id);
    if (!commit) return;
    commit.finishedAtMs = null;
    commit.finishAfterMs = nowMs();
    commit.attempt = 0;
  }

  async saveReleaseError({ mergeId, retryAfterMs }: Request<"saveReleaseError">): Promise<void> {
    const merge = this.#tables.merges.get(mergeId);
    if (merge?.outcome !== "decided" || merge.releasedAtMs !== null) return;
    merge.attempt += 1;
    merge.nextTryAtMs = this.#tables.nowMs() + retryAfterMs;
  }

  async undoLostMerges(): Promise<number> {
    const { commits, merges, objects } = this.#tables;
    const lost = [...commits.values()].filter(
      (one) =>
        one.writer === "merge" &&
        one.publishedAtMs === null &&
        one.finishedAtMs === null &&
        one.errorCode === "destination.upload_gone" &&
        this.#tables.objectsOf(one.id).every(({ publishedAtMs }) => publishedAtMs === null),
    );
    for (const { id } of lost) {
      const merge = merges.get(id);
      if (merge) merge.outcome = "outdated";
      for (const { objectId } of this.#tables.objectsOf(id)) objects.delete(objectId);
      for (const object of objects.values()) if (object.mergedBy === id) object.mergedBy = null;
      commits.delete(id);
    }
    return lost.length;
  }

  #held({ mergeId, workerId, epoch }: ClaimedMerge): MergeRow | null {
    const row = this.#tables.merges.get(mergeId);
    const isHeld = row?.owner === workerId && row.epoch === epoch && row.endedAtMs === null;
    return isHeld ? row : null;
  }
}

function isUnder({ endedAtMs, partition }: MergeRow, place: string): boolean {
  return endedAtMs === null && partition === place;
}
