import { type AppError, toAppError } from "@/lib/core/error";
import type { VerifyRun } from "@/lib/core/ports/verify-ledger";
import { retryDelayMs } from "@/lib/core/retry-policy";
import { isClean, type VerifyReport } from "@/lib/core/verify-report";
import type { Clock } from "@/lib/platform/clock";
import { Limit } from "../limit";
import { verifyDataset } from "./verify-dataset";
import type { VerifyEvents } from "./verify-events";
import type { Progress } from "./verify-pass";
import { type VerifyTaskOptions, verifyTask } from "./verify-task";

/** How often a worker looks for something to verify. */
const lookEveryMs = 1_000;
/** A failure that passes is waited for this often before the one who asked is told. */
const transientAttemptsMax = 5;
const uploadsAtOnceMax = 4;

export type VerifierOptions = Omit<VerifyTaskOptions, "uploads" | "events"> & {
  readonly workerId: string;
  readonly events: VerifyEvents;
  readonly clock: Clock;
  readonly random: () => number;
};

/** Thrown to leave a run where it stands: this worker ends, or has lost it. */
class Abandoned extends Error {}

/**
 * Runs verifications that people, or a bucket that came back, asked for: one at a time in a worker.
 * A run that is cut off, in whatever way, is begun anew by whoever claims it next: comparing changes
 * nothing, and delivering again goes on with what is still missing.
 */
export class Verifier {
  readonly #o: VerifierOptions;
  readonly #uploads = new Limit(uploadsAtOnceMax);

  constructor(options: VerifierOptions) {
    this.#o = options;
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { verifyLedger, workerId, clock, events } = this.#o;
    while (!signal.aborted) {
      try {
        const run = await verifyLedger.claimRun(workerId);
        if (run) await this.#attempt(run, signal);
        else await clock.sleep(lookEveryMs, signal);
      } catch (thrown) {
        events.backgroundFailed({ work: "verify" }, toAppError(thrown));
        await clock.sleep(lookEveryMs, signal);
      }
    }
  }

  async #attempt(run: VerifyRun, signal: AbortSignal): Promise<void> {
    const { verifyLedger, events } = this.#o;
    const tags = tagsOf(run);
    events.verifyStarted({ ...tags, reason: run.reason });
    try {
      const report = await this.#verify(run, signal);
      if (!report) return;
      await verifyLedger.finishRun(run, report);
      const { redelivery } = report;
      events.verifyFinished({
        ...{ ...tags, clean: isClean(report), redelivered: redelivery?.objects ?? 0 },
        lost: redelivery?.lostObjects ?? 0,
      });
    } catch (thrown) {
      if (thrown instanceof Abandoned) await verifyLedger.postponeRun(run, null, 0);
      else await this.#failed(run, toAppError(thrown));
    }
  }

  /** Whoever asked is told of what they can mend; a bucket that is still away is waited for. */
  async #failed(run: VerifyRun, error: AppError): Promise<void> {
    const { verifyLedger, events, random } = this.#o;
    const { attempt } = run;
    const isWaitedFor =
      run.reason === "bucket_missing" ||
      (error.fault === "transient" && attempt < transientAttemptsMax);
    const delayMs = isWaitedFor ? retryDelayMs(error.fault, attempt, random()) : null;
    const tags = { ...tagsOf(run), nextTryInMs: delayMs };
    events.verifyFailed(tags, error);
    const fact = { code: error.code, details: error.details, attempt, nextTryAt: null };
    if (delayMs === null) await verifyLedger.failRun(run, fact);
    else await verifyLedger.postponeRun(run, fact, delayMs);
  }

  /** Null when what was to be verified is gone. */
  #verify(run: VerifyRun, signal: AbortSignal): Promise<VerifyReport | null> {
    const progress = this.#progressOf(run, signal);
    return run.subject.kind === "dataset"
      ? verifyDataset(this.#o, run, progress)
      : verifyTask({ ...this.#o, uploads: this.#uploads }, run, progress);
  }

  /** Keeps people informed, and notices that the run is over for this worker. */
  #progressOf(run: VerifyRun, signal: AbortSignal): Progress {
    let known = 0;
    return async (objectsChecked = known) => {
      known = objectsChecked;
      if (signal.aborted) throw new Abandoned();
      if (await this.#o.verifyLedger.saveProgress(run, objectsChecked)) return;
      throw new Abandoned();
    };
  }
}

function tagsOf({ subject, runId, attempt }: VerifyRun) {
  return { [subject.kind]: subject.name, run: runId, attempt };
}
