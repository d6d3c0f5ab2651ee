import { parseInput } from "@/lib/contracts/field-problems";
import {
  type VerifyRunView,
  type VerifyStateView,
  verifyBodySchema,
  verifyReportSchema,
} from "@/lib/contracts/verify-run";
import { AppError } from "@/lib/core/error";
import { describeError } from "@/lib/core/error-codes";
import { isClean } from "@/lib/core/verify-report";
import { askForVerifyRun, getVerifyRun, type VerifyRunFacts } from "@/lib/db/verify-requests";
import { findTask } from "./find-stored";
import { beingDeleted } from "./pause-task";
import type { ServiceDependencies } from "./service-dependencies";

type Needs = Pick<ServiceDependencies, "database">;

/**
 * Asks for a verification, which the next free delivery worker runs; asking again while one in the same
 * words waits or runs gives that one.
 */
export async function verifyTask(
  { database }: Needs,
  name: string,
  body: unknown,
): Promise<VerifyRunView> {
  const { deep, redeliver } = parseInput(verifyBodySchema, body);
  const task = await findTask(database, name);
  if (task.desiredState === "deleted") throw beingDeleted(name);
  const id = await askForVerifyRun(database, { taskId: task.id, deep, redeliver });
  const run = await getVerifyRun(database, task.id, id);
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
  const run = await getVerifyRun(database, task.id, runId ?? null);
  if (!run && runId !== undefined) {
    throw new AppError("resource.not_found", "No such verification", { details: { id: runId } });
  }
  return { run: run && viewOf(run) };
}

function viewOf(run: VerifyRunFacts): VerifyRunView {
  const { id, reason, deep, redeliver, report, error, objectsChecked } = run;
  return {
    ...{ id, reason, deep, redeliver, objectsChecked, state: stateOf(run) },
    askedAt: run.askedAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
    clean: report && isClean(report),
    report: report && verifyReportSchema.parse(report),
    error: error && describeError(error.code, error.details),
    nextTryAt: run.finishedAt ? null : (error?.nextTryAt?.toISOString() ?? null),
  };
}

function stateOf({ finishedAt, report, isHeld }: VerifyRunFacts): VerifyRunView["state"] {
  if (finishedAt) return report ? "finished" : "failed";
  return isHeld ? "running" : "waiting";
}
