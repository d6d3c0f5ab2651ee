import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import { overridden } from "../overridden";
import type { CommitTables } from "./commit-tables";
import type { DatasetTables } from "./dataset-tables";
import type { DatasetPorts } from "./dataset-world";
import type { MergeTables } from "./merge-tables";
import { flushKey, type StreamTables } from "./stream-tables";
import type { UploadLogTables } from "./upload-log-tables";
import type { UploadTables } from "./upload-tables";

/**
 * How the world of datasets is bent so that a guarantee has to break. Every mutant lives in a port; the
 * product runs as it is. Each names what has to break: where one rule hides another, either.
 */
export const datasetMutants = {
  "commit called finished before it is published": "U6",
  "flush answered before its publish": "T1",
  "flush called lost that is on its way": "D7",
  "flush decided twice": "T2",
  "flush decided beside an overwrite": "T5",
  "flush decided after its session's end": "T[456]",
  "flush decided at another schema version": "T[45]",
  "commit takes whatever is there": "U[24]",
  "block taken after the commit": "U3",
  "commit decided twice": "U4",
  "overwrite replaces what was decided later": "U5|S2",
  "overwrite takes away before it is visible": "U[56]|S1",
  "originals removed before the grace time": "D8",
  "originals removed though they are read": "D8",
  "merge of what was overwritten": "S1",
  "merge undone that is visible": "S1",
  "engine that loses a row and says nothing": "D7",
  "totals count what was replaced": "S2",
  "janitor aborts what is decided": "J1",
  "upload logged after its creation": "J2",
  "publish that takes a lost upload for done": "U6|T1|S1",
} as const;

export type DatasetMutant = keyof typeof datasetMutants;

type Bends<P> = Partial<Record<DatasetMutant, Partial<P>>>;

export function bendPorts(
  mutant: DatasetMutant | undefined,
  ports: DatasetPorts,
  tables: DatasetTables,
): DatasetPorts {
  if (mutant === undefined) return ports;
  return {
    commits: overridden(ports.commits, bendCommits(ports.commits, tables)[mutant] ?? {}),
    uploads: overridden(ports.uploads, bendUploads(ports.uploads, tables)[mutant] ?? {}),
    streams: overridden(ports.streams, bendStreams(ports.streams, tables)[mutant] ?? {}),
    merges: overridden(ports.merges, bendMerges(ports.merges, tables)[mutant] ?? {}),
    log: overridden(ports.log, bendLog(ports.log, tables)[mutant] ?? {}),
  };
}

function bendCommits(commits: CommitTables, tables: DatasetTables): Bends<CommitTables> {
  const sessionOf = (commitId: string) =>
    [...tables.uploadSessions.values()].find((one) => one.commitId === commitId);
  return {
    "overwrite replaces what was decided later": {
      async listReplaced(request) {
        const session = sessionOf(request.commitId);
        for (const object of session?.overwrites ? tables.objects.values() : [])
          if (object.partition === session?.partition && object.commitId !== request.commitId)
            object.replacedBy ??= request.commitId;
        return commits.listReplaced(request);
      },
    },
    "overwrite takes away before it is visible": {
      async listUnpublished(request) {
        if (sessionOf(request.commitId)?.overwrites)
          for (const object of tables.objectsOf(request.commitId))
            object.publishedAtMs = tables.nowMs();
        return commits.listUnpublished(request);
      },
    },
  };
}

function bendUploads(uploads: UploadTables, tables: DatasetTables): Bends<UploadTables> {
  const sessionOf = (id: string) => tables.uploadSessions.get(id);
  return {
    "commit called finished before it is published": {
      async readCommitState(sessionId) {
        const state = await uploads.readCommitState(sessionId);
        return state && { ...state, finished: true };
      },
      async getSession(sessionId) {
        const session = await uploads.getSession(sessionId);
        if (session?.status !== "committing") return session;
        return { ...session, status: "committed" };
      },
    },
    "commit takes whatever is there": {
      commit: (request) =>
        uploads.commit({
          ...request,
          blockIds: [...(sessionOf(request.sessionId)?.blocks.keys() ?? [])],
        }),
    },
    "block taken after the commit": {
      async saveBlock(sessionId, block) {
        const replaced = sessionOf(sessionId)?.blocks.get(block.blockId) ?? null;
        sessionOf(sessionId)?.blocks.set(block.blockId, block);
        return { kind: "saved", replaced };
      },
    },
    "commit decided twice": {
      async commit(request) {
        const session = sessionOf(request.sessionId);
        if (!session?.commitId) return uploads.commit(request);
        uploads.writeDown(session, request.commitId);
        return { kind: "decided" };
      },
    },
    "totals count what was replaced": {
      async commit(request) {
        const before = tables.totals.rows;
        const decision = await uploads.commit(request);
        tables.totals.rows = Math.max(before, tables.totals.rows);
        return decision;
      },
    },
  };
}

function bendStreams(streams: StreamTables, tables: DatasetTables): Bends<StreamTables> {
  const decideWhere = (verdict: string): Partial<StreamTables> => ({
    async decide(request) {
      const verdicts = streams.judge(request);
      if (verdicts.some((one) => one !== verdict && one !== "decide"))
        return streams.decide(request);
      if (!tables.commits.has(request.commitId)) streams.writeDown(request);
      return { kind: "decided" };
    },
  });
  return {
    "flush answered before its publish": {
      async listCommitProgress(commitIds) {
        const publishedAt = new Date(0);
        return commitIds.map((commitId) => ({ commitId, publishedAt, isLost: false }));
      },
    },
    "flush called lost that is on its way": {
      async listCommitProgress(commitIds) {
        return commitIds.map((commitId) => ({ commitId, publishedAt: null, isLost: true }));
      },
    },
    "flush decided twice": {
      async decide(request) {
        const known = request.packs.map(
          (pack) => [flushKey(pack), tables.flushes.get(flushKey(pack))] as const,
        );
        if (!tables.commits.has(request.commitId))
          for (const [key] of known) tables.flushes.delete(key);
        const answer = await streams.decide(request);
        if (answer.kind === "left_out")
          for (const [key, flush] of known) if (flush) tables.flushes.set(key, flush);
        return answer;
      },
    },
    "flush decided beside an overwrite": decideWhere("overwritten"),
    "flush decided after its session's end": decideWhere("ended"),
    "flush decided at another schema version": decideWhere("schema_modified"),
  };
}

function bendMerges(merges: MergeTables, tables: DatasetTables): Bends<MergeTables> {
  const releaseWhere = (isReleasable: (id: string) => boolean): Partial<MergeTables> => ({
    async listReleasable() {
      return [...tables.merges.values()].flatMap(({ id, attempt }) => {
        const copy = tables.objectsOf(id)[0];
        if (!copy || !isReleasable(id)) return [];
        return [{ mergeId: id, dataset: "rows", destinationId: "sim", copy, attempt }];
      });
    },
    async releaseOriginals(mergeId) {
      const merge = tables.merges.get(mergeId);
      if (!merge || !isReleasable(mergeId)) return false;
      merges.exchange(merge);
      return true;
    },
  });
  return {
    "originals removed before the grace time": releaseWhere((id) => {
      const merge = tables.merges.get(id);
      const isPublished = (tables.commits.get(id)?.publishedAtMs ?? null) !== null;
      return isPublished && !!merge && merges.mayRelease(merge) && !merges.isDownloaded(merge);
    }),
    "originals removed though they are read": releaseWhere((id) => {
      const merge = tables.merges.get(id);
      return !!merge && merges.mayRelease(merge) && merges.isGraceOver(merge);
    }),
    "merge of what was overwritten": {
      async decideMerge(request) {
        const row = tables.merges.get(request.merge.mergeId);
        const isHeld = row?.owner === request.merge.workerId && row.epoch === request.merge.epoch;
        if (!isHeld || row.outcome !== null || merges.areInputsCurrent(request.inputs))
          return merges.decideMerge(request);
        merges.writeDown(request, row);
        return "decided";
      },
    },
    "merge undone that is visible": {
      async undoLostMerges() {
        for (const commit of tables.commits.values()) {
          const merge = tables.merges.get(commit.id);
          if (!merge || merge.releasedAtMs !== null || commit.publishedAtMs === null) continue;
          merge.outcome = "outdated";
          for (const { objectId } of tables.objectsOf(commit.id)) tables.objects.delete(objectId);
          tables.commits.delete(commit.id);
          return 1;
        }
        return 0;
      },
    },
  };
}

function bendLog(log: UploadLogTables, tables: DatasetTables): Bends<UploadLogTables> {
  return {
    "janitor aborts what is decided": {
      async listAbandonedUploads() {
        const place = { destinationId: "sim", bucket: "sim" };
        return tables.uploads.map((upload) => ({ ...upload, ...place }));
      },
    },
    "upload logged after its creation": {
      async logUpload() {},
      async logUploadId({ objectId, uploadId }) {
        await log.logUpload({ objectId, workerId: "", key: "" });
        await log.logUploadId({ objectId, uploadId });
      },
    },
  };
}

export function bendStore(
  mutant: DatasetMutant | undefined,
  store: InMemoryObjectStore,
): ObjectStore {
  const bends: Bends<ObjectStore> = {
    "publish that takes a lost upload for done": {
      async completeUpload(request) {
        const outcome = await store.completeUpload(request);
        const isLost = outcome.kind === "upload_gone" && (await store.head(request.key)) === null;
        return isLost ? { kind: "completed", etag: "" } : outcome;
      },
    },
  };
  return overridden<ObjectStore>(store, (mutant && bends[mutant]) ?? {});
}
