import { objectIdMetadata } from "@/lib/core/object-key";
import type { MergeLedger } from "@/lib/core/ports/merge-ledger";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import type { InMemoryObjectStore } from "@/lib/storage/testing/in-memory-object-store";
import { overridden } from "../overridden";
import { check, Violation } from "../watcher";
import { ClientPromises } from "./client-promises";
import { readRows } from "./dataset-rows";
import { type DatasetTables, datasetFolder, mergeFolder } from "./dataset-tables";
import type { DatasetPorts } from "./dataset-world";
import { type Decided, DecidedObjects } from "./decided-objects";
import { flushKey } from "./stream-tables";
import { findOverwrite, findStream } from "./upload-tables";

type Watched = {
  readonly tables: DatasetTables;
  readonly store: InMemoryObjectStore;
  readonly nowMs: () => number;
  readonly met: (what: string) => void;
};

/**
 * Readers who list both folders all the while, clients who hold others to their promises, and an
 * account of its own of what was decided: looks at every effect. The names are those of
 * lib/core/upload-session.ts (U), stream-session.ts (T) and lib/core/SPEC.md (D, J, S).
 */
export class DatasetWatcher {
  readonly promises: ClientPromises;
  readonly #w: Watched;
  readonly #decided: DecidedObjects;
  /** By folder: every row that a reader ever saw, and in which object. */
  readonly #seen = {
    [datasetFolder]: new Map<number, string>(),
    [mergeFolder]: new Map<number, string>(),
  };
  readonly #closedSessions = new Set<string>();
  readonly #loggedUploads = new Set<string>();
  readonly #knownUploadIds = new Set<string>();
  readonly #foreign = new Set<string>();
  #isTotalDue = false;
  /** For faults that are worth most at a certain moment. */
  onDecided: (objects: readonly Decided[]) => void = () => {};

  constructor(watched: Watched) {
    this.#w = watched;
    this.#decided = new DecidedObjects(watched.nowMs, watched.tables);
    const seen = this.#seen[datasetFolder];
    this.promises = new ClientPromises(this.#decided, (row) => seen.get(row));
  }

  // ---- what goes through the ports

  watchPorts(ports: DatasetPorts): DatasetPorts {
    return {
      log: this.#watchLog(ports.log),
      uploads: this.#watchUploads(ports.uploads),
      streams: this.#watchStreams(ports.streams),
      merges: this.#watchMerges(ports.merges),
      commits: ports.commits,
    };
  }

  #watchLog(port: DatasetPorts["log"]): DatasetPorts["log"] {
    return overridden(port, {
      ...this.#watchLogging(port),
      listAbandonedUploads: async (request) => {
        const uploads = await port.listAbandonedUploads(request);
        for (const { uploadId, objectId } of uploads) {
          const object = this.#decided.find(objectId);
          const isNeeded = object?.uploadId === uploadId && !object.wasVisible;
          check(
            !isNeeded || object.isVanished,
            () => `J1: ${uploadId} of ${object?.key} is needed`,
          );
        }
        return uploads;
      },
    });
  }

  #watchLogging(port: Pick<MergeLedger, "logUpload" | "logUploadId">) {
    return {
      logUpload: async (request: Parameters<MergeLedger["logUpload"]>[0]) => {
        await port.logUpload(request);
        const { uploads } = this.#w.tables;
        if (uploads.some(({ objectId }) => objectId === request.objectId))
          this.#loggedUploads.add(request.objectId);
      },
      logUploadId: async (request: Parameters<MergeLedger["logUploadId"]>[0]) => {
        await port.logUploadId(request);
        const { uploads } = this.#w.tables;
        if (uploads.some(({ uploadId }) => uploadId === request.uploadId))
          this.#knownUploadIds.add(request.uploadId);
      },
    };
  }

  #watchUploads(port: DatasetPorts["uploads"]): DatasetPorts["uploads"] {
    const { tables } = this.#w;
    return overridden(port, {
      createSession: async (session) => {
        const made = await port.createSession(session);
        if (made !== "made" || !session.overwrites) return made;
        const { partition } = session;
        check(!findStream(tables, partition), () => `T5: ${partition} is streamed into`);
        return made;
      },
      saveBlock: async (sessionId, block) => {
        const saved = await port.saveBlock(sessionId, block);
        if (saved.kind !== "saved") return saved;
        check(!this.#closedSessions.has(sessionId), () => `U3: ${sessionId} took a block`);
        const blocks = this.promises.saved.get(sessionId) ?? new Map<number, string | null>();
        this.promises.saved.set(
          sessionId,
          blocks.set(block.blockId, block.uploadId && block.objectId),
        );
        return saved;
      },
      abort: async (sessionId) => {
        const aborted = await port.abort(sessionId);
        if (aborted.answer === "abort") this.#closedSessions.add(sessionId);
        return aborted;
      },
      commit: async (request) => {
        const decision = await port.commit(request);
        if (decision.kind === "decided") this.#uploadDecided(request);
        return decision;
      },
    });
  }

  #uploadDecided(request: Parameters<DatasetPorts["uploads"]["commit"]>[0]): void {
    const { commitId, sessionId, blockIds } = request;
    const { tables } = this.#w;
    check(!this.#closedSessions.has(sessionId), () => `U4: ${sessionId} is decided once more`);
    this.#closedSessions.add(sessionId);
    this.promises.commitOfSession.set(sessionId, commitId);
    const saved = this.promises.saved.get(sessionId) ?? new Map<number, string | null>();
    const listed = [...new Set(blockIds)].sort();
    const there = [...saved.keys()].sort();
    check(`${listed}` === `${there}`, () => `U2: ${sessionId} has ${there}, decided ${listed}`);
    const objects = this.#decided.add(tables.objectsOf(commitId), (id) =>
      this.promises.stagedRows(id),
    );
    const ids = objects.map(({ objectId }) => objectId).sort();
    const whole = [...saved.values()].filter((id) => id !== null).sort();
    check(`${ids}` === `${whole}`, () => `U2: ${sessionId} decided ${ids}, and whole are ${whole}`);
    const session = tables.uploadSessions.get(sessionId);
    if (session?.overwrites) this.#decided.overwrite(commitId, session.partition);
    this.#wasDecided(objects);
  }

  #watchStreams(port: DatasetPorts["streams"]): DatasetPorts["streams"] {
    const { tables } = this.#w;
    return overridden(port, {
      decide: async (request) => {
        const isKnown = tables.commits.has(request.commitId);
        const answer = await port.decide(request);
        if (answer.kind === "left_out")
          for (const verdict of answer.verdicts) this.#w.met(`verdict: ${verdict}`);
        if (answer.kind === "left_out" || isKnown) return answer;
        const { commitId, partition, packs, object } = request;
        check(!findOverwrite(tables, partition), () => `T5: ${commitId} beside an overwrite`);
        for (const pack of packs) {
          const key = flushKey(pack);
          const session = tables.streamSessions.get(pack.sessionId);
          // The decision that was made before and had no rows is the same one.
          const isAgain = this.promises.commitOfFlush.get(key) === commitId;
          check(
            isAgain || !this.promises.commitOfFlush.has(key),
            () => `T2: ${key} was decided before`,
          );
          check(session?.endedAtMs === null, () => `T6: ${key} of an ended session`);
          const isCurrent = pack.schemaVersion === tables.schemaVersion;
          check(isCurrent, () => `T4: ${key} was read with version ${pack.schemaVersion}`);
          this.promises.commitOfFlush.set(key, commitId);
        }
        const rows = packs.reduce((sum, pack) => sum + pack.rows, 0);
        check(object.rows === rows, () => `T3: ${commitId} has ${object.rows} rows of ${rows}`);
        const objects = tables.objectsOf(commitId);
        this.#wasDecided(this.#decided.add(objects, (id) => this.promises.stagedRows(id)));
        return answer;
      },
    });
  }

  #watchMerges(port: DatasetPorts["merges"]): DatasetPorts["merges"] {
    const { tables } = this.#w;
    return overridden(port, {
      ...this.#watchLogging(port),
      decideMerge: async (request) => {
        const { merge, inputs } = request;
        const isKnown = tables.commits.has(merge.mergeId);
        const outcome = await port.decideMerge(request);
        this.#w.met(`decideMerge: ${outcome}${isKnown && outcome === "decided" ? " before" : ""}`);
        if (outcome !== "decided" || isKnown) return outcome;
        const ids = inputs.map(({ objectId }) => objectId);
        const wrong = ids.find((id) => !this.#decided.isMergeable(id));
        check(wrong === undefined, () => `S1: ${merge.mergeId} is made of ${wrong}`);
        this.#wasDecided(this.#decided.merge(merge.mergeId, ids, tables.objectsOf(merge.mergeId)));
        return outcome;
      },
      releaseOriginals: async (mergeId) => {
        const isReleased = await port.releaseOriginals(mergeId);
        if (!isReleased) return false;
        this.#w.met("originals released");
        this.#isTotalDue = true;
        const refusal = this.#decided.release(mergeId);
        check(refusal === null, () => `D8: ${mergeId} was released: ${refusal}`);
        return true;
      },
      undoLostMerges: async () => {
        const count = await port.undoLostMerges();
        if (count > 0) this.#w.met("merge undone");
        for (const object of this.#decided.undo())
          check(!object.wasVisible, () => `S1: ${object.key} is visible and was undone`);
        return count;
      },
    });
  }

  #wasDecided(objects: readonly Decided[]): void {
    this.#isTotalDue = true;
    this.onDecided(objects);
  }

  watchStore(port: ObjectStore, isJanitors = false): ObjectStore {
    return overridden(port, {
      createUpload: async (request) => {
        const objectId = request.metadata[objectIdMetadata] ?? "";
        check(this.#loggedUploads.has(objectId), () => `J2: ${request.key} was not logged before`);
        return port.createUpload(request);
      },
      completeUpload: async (request) => {
        const outcome = await port.completeUpload(request);
        this.#w.met(`complete: ${outcome.kind}`);
        const head = outcome.kind === "completed" ? await port.head(request.key) : null;
        if (head) await this.#appeared(request.key);
        return outcome;
      },
      abortUpload: async (request) => {
        // The janitor was told of it when nothing named it: what is decided after that is lost, and said so.
        const object = this.#decided.named(request.uploadId);
        const isOpen = this.#w.store
          .openUploads()
          .some(({ uploadId }) => uploadId === request.uploadId);
        check(!isOpen || !object || isJanitors, () => `J1: ${object?.key} is decided and given up`);
        if (isOpen) this.#decided.vanished(request.uploadId);
        return port.abortUpload(request);
      },
      remove: async (key) => {
        const head = await this.#w.store.head(key);
        const objectId = head?.metadata[objectIdMetadata];
        const refusal = head ? this.#decided.remove(objectId ?? "") : null;
        check(refusal === null, () => `${refusal}: ${key} is taken away`);
        return port.remove(key);
      },
    });
  }

  /** An upload that the store lost. */
  vanish(upload: { readonly key: string; readonly uploadId: string }): void {
    this.#decided.vanished(upload.uploadId);
    void this.#w.store.abortUpload(upload);
  }

  /** Somebody puts an object of his own where one of ours belongs. False: ours was there already. */
  putForeign(key: string): boolean {
    if (this.#foreign.has(key) || this.#decided.wasSeen(key)) return false;
    this.#w.store.putForeignObject(key, Buffer.from("foreign"));
    this.#foreign.add(key);
    return true;
  }

  takeForeignAway(key: string): void {
    this.#foreign.delete(key);
    this.#w.store.deleteObject(key);
  }

  async #appeared(key: string): Promise<void> {
    check(!this.#foreign.has(key), () => `D1: ${key} of somebody else was overwritten`);
    const head = await this.#w.store.head(key);
    const objectId = head?.metadata[objectIdMetadata] ?? "";
    const object = this.#decided.find(objectId);
    if (!object) throw new Violation(`U1: ${key} is visible and nobody decided it`);
    const rows = await readRows((await this.#w.store.read(key)) ?? new Uint8Array());
    const isSame = `${[...rows].sort()}` === `${[...object.rows].sort()}`;
    check(isSame, () => `D7: ${key} holds ${rows} and not ${object.rows}`);
    const folder = object.isCopy ? mergeFolder : datasetFolder;
    check(key.startsWith(`${folder}/`), () => `D8: ${key} is not in ${folder}`);
    for (const row of rows) {
      const before = this.#seen[folder].get(row);
      check(before === undefined, () => `S1: row ${row} of ${key} was seen in ${before}`);
      this.#seen[folder].set(row, key);
      this.promises.seen(row, key);
    }
    object.wasVisible = true;
    object.visibleAtMs = this.#w.nowMs();
  }

  // ---- after every event, and at the end

  look(): void {
    if (!this.#isTotalDue) return;
    this.#isTotalDue = false;
    const { totals, objects } = this.#w.tables;
    const sums = { objects: 0, rows: 0, bytes: 0 };
    for (const { kind, replacedBy, rows, bytes } of objects.values()) {
      if (kind !== "rows" || replacedBy !== null) continue;
      sums.objects += 1;
      sums.rows += rows;
      sums.bytes += bytes;
    }
    const [said, counted] = [JSON.stringify(totals), JSON.stringify(sums)];
    check(said === counted, () => `S2: the totals are ${said}, the objects ${counted}`);
  }

  async ended(): Promise<void> {
    this.#isTotalDue = true;
    this.look();
    const { tables, store } = this.#w;
    for (const folder of [datasetFolder, mergeFolder]) await this.#checkFolder(folder);
    this.promises.ended();
    const open = store.openUploads().filter(({ uploadId }) => this.#knownUploadIds.has(uploadId));
    check(open.length === 0, () => `J2: left are ${open.map(({ uploadId }) => uploadId)}`);
    // Of a decided object that the store lost, the log goes on to tell.
    const logged = tables.uploads.filter(
      ({ objectId }) => !this.#decided.find(objectId)?.isVanished,
    );
    check(logged.length === 0, () => `J2: the log keeps ${logged.map((one) => one.objectId)}`);
  }

  /** At rest: each row that counts once, and no other. */
  async #checkFolder(folder: string): Promise<void> {
    const { store } = this.#w;
    const standing: number[] = [];
    const { objects } = await store.list({ prefix: `${folder}/` });
    for (const { key } of objects)
      standing.push(...(await readRows((await store.read(key)) ?? new Uint8Array())));
    const expected = this.#decided
      .expected(folder === mergeFolder)
      .flatMap(({ rows }) => [...rows]);
    const [there, right] = [standing, expected].map((rows) => `${rows.sort((a, b) => a - b)}`);
    check(there === right, () => `S1: in ${folder} stand ${there}, and should ${right}`);
  }
}
