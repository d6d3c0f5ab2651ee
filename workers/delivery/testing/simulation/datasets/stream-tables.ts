import { canDecide, type FlushVerdict, judgeFlush } from "@/lib/core/stream-flush";
import { type StreamSessionStatus, streamSessionStatus } from "@/lib/core/stream-session";
import type { CommitProgress } from "@/lib/db/stream-flushes";
import type { StagedRows } from "@/lib/services/stage-rows";
import { bucket, location } from "../world";
import {
  type DatasetTables,
  type FlushRow,
  type StreamSessionRow,
  simulated,
} from "./dataset-tables";
import { findOverwrite, findStream, streamedPartitions } from "./upload-tables";

export type StreamPack = {
  readonly sessionId: string;
  readonly flushId: string;
  readonly contentHash: string;
  readonly schemaVersion: number;
  readonly rows: number;
};

export type StreamDecision = {
  readonly commitId: string;
  readonly partition: string;
  readonly packs: readonly StreamPack[];
  readonly object: StagedRows & { readonly stem: string };
};

export type StreamAnswer =
  | { readonly kind: "decided" }
  | { readonly kind: "left_out"; readonly verdicts: readonly FlushVerdict[] };

export const flushKey = ({ sessionId, flushId }: Pick<StreamPack, "sessionId" | "flushId">) =>
  `${sessionId}/${flushId}`;

/** Stream sessions, as lib/db/{stream-sessions,decide-stream,stream-flushes}.ts decide them. */
export class StreamTables {
  readonly #tables: DatasetTables;

  constructor(tables: DatasetTables) {
    this.#tables = tables;
  }

  async createSession(sessionId: string): Promise<void> {
    const nowMs = this.#tables.nowMs();
    this.#tables.streamSessions.set(sessionId, {
      ...{ id: sessionId, createdAtMs: nowMs, expiresAtMs: nowMs + simulated.streamIdleMs },
      ...{ endedAtMs: null, schemaVersion: this.#tables.schemaVersion, writtenAtMs: new Map() },
    });
  }

  async endSession(sessionId: string): Promise<void> {
    const session = this.#tables.streamSessions.get(sessionId);
    if (session) session.endedAtMs ??= this.#tables.nowMs();
  }

  async takeVersion(sessionId: string, version: number): Promise<"taken" | "other_version"> {
    if (version !== this.#tables.schemaVersion) return "other_version";
    const session = this.#tables.streamSessions.get(sessionId);
    if (session && this.#statusOf(session) === "normal") session.schemaVersion = version;
    return "taken";
  }

  async getSession(sessionId: string): Promise<{
    readonly status: StreamSessionStatus;
    readonly schemaVersion: number;
    readonly datasetVersion: number;
  } | null> {
    const session = this.#tables.streamSessions.get(sessionId);
    if (!session) return null;
    const { schemaVersion } = session;
    const { schemaVersion: datasetVersion } = this.#tables;
    return { status: this.#statusOf(session), schemaVersion, datasetVersion };
  }

  /** Also for good: whoever decides at this moment is done, because every transaction is one effect. */
  async getFlush(sessionId: string, flushId: string): Promise<FlushRow | null> {
    return this.#tables.flushes.get(flushKey({ sessionId, flushId })) ?? null;
  }

  async listCommitProgress(commitIds: readonly string[]): Promise<CommitProgress[]> {
    return commitIds.flatMap((commitId) => {
      const commit = this.#tables.commits.get(commitId);
      const isLost = commit?.errorCode === "destination.upload_gone";
      const atMs = commit?.publishedAtMs ?? null;
      if (atMs === null && !isLost) return [];
      return [{ commitId, publishedAt: atMs === null ? null : new Date(atMs), isLost }];
    });
  }

  /** The moment of truth of a window (T2–T6). */
  async decide(request: StreamDecision): Promise<StreamAnswer> {
    if (this.#tables.commits.has(request.commitId)) return { kind: "decided" };
    const verdicts = this.judge(request);
    if (!canDecide(verdicts)) return { kind: "left_out", verdicts };
    this.writeDown(request);
    return { kind: "decided" };
  }

  judge({ partition, packs }: Pick<StreamDecision, "partition" | "packs">): FlushVerdict[] {
    const tables = this.#tables;
    const isOverwritten = findOverwrite(tables, partition);
    const isOnePartitionTooMany =
      !findStream(tables, partition) &&
      streamedPartitions(tables).size >= tables.limits.streamedPartitionsMax;
    return packs.map((pack) => {
      const session = tables.streamSessions.get(pack.sessionId);
      return judgeFlush(pack, {
        recordedHash: tables.flushes.get(flushKey(pack))?.contentHash ?? null,
        session: session ? this.#statusOf(session) : "ended",
        datasetVersion: tables.schemaVersion,
        ...{ isOverwritten, isOnePartitionTooMany },
      });
    });
  }

  /** What a decide writes once every pack may be decided. */
  writeDown({ commitId, partition, packs, object }: StreamDecision): void {
    const tables = this.#tables;
    const nowMs = tables.nowMs();
    const { uploadId } = object;
    if (uploadId !== null) {
      const place = { location, bucket, partition, sequence: 1 };
      tables.insertCommit({ id: commitId, writer: "stream" }, [{ ...object, ...place, uploadId }]);
    }
    for (const pack of packs) {
      const { contentHash, rows } = pack;
      tables.flushes.set(flushKey(pack), {
        ...{ contentHash, rows, decidedAtMs: nowMs, commitId: rows > 0 ? commitId : null },
      });
      const session = tables.streamSessions.get(pack.sessionId);
      if (!session) continue;
      session.writtenAtMs.set(partition, nowMs);
      const used = Math.max(session.expiresAtMs, nowMs + simulated.streamIdleMs);
      session.expiresAtMs = Math.min(session.createdAtMs + simulated.streamLifetimeMs, used);
    }
  }

  #statusOf({ expiresAtMs, endedAtMs }: StreamSessionRow): StreamSessionStatus {
    return streamSessionStatus({ expiresAtMs, isEnded: endedAtMs !== null }, this.#tables.nowMs());
  }
}
