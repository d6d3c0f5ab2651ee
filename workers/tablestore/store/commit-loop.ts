import type { ClassicLevel } from "classic-level";
import type { Log } from "@/lib/platform/log";
import { Refusal } from "../refusal";
import { Commit } from "./commit";
import type { CommitClock } from "./commit-clock";
import type { RowKey } from "./row-key";

/**
 * Everything that changes the database goes through here, one group after the other:
 *
 *   submit → queue → take a group → read current rows → run jobs in order → one synced batch → answer
 *
 * C1 Jobs take effect in the order they were submitted, as if each had run alone.
 * C2 A job's answer, also its refusal, comes after the batch that it belongs to is on disk: what a
 *    caller was told is never lost.
 * C3 A job that throws leaves nothing behind.
 * C4 After a write has failed nothing is written or answered as done again: what LevelDB holds is no
 *    longer what the jobs were told.
 */
export type CommitJob<T> = {
  /** Size that counts towards a group's limit. */
  readonly byteLength: number;
  /** Rows worth reading ahead in one go; asked when the group is taken. Others are read as needed. */
  readonly reads: () => readonly RowKey[];
  /** Decides and writes, without waiting. */
  readonly run: (commit: Commit) => T;
};

type QueuedJob = {
  readonly job: CommitJob<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

const groupBytesMax = 2 * 1024 * 1024;
const groupJobsMax = 1024;

export class CommitLoop {
  readonly #db: ClassicLevel<Buffer, Buffer>;
  readonly #clock: CommitClock;
  readonly #log: Log;
  readonly #onBroken: (error: unknown) => void;
  #queue: QueuedJob[] = [];
  #running: Promise<void> | null = null;
  #state: "open" | "closed" | "broken" = "open";

  constructor(options: {
    readonly db: ClassicLevel<Buffer, Buffer>;
    readonly clock: CommitClock;
    readonly log: Log;
    /** Called once when the disk refused a write; the process should end and be started again. */
    readonly onBroken: (error: unknown) => void;
  }) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onBroken = options.onBroken;
  }

  submit<T>(job: CommitJob<T>): Promise<T> {
    if (this.#state !== "open") return Promise.reject(unavailable());
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ job, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#run();
    });
  }

  /** A job without rows to read ahead. */
  change<T>(run: (commit: Commit) => T): Promise<T> {
    return this.submit({ byteLength: 0, reads: () => [], run });
  }

  /** Takes no more jobs and resolves when those it has are answered. */
  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closed";
    await this.#running;
  }

  async #run(): Promise<void> {
    // Jobs submitted in the same turn of the event loop belong to one group.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#runGroup(this.#takeGroup());
    this.#running = null;
  }

  #takeGroup(): QueuedJob[] {
    let bytes = 0;
    let count = 0;
    for (const { job } of this.#queue) {
      bytes += job.byteLength;
      if (count > 0 && (bytes > groupBytesMax || count >= groupJobsMax)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #runGroup(jobs: readonly QueuedJob[]): Promise<void> {
    if (this.#state === "broken") {
      for (const job of jobs) job.reject(unavailable());
      return;
    }
    try {
      const commit = new Commit(this.#db, this.#clock);
      await commit.prefetch(jobs.flatMap(({ job }) => job.reads()));
      const answers = jobs.map((job) => this.#runJob(commit, job));
      if (!commit.isEmpty) await commit.write();
      for (const answer of answers) answer();
    } catch (error) {
      this.#state = "broken";
      this.#log.fatal({ err: error }, "the database refused a write");
      for (const job of jobs) job.reject(unavailable());
      this.#onBroken(error);
    }
  }

  /** Runs the job and gives how to answer it once the group is on disk. */
  #runJob(commit: Commit, queued: QueuedJob): () => void {
    const start = commit.beginJob();
    try {
      const value = queued.job.run(commit);
      return () => queued.resolve(value);
    } catch (error) {
      commit.rollback(start);
      if (!(error instanceof Refusal)) this.#log.error({ err: error }, "a commit job failed");
      return () => queued.reject(error);
    }
  }
}

function unavailable(): Refusal {
  return new Refusal("OTSServerUnavailable", "The server is shutting down.");
}
