import { trimFolder } from "@/lib/core/object-key";
import type { HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { TaskPlace, VerifyLedger, VerifyRun } from "@/lib/core/ports/verify-ledger";
import { describeLayout } from "@/lib/core/prefix-layout";
import { readPrefixTemplate } from "@/lib/core/prefix-template";
import { foldersToList, isInDataset } from "@/lib/core/verify-objects";
import type { Redelivery, VerifyReport } from "@/lib/core/verify-report";
import type { Adapters, OpenDestination } from "../adapters";
import type { Limit } from "../limit";
import { TaskTunnel } from "../task-tunnel";
import type { PartitionerFactory } from "../worker";
import { redeliver } from "./redeliver";
import { verifyAccount } from "./verify-account";
import type { VerifyEvents } from "./verify-events";
import { type PassOptions, type Progress, runPass } from "./verify-pass";

export type VerifyTaskOptions = Pick<PassOptions, "etagOf"> & {
  readonly verifyLedger: VerifyLedger;
  readonly ledger: Ledger;
  /** The ledger as a rescan sees it. */
  readonly rescanLedger: Ledger;
  readonly adapters: Adapters;
  readonly createPartitioner: PartitionerFactory;
  readonly uploads: Limit;
  readonly events: Pick<VerifyEvents, "rescanStarted">;
  readonly newObjectId: () => string;
};

type Found = {
  readonly task: HeldTask;
  readonly destination: OpenDestination;
  readonly place: TaskPlace;
};

/** Verifies what a task delivered, and delivers again what is missing when asked. Null: it is gone. */
export async function verifyTask(
  options: VerifyTaskOptions,
  run: VerifyRun,
  progress: Progress,
): Promise<VerifyReport | null> {
  const { ledger, adapters, verifyLedger, etagOf } = options;
  const [task] = await ledger.getTasks([run.subject.id]);
  if (!task) return null;
  const destination = await adapters.destination(task.settings.destinationId);
  const { bucket, location } = destination;
  const place = { taskId: task.id, bucket, location };
  const area = await findArea(verifyLedger, task, place);
  const isAutomatic = run.reason === "bucket_missing";
  const pass = (publishedBeforeMs: number) =>
    runPass({
      ...{ run, verifyLedger, etagOf, destination, publishedBeforeMs, progress, ...area },
      checkAccount: (tally, onPage) =>
        verifyAccount({ ledger: verifyLedger, taskId: task.id, tally, onPage }),
    });
  let { tally, stood } = await pass(isAutomatic ? run.askedAtMs : await verifyLedger.now());
  let redelivery: Redelivery | null = null;
  // What stood before the bucket was missed shows that it is the same bucket: what is not in it was
  // taken out by somebody or by a rule, and is brought back only when somebody asks.
  if (run.redeliver && tally.counts.missing > 0 && !(isAutomatic && stood > 0)) {
    redelivery = await deliverAgain(options, run, { task, destination, place }, progress);
    ({ tally } = await pass(await verifyLedger.now()));
  }
  const { counts, findings } = tally;
  const { folders } = area;
  return { bucket, folders, deep: run.deep, counts, findings, redelivery };
}

/** Where rows and dirty values of the task lie, whatever its settings were when they were delivered. */
async function findArea(
  verifyLedger: VerifyLedger,
  { settings }: HeldTask,
  place: TaskPlace,
): Promise<Pick<PassOptions, "folders" | "isInDataset">> {
  const template = readPrefixTemplate(settings.prefix);
  const root = template ? describeLayout(template).root : settings.prefix;
  const dirty = (await verifyLedger.listDirtyFolders(place)).map(trimFolder);
  return {
    folders: foldersToList([root, ...dirty]),
    isInDataset: (key) => isInDataset(template, dirty, key),
  };
}

async function deliverAgain(
  options: VerifyTaskOptions,
  run: VerifyRun,
  { task, destination, place }: Found,
  progress: Progress,
): Promise<Redelivery> {
  const { adapters, ledger, rescanLedger, verifyLedger, newObjectId, uploads, events } = options;
  const source = await adapters.source(task.settings.sourceId);
  const own = new TaskTunnel({ ledger, adapters, task });
  const [rescan] = await rescanLedger.getTasks([task.id]);
  const again = rescan && new TaskTunnel({ ledger: rescanLedger, adapters, task: rescan });
  const redelivery = await redeliver({
    ...{ run, task, destination, place, ledger, verifyLedger, source, newObjectId, uploads },
    tunnelOf: ({ isRescan }) => (isRescan && again ? again : own),
    partitioner: options.createPartitioner(task),
    missingSinceMs: run.reason === "bucket_missing" ? run.askedAtMs : 0,
    onBatch: progress,
  });
  if (redelivery.fullScan) events.rescanStarted({ task: run.subject.name });
  return redelivery;
}
