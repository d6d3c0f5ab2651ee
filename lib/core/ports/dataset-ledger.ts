import type { AppError } from "../error";
import type { DecidedObject } from "./ledger";

/** A commit that was decided and is not finished, held by the caller until its time runs out. */
export type ClaimedCommit = {
  readonly id: string;
  readonly dataset: string;
  readonly destinationId: string;
  /** Tries before this one that failed. */
  readonly attempt: number;
};

/** An object that a finished commit takes the place of. */
export type ReplacedObject = {
  readonly objectId: string;
  readonly bucket: string;
  readonly key: string;
  /** `pending`: decided before, and its own commit has yet to make it visible. */
  readonly state: "visible" | "pending" | "lost";
};

/**
 * What finishing the commits of datasets needs of the database. All of it may be repeated, and by two
 * at once: a claim only keeps others from doing the same work at the same time.
 */
export interface DatasetLedger {
  /** Unfinished commits that nobody holds, oldest first; held for `holdMs` from now. */
  claimCommits(request: { limit: number; holdMs: number }): Promise<ClaimedCommit[]>;
  /** Prolongs the hold while a long commit goes on. */
  holdCommit(request: { commitId: string; holdMs: number }): Promise<void>;
  listUnpublished(request: { commitId: string; limit: number }): Promise<DecidedObject[]>;
  /**
   * The store lost the uploads of these objects: they count no more, the commit is lost, and what it was
   * to replace is given back; its other objects still become visible. False: it is a merge's, whose
   * originals stand (`undoLostMerges`).
   */
  loseObjects(request: {
    commitId: string;
    objectIds: readonly string[];
    error: AppError;
  }): Promise<boolean>;
  markPublished(request: { commitId: string; objectIds: readonly string[] }): Promise<void>;
  /** Of a commit whose objects are all published: what stands there in vain. */
  listReplaced(request: { commitId: string; limit: number }): Promise<ReplacedObject[]>;
  markRemoved(objectIds: readonly string[]): Promise<void>;
  /** Also of a lost commit, which stays lost. */
  finishCommit(commitId: string): Promise<void>;
  /** Stands until the commit is finished; it is tried again after `retryAfterMs`. */
  saveCommitError(request: {
    commitId: string;
    error: AppError;
    retryAfterMs: number;
  }): Promise<void>;
  /** Drops sessions that ended so long ago, at most `limit` rows of theirs; gives how many went. */
  forgetSessions(request: { endedBeforeMs: number; limit: number }): Promise<number>;
}
