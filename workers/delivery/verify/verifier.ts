import { type AppError, toAppError } from "@/lib/core/error";
import { trimFolder } from "@/lib/core/object-key";
import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { UploadedPart } from "@/lib/core/ports/object-store";
import type { VerifyLedger, VerifyPlace, VerifyRun } from "@/lib/core/ports/verify-ledger";
import { describeLayout } from "@/lib/core/prefix-layout";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import { retryDelayMs } from "@/lib/core/retry-policy";
import { foldersToList, isInDataset } from "@/lib/core/verify-objects";
import { isClean, type Redelivery, type VerifyReport, VerifyTally } from "@/lib/core/verify-report";
import type { Clock } from "@/lib/platform/clock";
import type { Adapters, OpenDestination } from "../adapters";
import { Limit } from "../limit";
import { TaskTunnel } from "../task-tunnel";
import type { PartitionerFactory } from "../worker";
import { redeliver } from "./redeliver";
import { verifyAccount } from "./verify-account";
import { type VerifyBucketOptions, verifyBucket } from "./verify-bucket";
import type { VerifyEvents } from "./verify-events";

/** How often a worker looks for something to verify. */
const lookEveryMs = 1_000;
/** A failure that passes is waited for this often before the one who asked is told. */
const transientAttemptsMax = 5;
const uploadsAtOnceMax = 4;

export type VerifierOptions = {
  readonly workerId: string;
  readonly verifyLedger: VerifyLedger;
  readonly ledger: Ledger;
  /** The ledger as a rescan sees it. */
  readonly rescanLedger: Ledger;
  readonly adapters: Adapters;
  readonly createPartitioner: PartitionerFactory;
  readonly etagOf: (parts: readonly UploadedPart[]) => string | null;
  readonly events: VerifyEvents;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newObjectId: () => string;
};

/** Thrown to leave a run where it stands: this worker ends, or has lost it. */
class Abandoned extends Error {}

/** Says how far a pass is; without a figure, that the run goes on. */
type Progress = (objectsChecked?: number) => Promise<void>;

type Area = Pick<VerifyBucketOptions, "folders" | "isInDataset">;

type Pass = { readonly tally: VerifyTally; readonly stood: number };

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
    const tags = { task: run.taskName, run: run.runId, attempt: run.attempt };
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
    const tags = { task: run.taskName, run: run.runId, attempt, nextTryInMs: delayMs };
    events.verifyFailed(tags, error);
    const fact = { code: error.code, details: error.details, attempt, nextTryAt: null };
    if (delayMs === null) await verifyLedger.failRun(run, fact);
    else await verifyLedger.postponeRun(run, fact, delayMs);
  }

  /** Null when the task is gone. */
  async #verify(run: VerifyRun, signal: AbortSignal): Promise<VerifyReport | null> {
    const { ledger, adapters, verifyLedger } = this.#o;
    const [task] = await ledger.getTasks([run.taskId]);
    if (!task) return null;
    const destination = await adapters.destination(task.settings.destinationId);
    const { bucket, location } = destination;
    const place = { taskId: task.id, bucket, location };
    const area = await this.#area(task, place);
    const progress = this.#progressOf(run, signal);
    const isAutomatic = run.reason === "bucket_missing";
    const pass = (publishedBeforeMs: number) =>
      this.#pass(run, { destination, place, area, progress, publishedBeforeMs });
    let { tally, stood } = await pass(isAutomatic ? run.askedAtMs : await verifyLedger.now());
    let redelivery: Redelivery | null = null;
    // What stood before the bucket was missed shows that it is the same bucket: what is not in it was
    // taken out by somebody or by a rule, and is brought back only when somebody asks.
    if (run.redeliver && tally.counts.missing > 0 && !(isAutomatic && stood > 0)) {
      redelivery = await this.#redeliver(run, task, destination, place, progress);
      ({ tally } = await pass(await verifyLedger.now()));
    }
    const { counts, findings } = tally;
    const { folders } = area;
    return { bucket, folders, deep: run.deep, counts, findings, redelivery };
  }

  /** Where rows and dirty values of the task lie, whatever its settings were when they were delivered. */
  async #area({ settings }: HeldTask, place: VerifyPlace): Promise<Area> {
    const template = readPrefixTemplate(settings.prefix);
    const root = template ? describeLayout(template).root : settings.prefix;
    const dirty = (await this.#o.verifyLedger.listDirtyFolders(place)).map(trimFolder);
    return {
      folders: foldersToList([root, ...dirty]),
      isInDataset: (key) => isInDataset(template, dirty, key),
    };
  }

  async #pass(
    run: VerifyRun,
    request: {
      readonly destination: OpenDestination;
      readonly place: VerifyPlace;
      readonly area: Area;
      readonly progress: Progress;
      readonly publishedBeforeMs: number;
    },
  ): Promise<Pass> {
    const { verifyLedger, etagOf } = this.#o;
    const { place, area, publishedBeforeMs, destination } = request;
    const tally = new VerifyTally();
    const onPage = () => request.progress(tally.counts.listed);
    const { stood } = await verifyBucket({
      ...{ store: destination.store, ledger: verifyLedger, place, ...area, deep: run.deep },
      ...{ publishedBeforeMs, etagOf, tally, onPage },
    });
    await verifyAccount({ ledger: verifyLedger, taskId: place.taskId, tally, onPage });
    tally.counts.elsewhere = await verifyLedger.countElsewhere(place);
    return { tally, stood };
  }

  async #redeliver(
    run: VerifyRun,
    task: HeldTask,
    destination: OpenDestination,
    place: VerifyPlace,
    progress: Progress,
  ): Promise<Redelivery> {
    const { adapters, ledger, rescanLedger, verifyLedger, newObjectId, events } = this.#o;
    const source = await adapters.source(task.settings.sourceId);
    const own = new TaskTunnel({ ledger, adapters, task });
    const [rescan] = await rescanLedger.getTasks([task.id]);
    const again = rescan && new TaskTunnel({ ledger: rescanLedger, adapters, task: rescan });
    const redelivery = await redeliver({
      ...{ run, task, destination, place, ledger, verifyLedger, source, newObjectId },
      tunnelOf: ({ isRescan }) => (isRescan && again ? again : own),
      partitioner: this.#o.createPartitioner(task),
      uploads: this.#uploads,
      missingSinceMs: run.reason === "bucket_missing" ? run.askedAtMs : 0,
      onBatch: progress,
    });
    if (redelivery.fullScan) events.rescanStarted({ task: run.taskName });
    return redelivery;
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
