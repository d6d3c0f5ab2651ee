import type { AppError } from "@/lib/core/error";
import type { ClaimedCommit, DatasetLedger, ReplacedObject } from "@/lib/core/ports/dataset-ledger";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import {
  type CommitRow,
  type DatasetTables,
  datasetName,
  destinationId,
  simulated,
} from "./dataset-tables";

type Request<M extends keyof DatasetLedger> = Parameters<DatasetLedger[M]>[0];

/** The finishing of commits, as lib/db/dataset-ledger.ts does it. */
export class CommitTables implements DatasetLedger {
  readonly #tables: DatasetTables;

  constructor(tables: DatasetTables) {
    this.#tables = tables;
  }

  async claimCommits({ limit, holdMs }: Request<"claimCommits">): Promise<ClaimedCommit[]> {
    const nowMs = this.#tables.nowMs();
    const open = [...this.#tables.commits.values()]
      .filter(({ finishedAtMs, finishAfterMs }) => finishedAtMs === null && finishAfterMs <= nowMs)
      .slice(0, limit);
    return open.map((commit) => {
      commit.finishAfterMs = nowMs + holdMs / simulated.holdsDividedBy;
      return { id: commit.id, dataset: datasetName, destinationId, attempt: commit.attempt };
    });
  }

  async holdCommit({ commitId, holdMs }: Request<"holdCommit">): Promise<void> {
    const commit = this.#tables.commits.get(commitId);
    if (commit?.finishedAtMs !== null) return;
    commit.finishAfterMs = this.#tables.nowMs() + holdMs / simulated.holdsDividedBy;
  }

  async listUnpublished(request: Request<"listUnpublished">): Promise<DecidedObject[]> {
    return this.#tables
      .objectsOf(request.commitId)
      .filter(({ publishedAtMs, removedAtMs }) => publishedAtMs === null && removedAtMs === null)
      .slice(0, request.limit)
      .map((object) => ({ ...object, kind: "rows" }));
  }

  async loseObjects({ commitId, objectIds, error }: Request<"loseObjects">): Promise<boolean> {
    const { commits, objects, merges, nowMs } = this.#tables;
    const commit = commits.get(commitId);
    if (commit?.writer === "merge") return false;
    if (!commit || commit.finishedAtMs !== null) return true;
    for (const id of objectIds) {
      const object = objects.get(id);
      if (object?.commitId !== commitId) continue;
      if (object.publishedAtMs !== null || object.removedAtMs !== null) continue;
      if (object.replacedBy === null) this.#tables.addTotals([object], -1);
      object.removedAtMs = nowMs();
      object.replacedBy ??= commitId;
      this.#tables.uploads = this.#tables.uploads.filter(({ objectId }) => objectId !== id);
    }
    for (const object of objects.values()) {
      const isOther = object.replacedBy === commitId && object.commitId !== commitId;
      if (!isOther || object.removedAtMs !== null) continue;
      object.replacedBy = null;
      if (object.kind === "rows") this.#tables.addTotals([object], 1);
    }
    for (const merge of merges.values())
      if (merge.overwrittenBy === commitId) merge.overwrittenBy = null;
    commit.errorCode = error.code;
    return true;
  }

  async markPublished(request: Request<"markPublished">): Promise<void> {
    await this.markObjects(request);
    await this.markCommit(request);
  }

  /** The real one's first statement: its process can end right after it. */
  async markObjects({ commitId, objectIds }: Request<"markPublished">): Promise<void> {
    const { objects, nowMs } = this.#tables;
    for (const id of objectIds) {
      const object = objects.get(id);
      if (object?.commitId !== commitId || object.publishedAtMs !== null) continue;
      object.publishedAtMs = nowMs();
      this.#tables.uploads = this.#tables.uploads.filter(
        (one) => one.objectId !== id || one.uploadId !== object.uploadId,
      );
    }
  }

  async markCommit({ commitId }: Request<"markPublished">): Promise<void> {
    const commit = this.#tables.commits.get(commitId);
    const isOpen = this.#tables
      .objectsOf(commitId)
      .some(({ publishedAtMs }) => publishedAtMs === null);
    if (commit && !isOpen) commit.publishedAtMs ??= this.#tables.nowMs();
  }

  async listReplaced({ commitId, limit }: Request<"listReplaced">): Promise<ReplacedObject[]> {
    const { commits, objects } = this.#tables;
    if ((commits.get(commitId)?.publishedAtMs ?? null) === null) return [];
    return [...objects.values()]
      .filter(({ replacedBy, removedAtMs }) => replacedBy === commitId && removedAtMs === null)
      .slice(0, limit)
      .map(({ objectId, bucket, key, publishedAtMs, commitId: own }) => {
        const isLost = commits.get(own)?.errorCode === "destination.upload_gone";
        const state = publishedAtMs !== null ? "visible" : isLost ? "lost" : "pending";
        return { objectId, bucket, key, state };
      });
  }

  async markRemoved(objectIds: readonly string[]): Promise<void> {
    for (const id of objectIds) {
      const object = this.#tables.objects.get(id);
      if (object && object.replacedBy !== null) object.removedAtMs ??= this.#tables.nowMs();
    }
  }

  async finishCommit(commitId: string): Promise<void> {
    const commit = this.#tables.commits.get(commitId);
    if (!commit || commit.finishedAtMs !== null) return;
    const own = this.#tables.objectsOf(commitId);
    const isPending = own.some((one) => one.publishedAtMs === null && one.removedAtMs === null);
    if (commit.publishedAtMs === null && (!isLost(commit) || isPending)) return;
    const hasRest = [...this.#tables.objects.values()].some(
      ({ replacedBy, removedAtMs }) => replacedBy === commitId && removedAtMs === null,
    );
    if (hasRest) return;
    commit.finishedAtMs = this.#tables.nowMs();
    if (commit.publishedAtMs !== null) commit.errorCode = null;
  }

  async saveCommitError(request: {
    commitId: string;
    error: AppError;
    retryAfterMs: number;
  }): Promise<void> {
    const commit = this.#tables.commits.get(request.commitId);
    if (commit?.finishedAtMs !== null) return;
    if (!isLost(commit)) commit.errorCode = request.error.code;
    commit.attempt += 1;
    commit.finishAfterMs = this.#tables.nowMs() + request.retryAfterMs;
  }

  /** A session whose commit is not finished is still needed. */
  async forgetSessions(): Promise<number> {
    const { commits, uploadSessions, streamSessions, flushes, nowMs } = this.#tables;
    const beforeMs = nowMs() - simulated.monthMs;
    const isFinished = (id: string | null) =>
      id === null || (commits.get(id)?.finishedAtMs ?? null) !== null;
    let forgotten = 0;
    for (const [id, { expiresAtMs, commitId }] of uploadSessions) {
      if (expiresAtMs >= beforeMs || !isFinished(commitId)) continue;
      uploadSessions.delete(id);
      forgotten += 1;
    }
    for (const [id, { expiresAtMs }] of streamSessions) {
      const own = [...flushes].filter(([key]) => key.startsWith(`${id}/`));
      if (expiresAtMs >= beforeMs || !own.every(([, flush]) => isFinished(flush.commitId)))
        continue;
      for (const [key] of own) flushes.delete(key);
      streamSessions.delete(id);
      forgotten += own.length + 1;
    }
    return forgotten;
  }
}

function isLost({ errorCode, writer }: CommitRow): boolean {
  return errorCode === "destination.upload_gone" && writer !== "merge";
}
