import { check, Violation } from "../watcher";
import type { Decided, DecidedObjects } from "./decided-objects";
import { flushKey } from "./stream-tables";

type Flush = { readonly sessionId: string; readonly flushId: string };

/** What each block of a session is, as its client knows: one of these. */
export type BlockContents = {
  readonly blockId: number;
  readonly may: readonly (readonly number[])[];
};

/**
 * What clients sent, and what they were told of it: an answer is a promise that has to hold at that
 * moment, and from then on.
 */
export class ClientPromises {
  /** By object: the rows that somebody sent. */
  readonly #staged = new Map<string, readonly number[]>();
  /** Rows that were refused, and which guarantee breaks when a reader sees one. */
  readonly #refused = new Map<number, string>();
  readonly #answered: { readonly what: string; readonly objects: readonly Decided[] }[] = [];
  readonly #decided: DecidedObjects;
  readonly #whereSeen: (row: number) => string | undefined;
  /** By session and block: the object that was whole last; null without rows. */
  readonly saved = new Map<string, Map<number, string | null>>();
  readonly commitOfSession = new Map<string, string>();
  readonly commitOfFlush = new Map<string, string>();

  constructor(decided: DecidedObjects, whereSeen: (row: number) => string | undefined) {
    this.#decided = decided;
    this.#whereSeen = whereSeen;
  }

  willStage(objectId: string, rows: readonly number[]): void {
    this.#staged.set(objectId, rows);
  }

  stagedRows(objectId: string): readonly number[] {
    const rows = this.#staged.get(objectId);
    if (!rows) throw new Violation(`U1: nobody sent ${objectId}`);
    return rows;
  }

  /** Somebody was told that these rows do not count. */
  neverVisible(rows: readonly number[], why: string): void {
    for (const row of rows) {
      const at = this.#whereSeen(row);
      check(at === undefined, () => `${why}: row ${row} was refused and is seen in ${at}`);
      this.#refused.set(row, why);
    }
  }

  /** A reader sees the row. */
  seen(row: number, key: string): void {
    const why = this.#refused.get(row);
    check(why === undefined, () => `${why}: row ${row} of ${key} was refused before`);
  }

  neverFlushed(flush: Flush, rows: readonly number[]): void {
    const key = flushKey(flush);
    check(!this.commitOfFlush.has(key), () => `T6: ${key} was decided and is called ended`);
    this.neverVisible(rows, "T6");
  }

  answeredWrongly(what: string): void {
    throw new Violation(`${what} has the wrong answer`);
  }

  saidFlushed(flush: Flush, rows: readonly number[]): void {
    const key = flushKey(flush);
    const commitId = this.commitOfFlush.get(key);
    if (commitId === undefined) throw new Violation(`T1: ${key} is answered and not decided`);
    if (rows.length === 0) return;
    const objects = this.#decided.ofCommit(commitId);
    const held = objects.flatMap((object) => object.rows);
    const missing = rows.find((row) => !held.includes(row));
    check(missing === undefined, () => `T2: row ${missing} of ${key} is not what was decided`);
    this.#answer(`T1: ${key}`, objects);
  }

  saidCommitted(sessionId: string, blocks: readonly BlockContents[]): void {
    const commitId = this.commitOfSession.get(sessionId);
    if (commitId === undefined) throw new Violation(`U6: ${sessionId} is answered, not decided`);
    for (const { blockId, may } of blocks) {
      const objectId = this.saved.get(sessionId)?.get(blockId);
      const rows = objectId ? this.stagedRows(objectId) : [];
      const isOneOf = may.some((one) => `${one}` === `${rows}`);
      check(isOneOf, () => `U2: block ${blockId} of ${sessionId} is ${rows}`);
    }
    this.#answer(`U6: ${sessionId}`, this.#decided.ofCommit(commitId));
    const left = this.#decided.notGone(commitId);
    check(left === null, () => `U6: ${sessionId} is committed, and ${left} still stands`);
  }

  #answer(what: string, objects: readonly Decided[]): void {
    this.#answered.push({ what, objects });
    const hidden = objects.find((object) => !object.wasVisible);
    check(!hidden, () => `${what} is answered, and ${hidden?.key} is not visible`);
  }

  saidLost(sessionId: string): void {
    this.#checkLost(sessionId, this.commitOfSession.get(sessionId));
  }

  saidFlushLost(flush: Flush): void {
    this.#checkLost(flushKey(flush), this.commitOfFlush.get(flushKey(flush)));
  }

  #checkLost(what: string, commitId: string | undefined): void {
    const objects = commitId === undefined ? [] : this.#decided.ofCommit(commitId);
    const isLost = objects.some(({ isVanished }) => isVanished);
    check(isLost, () => `D7: ${what} is called lost, and nothing of it vanished`);
  }

  /** Nothing happens any more: what was answered stands, or something took its place as it should. */
  ended(): void {
    for (const { what, objects } of this.#answered) {
      const lost = objects.find((object) => !this.#decided.isSettled(object));
      check(!lost, () => `${what} was answered, and ${lost?.key} is gone`);
    }
  }
}
