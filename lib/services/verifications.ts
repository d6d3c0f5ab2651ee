import { parseInput } from "@/lib/contracts/field-problems";
import {
  type VerifyRunView,
  type VerifyStateView,
  verifyBodySchema,
  verifyDatasetBodySchema,
  verifyReportSchema,
} from "@/lib/contracts/verify-run";
import { AppError } from "@/lib/core/error";
import { describeError } from "@/lib/core/error-codes";
import type { VerifySubject } from "@/lib/core/ports/verify-ledger";
import { isClean } from "@/lib/core/verify-report";
import type { Database } from "@/lib/db/client";
import { askForVerifyRun, getVerifyRun, type VerifyRunFacts } from "@/lib/db/verify-requests";
import { datasetNotFound, findDataset } from "./find-dataset";
import { findTask } from "./find-stored";
import { beingDeleted } from "./pause-task";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database">;
type Subject = Pick<VerifySubject, "kind" | "id">;

/**
 * Asks for a verification, which the next free delivery worker runs; asking again while one in the same
 * words waits or runs gives that one.
 */
export async function verifyTask(
  { database }: Needs,
  name: string,
  body: unknown,
): Promise<VerifyRunView> {
  const given = parseInput(verifyBodySchema, body);
  const task = await findTask(database, name);
  if (task.desiredState === "deleted") throw beingDeleted(name);
  const run = await ask(database, { kind: "task", id: task.id }, given);
  if (!run) throw beingDeleted(name);
  return viewOf(run);
}

/** The newest verification of the task, or the one of that id. */
export async function getVerification(
  { database }: Needs,
  name: string,
  { run: runId }: { readonly run?: string | undefined },
): Promise<VerifyStateView> {
  const task = await findTask(database, name);
  return find(database, { kind: "task", id: task.id }, runId);
}

/** The same of a dataset; of what a task delivers it is the task's. */
export async function verifyDataset(
  { database }: Needs,
  name: string,
  body: unknown,
): Promise<VerifyRunView> {
  const { deep } = parseInput(verifyDatasetBodySchema, body);
  const { origin, dataset } = await findDataset(database, name);
  if (origin === "task") return verifyTask({ database }, name, { deep });
  const run = await ask(database, { kind: "dataset", id: dataset.id }, { deep, redeliver: false });
  if (!run) throw datasetNotFound(name);
  return viewOf(run);
}

export async function getDatasetVerification(
  { database }: Needs,
  name: string,
  { run: runId }: { readonly run?: string | undefined },
): Promise<VerifyStateView> {
  const { origin, dataset } = await findDataset(database, name);
  if (origin === "task") return getVerification({ database }, name, { run: runId });
  return find(database, { kind: "dataset", id: dataset.id }, runId);
}

/** Null when it was deleted meanwhile. */
async function ask(
  database: Database,
  subject: Subject,
  { deep, redeliver }: { deep: boolean; redeliver: boolean },
): Promise<VerifyRunFacts | null> {
  const id = await askForVerifyRun(database, { subject, deep, redeliver });
  return getVerifyRun(database, subject, id);
}

async function find(
  database: Database,
  subject: Subject,
  runId: string | undefined,
): Promise<VerifyStateView> {
  const run = await getVerifyRun(database, subject, runId ?? null);
  if (!run && runId !== undefined) {
    throw new AppError("resource.not_found", "No such verification", { details: { id: runId } });
  }
  return { run: run && viewOf(run) };
}

function viewOf(run: VerifyRunFacts): VerifyRunView {
  const { id, reason, deep, redeliver, error, objectsChecked } = run;
  const report = run.report && verifyReportSchema.parse(run.report);
  return {
    ...{ id, reason, deep, redeliver, objectsChecked, state: stateOf(run) },
    askedAt: run.askedAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
    clean: report && isClean(report),
    report,
    error: error && describeError(error.code, error.details),
    nextTryAt: run.finishedAt ? null : (error?.nextTryAt?.toISOString() ?? null),
  };
}

function stateOf({ finishedAt, report, isHeld }: VerifyRunFacts): VerifyRunView["state"] {
  if (finishedAt) return report ? "finished" : "failed";
  return isHeld ? "running" : "waiting";
}
