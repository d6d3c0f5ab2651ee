import path from "node:path";
import { uploadObjectKey } from "@/lib/core/dataset";
import { AppError } from "@/lib/core/error";
import { objectsPerMergeMax, planMerges, planRowGroupRows } from "@/lib/core/merge-plan";
import { mergedPartition } from "@/lib/core/merge-settings";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { ClaimedMerge, MergeInput, MergeLedger } from "@/lib/core/ports/merge-ledger";
import type { OpenDestination } from "../adapters";
import { broken, fetchObject, giveUpStaged, stageFile, type UploadContext } from "./copy-object";
import type { MergeEngine, MergeResult } from "./merge-engine";
import type { MergeEvents } from "./merge-events";
import type { Spool } from "./spool";

export type RunMergeOptions = {
  readonly ledger: MergeLedger;
  readonly engine: MergeEngine;
  readonly spool: Spool;
  readonly memoryBytes: number;
  readonly destination: OpenDestination;
  readonly events: MergeEvents;
  readonly newObjectId: () => string;
  /** Asked between steps; resolves when the machine has time for the next one. */
  readonly waitForQuiet: () => Promise<void>;
};

/** Read all of it into the merging process, and as much again: far more than any sort needs. */
const spillBytesMin = 1024 * 1024 * 1024;

/**
 * Carries one merge out: objects → disk → one file, sorted and checked → an upload that nobody sees →
 * decided. Whoever finishes commits makes it visible. Throws what the merge is to be tried again for.
 */
export async function runMerge(
  options: RunMergeOptions,
  merge: ClaimedMerge,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, events, spool } = options;
  const candidates = await ledger.listInputs(merge, objectsPerMergeMax + 1);
  const [inputs] = planMerges(merge.settings, candidates, merge.isAsked);
  if (!inputs) return ledger.endMerge(merge);
  const tags = tagsOf(merge);
  if (!(await ledger.beginMerge(merge, inputs))) return events.mergeFenced(tags);
  const rows = inputs.reduce((sum, input) => sum + input.rows, 0);
  const bytes = inputs.reduce((sum, input) => sum + input.bytes, 0);
  events.mergeStarted({ ...tags, objects: inputs.length, rows, attempt: merge.attempt });
  const { folder, close } = await spool.open(bytes);
  try {
    const file = path.join(folder, "copy.parquet");
    const result = await mergeInto(file, options, { merge, inputs, folder, rows, bytes }, signal);
    await decide(options, { merge, inputs, file, rows, peakBytes: result.peakBytes }, signal);
  } finally {
    await close();
  }
}

export function tagsOf({ dataset, mergeId, partition }: ClaimedMerge) {
  return { dataset, merge: mergeId, partition };
}

type Gathered = {
  readonly merge: ClaimedMerge;
  readonly inputs: readonly MergeInput[];
  readonly folder: string;
  readonly rows: number;
  readonly bytes: number;
};

async function mergeInto(
  output: string,
  { destination, engine, memoryBytes, waitForQuiet }: RunMergeOptions,
  { merge, inputs, folder, rows, bytes }: Gathered,
  signal: AbortSignal,
): Promise<MergeResult> {
  const files: string[] = [];
  for (const [index, input] of inputs.entries()) {
    await waitForQuiet();
    const file = path.join(folder, `${index}.parquet`);
    if (input.bucket !== destination.bucket) {
      const details = { bucket: input.bucket };
      throw new AppError("destination.changed", "Originals are in another bucket", { details });
    }
    await fetchObject(destination.store, input, file, signal);
    files.push(file);
  }
  const { settings, columns, compression } = merge;
  const result = await engine.merge(
    {
      ...{ inputs: files, output, columns, order: settings.order, compression, memoryBytes },
      rowGroupRows: planRowGroupRows(settings, { rows, bytes }),
      spillDirectory: path.join(folder, "spill"),
      spillBytesMax: Math.max(spillBytesMin, 2 * bytes),
    },
    signal,
  );
  throwUnlessEqual(result, inputs, rows);
  return result;
}

function throwUnlessEqual(
  { verdict }: MergeResult,
  inputs: readonly MergeInput[],
  rows: number,
): void {
  switch (verdict.kind) {
    case "input_broken": {
      const input = inputs[verdict.input];
      if (input) throw broken(input, verdict.reason);
      throw differs("number of inputs");
    }
    case "copy_differs":
      throw differs(verdict.what);
    case "merged":
      if (verdict.rows !== rows) throw differs("number of rows");
  }
}

function differs(what: string): AppError {
  return new AppError("merge.copy_differs", "The copy differs", { details: { what } });
}

type Merged = Pick<Gathered, "merge" | "inputs" | "rows"> & {
  readonly file: string;
  readonly peakBytes: number;
};

async function decide(
  options: RunMergeOptions,
  { merge, inputs, file, rows, peakBytes }: Merged,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, destination, events, newObjectId, waitForQuiet } = options;
  await waitForQuiet();
  const { workerId, destinationId, settings, partition } = merge;
  const context: UploadContext = { ...destination, ledger, workerId, destinationId };
  const key = uploadObjectKey(mergedPartition(merge.folder, settings.folder, partition), {
    ...{ dataset: merge.dataset, sessionId: merge.mergeId, blockId: 0 },
  });
  const staged = await stageFile(context, { objectId: newObjectId(), key }, file, signal);
  const copy: DecidedObject = {
    ...{
      ...staged,
      kind: "rows",
      partition,
      rows,
      sequence: 1,
      stem: key.replace(/__1[.]parquet$/, ""),
    },
    ...{ location: destination.location, bucket: destination.bucket },
  };
  // When this throws nobody knows whether it was decided, so the upload stays: the ledger may name it.
  const outcome = await ledger.decideMerge({ merge, inputs, copy });
  const tags = tagsOf(merge);
  if (outcome === "decided") {
    return events.mergeDecided({ ...tags, rows, bytes: copy.bytes, peakBytes });
  }
  await giveUpStaged(context, staged);
  if (outcome === "outdated") events.mergeOutdated(tags);
  else events.mergeFenced(tags);
}
