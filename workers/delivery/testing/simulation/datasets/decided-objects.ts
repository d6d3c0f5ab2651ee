import type { DatasetTables, ObjectRow } from "./dataset-tables";

/** An object as it was decided, and what became of it. */
export type Decided = {
  readonly objectId: string;
  readonly key: string;
  readonly partition: string;
  readonly commitId: string;
  readonly uploadId: string;
  readonly rows: readonly number[];
  readonly isCopy: boolean;
  wasVisible: boolean;
  visibleAtMs: number;
  /** The store lost its upload, or gave it up before it was decided. */
  isVanished: boolean;
  isRemoved: boolean;
};

/**
 * What was decided, in order, told by nobody but those who decide: which object may be taken away, and
 * by whom, is worked out here a second time.
 */
export class DecidedObjects {
  readonly #objects = new Map<string, Decided>();
  readonly #byUpload = new Map<string, Decided>();
  readonly #vanishedUploads = new Set<string>();
  /** By overwrite: what was decided in its partition before it. */
  readonly #overwritten = new Map<string, readonly Decided[]>();
  readonly #inputs = new Map<string, readonly Decided[]>();
  readonly #released = new Set<string>();
  readonly #nowMs: () => number;
  readonly #tables: DatasetTables;

  constructor(nowMs: () => number, tables: DatasetTables) {
    this.#nowMs = nowMs;
    this.#tables = tables;
  }

  add(
    objects: readonly ObjectRow[],
    rowsOf: (objectId: string) => readonly number[],
    isCopy = false,
  ): Decided[] {
    return objects.map(({ objectId, key, partition, commitId, uploadId }) => {
      const object: Decided = {
        ...{ objectId, key, partition, commitId, uploadId, rows: rowsOf(objectId), isCopy },
        ...{ wasVisible: false, visibleAtMs: 0, isRemoved: false },
        isVanished: this.#vanishedUploads.has(uploadId),
      };
      this.#objects.set(objectId, object);
      this.#byUpload.set(uploadId, object);
      return object;
    });
  }

  find(objectId: string): Decided | undefined {
    return this.#objects.get(objectId);
  }

  wasSeen(key: string): boolean {
    return [...this.#objects.values()].some((one) => one.key === key && one.wasVisible);
  }

  /** Decided, and still to become visible by this upload. */
  named(uploadId: string): Decided | undefined {
    const object = this.#byUpload.get(uploadId);
    return object && !object.wasVisible && !object.isVanished ? object : undefined;
  }

  ofCommit(commitId: string): Decided[] {
    return [...this.#objects.values()].filter((one) => one.commitId === commitId);
  }

  vanished(uploadId: string): void {
    this.#vanishedUploads.add(uploadId);
    const object = this.#byUpload.get(uploadId);
    if (object && !object.wasVisible) object.isVanished = true;
  }

  /** Everything else in the partition goes once the overwrite's own objects are visible (U5). */
  overwrite(commitId: string, partition: string): void {
    const before = [...this.#objects.values()].filter(
      (one) => one.partition === partition && one.commitId !== commitId && !this.#isTaken(one),
    );
    this.#overwritten.set(commitId, before);
  }

  isMergeable(objectId: string): boolean {
    const object = this.#objects.get(objectId);
    if (!object?.wasVisible || object.isRemoved || this.#isTaken(object)) return false;
    return ![...this.#inputs.values()].some((inputs) => inputs.includes(object)) && !object.isCopy;
  }

  merge(mergeId: string, inputIds: readonly string[], copies: readonly ObjectRow[]): Decided[] {
    const inputs = inputIds.flatMap((id) => this.#objects.get(id) ?? []);
    this.#inputs.set(mergeId, inputs);
    return this.add(copies, () => inputs.flatMap(({ rows }) => rows), true);
  }

  /** Why the originals must stay; null when they may go (D8). */
  release(mergeId: string): string | null {
    const inputs = this.#inputs.get(mergeId) ?? [];
    const copy = this.ofCommit(mergeId)[0];
    this.#released.add(mergeId);
    if (!copy?.wasVisible || copy.isRemoved) return "no copy stands";
    const { originals, graceSeconds } = this.#tables.mergeSettings;
    if (originals === "keep") return "originals are kept";
    if (this.#nowMs() < copy.visibleAtMs + graceSeconds * 1_000) return "the grace time runs";
    const isRead = this.#tables.downloads.some(
      ({ objectIds, expiresAtMs }) =>
        expiresAtMs > this.#nowMs() && inputs.some(({ objectId }) => objectIds.has(objectId)),
    );
    return isRead ? "a download reads originals" : null;
  }

  /** Merges that the ledger knows no more. Gives their copies. */
  undo(): Decided[] {
    const gone = [...this.#inputs.keys()].filter((id) => !this.#tables.commits.has(id));
    return gone.flatMap((mergeId) => {
      this.#inputs.delete(mergeId);
      const copies = this.ofCommit(mergeId);
      for (const { objectId } of copies) this.#objects.delete(objectId);
      return copies;
    });
  }

  /** Which guarantee breaks when it goes now; null when none does. */
  remove(objectId: string): string | null {
    const object = this.#objects.get(objectId);
    if (!object) return "U5";
    object.isRemoved = true;
    return this.#mayGo(object) ? null : this.#isOriginal(object) ? "D8" : "U5";
  }

  /** Of what an overwrite takes away, one that still stands. */
  notGone(commitId: string): string | null {
    const before = this.#overwritten.get(commitId) ?? [];
    return before.find((one) => one.wasVisible && !one.isRemoved)?.key ?? null;
  }

  /** It stands, or it went as it should. */
  isSettled(object: Decided): boolean {
    return object.wasVisible && (!object.isRemoved || this.#mayGo(object));
  }

  /** What has to stand in one of the two folders when nothing is under way. */
  expected(isMergeFolder: boolean): Decided[] {
    return [...this.#objects.values()].filter((object) => {
      const isLost = object.isVanished && !object.wasVisible;
      return object.isCopy === isMergeFolder && !isLost && !this.#mayGo(object);
    });
  }

  #isOriginal(object: Decided): boolean {
    return [...this.#inputs.values()].some((inputs) => inputs.includes(object));
  }

  #isTaken(object: Decided): boolean {
    const isOverwritten = [...this.#overwritten].some(
      ([commitId, before]) => before.includes(object) && !this.#isLost(commitId),
    );
    return isOverwritten || this.#isReleasedOriginal(object);
  }

  /** It takes nothing away then (U7). */
  #isLost(commitId: string): boolean {
    return this.ofCommit(commitId).some((one) => one.isVanished && !one.wasVisible);
  }

  #isReleasedOriginal(object: Decided): boolean {
    return [...this.#inputs].some(
      ([mergeId, inputs]) => this.#released.has(mergeId) && inputs.includes(object),
    );
  }

  #mayGo(object: Decided): boolean {
    for (const [commitId, before] of this.#overwritten) {
      const own = this.ofCommit(commitId);
      if (before.includes(object) && own.every(({ wasVisible }) => wasVisible)) return true;
    }
    return this.#isReleasedOriginal(object);
  }
}
