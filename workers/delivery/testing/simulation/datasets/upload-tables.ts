import {
  type AbortAnswer,
  answerAbort,
  answerCommit,
  type CommitRefusal,
  type UploadSessionFacts,
  type UploadSessionStatus,
  uploadSessionStatus,
} from "@/lib/core/upload-session";
import { bucket, location } from "../world";
import {
  type BlockRow,
  type DatasetTables,
  simulated,
  type UploadSessionRow,
} from "./dataset-tables";

export type NewUpload = {
  readonly sessionId: string;
  readonly partition: string;
  readonly overwrites: boolean;
  readonly lifetimeMs: number;
};

export type SavedBlock =
  | { readonly kind: "saved"; readonly replaced: BlockRow | null }
  | { readonly kind: "closed" };

export type UploadDecision =
  | CommitRefusal
  | { readonly kind: "decided" }
  | { readonly kind: "not_found" }
  | { readonly kind: "too_many" };

type CommitRequest = {
  readonly commitId: string;
  readonly sessionId: string;
  readonly blockIds: readonly number[];
};

/** Upload sessions, as lib/db/{upload-sessions,upload-blocks,commit-upload}.ts decide them. */
export class UploadTables {
  readonly #tables: DatasetTables;

  constructor(tables: DatasetTables) {
    this.#tables = tables;
  }

  async createSession(session: NewUpload): Promise<"made" | "overwrite" | "stream"> {
    const { sessionId, partition, overwrites, lifetimeMs } = session;
    if (overwrites && findOverwrite(this.#tables, partition)) return "overwrite";
    if (overwrites && findStream(this.#tables, partition)) return "stream";
    this.#tables.uploadSessions.set(sessionId, {
      ...{ id: sessionId, partition, overwrites, abortedAtMs: null, commitId: null },
      ...{ expiresAtMs: this.#tables.nowMs() + lifetimeMs, blocks: new Map() },
    });
    return "made";
  }

  async getSession(sessionId: string): Promise<{
    readonly facts: UploadSessionFacts;
    readonly status: UploadSessionStatus;
    readonly partition: string;
  } | null> {
    const session = this.#tables.uploadSessions.get(sessionId);
    if (!session) return null;
    const facts = factsOf(this.#tables, session);
    const status = uploadSessionStatus(facts, this.#tables.nowMs());
    return { facts, status, partition: session.partition };
  }

  async saveBlock(sessionId: string, block: BlockRow): Promise<SavedBlock> {
    const session = this.#tables.uploadSessions.get(sessionId);
    const isOpen =
      session?.abortedAtMs === null &&
      session.commitId === null &&
      session.expiresAtMs > this.#tables.nowMs();
    if (!isOpen) return { kind: "closed" };
    const replaced = session.blocks.get(block.blockId) ?? null;
    session.blocks.set(block.blockId, block);
    return { kind: "saved", replaced };
  }

  /** What the service asks, and what the transaction finds when it comes. */
  async abort(sessionId: string): Promise<{
    readonly answer: AbortAnswer["kind"];
    readonly blocks: readonly BlockRow[];
  }> {
    const session = this.#tables.uploadSessions.get(sessionId);
    if (!session) return { answer: "ended_already", blocks: [] };
    const answer = answerAbort(factsOf(this.#tables, session), this.#tables.nowMs());
    if (answer.kind !== "abort") return { answer: answer.kind, blocks: [] };
    const blocks = [...session.blocks.values()];
    session.abortedAtMs = this.#tables.nowMs();
    session.blocks.clear();
    return { answer: "abort", blocks };
  }

  /** The moment of truth of an upload session (U1, U2). */
  async commit({ commitId, sessionId, blockIds }: CommitRequest): Promise<UploadDecision> {
    const tables = this.#tables;
    const session = tables.uploadSessions.get(sessionId);
    if (!session) return { kind: "not_found" };
    const present = [...session.blocks.keys()].sort((one, other) => one - other);
    const answer = answerCommit(factsOf(tables, session), tables.nowMs(), blockIds, present);
    if (answer.kind !== "decide") return answer;
    const unfinished = [...tables.commits.values()].filter(
      ({ finishedAtMs, writer }) => finishedAtMs === null && writer !== "merge",
    );
    if (unfinished.length >= tables.limits.unfinishedMax) return { kind: "too_many" };
    this.writeDown(session, commitId);
    return { kind: "decided" };
  }

  /** What a commit writes once it has been found right. */
  writeDown(session: UploadSessionRow, commitId: string): void {
    const tables = this.#tables;
    const before = [...tables.objects.values()].filter(
      ({ partition, replacedBy }) => partition === session.partition && replacedBy === null,
    );
    const objects = [...session.blocks.values()].flatMap(({ blockId, uploadId, ...block }) =>
      uploadId === null
        ? []
        : [
            {
              ...{ ...block, uploadId, location, bucket, partition: session.partition },
              ...{ stem: block.key.replace(/__[0-9]+[.]parquet$/, ""), sequence: blockId + 1 },
            },
          ],
    );
    tables.insertCommit({ id: commitId, writer: "upload" }, objects);
    if (session.overwrites) {
      for (const object of before) object.replacedBy = commitId;
      tables.addTotals(
        before.filter(({ kind }) => kind === "rows"),
        -1,
      );
      for (const merge of tables.merges.values())
        if (merge.partition === session.partition && merge.outcome === "decided")
          merge.overwrittenBy ??= commitId;
    }
    session.commitId = commitId;
  }

  async readCommitState(
    sessionId: string,
  ): Promise<{ readonly finished: boolean; readonly lost: boolean } | null> {
    const session = this.#tables.uploadSessions.get(sessionId);
    const commit = session?.commitId ? this.#tables.commits.get(session.commitId) : undefined;
    if (!commit) return null;
    const lost = commit.errorCode === "destination.upload_gone";
    return { finished: commit.finishedAtMs !== null, lost };
  }
}

function factsOf(tables: DatasetTables, session: UploadSessionRow): UploadSessionFacts {
  const commit = session.commitId === null ? null : tables.commits.get(session.commitId);
  return {
    expiresAtMs: session.expiresAtMs,
    isAborted: session.abortedAtMs !== null,
    commit: commit
      ? {
          blockIds: [...session.blocks.keys()].sort((one, other) => one - other),
          isFinished: commit.finishedAtMs !== null,
          isLost: commit.errorCode === "destination.upload_gone",
        }
      : null,
  };
}

/** An overwrite of the partition that may still commit, or is not finished. */
export function findOverwrite(tables: DatasetTables, partition: string): boolean {
  return [...tables.uploadSessions.values()].some((session) => {
    if (!session.overwrites || session.abortedAtMs !== null) return false;
    if (session.partition !== partition) return false;
    if (session.commitId === null) return session.expiresAtMs > tables.nowMs();
    return tables.commits.get(session.commitId)?.finishedAtMs === null;
  });
}

/** A stream that is on the partition now. */
export function findStream(tables: DatasetTables, partition: string): boolean {
  return streamedPartitions(tables).has(partition);
}

export function streamedPartitions(tables: DatasetTables): ReadonlySet<string> {
  const nowMs = tables.nowMs();
  const streamed = new Set<string>();
  for (const { endedAtMs, expiresAtMs, writtenAtMs } of tables.streamSessions.values()) {
    if (endedAtMs !== null || expiresAtMs <= nowMs) continue;
    for (const [partition, atMs] of writtenAtMs)
      if (atMs > nowMs - simulated.partitionIdleMs) streamed.add(partition);
  }
  return streamed;
}
