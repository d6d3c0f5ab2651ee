import { randomUUID } from "node:crypto";
import { parseInput } from "@/lib/contracts/field-problems";
import { commitBodySchema, type UploadSessionView } from "@/lib/contracts/upload-session-body";
import { AppError } from "@/lib/core/error";
import type { BlockListDifference } from "@/lib/core/upload-session";
import { commitUpload, readCommitState, type UploadDecision } from "@/lib/db/commit-upload";
import type { Clock } from "@/lib/platform/clock";
import { storeLocationOf } from "@/lib/platform/store-location";
import { findUploadSession, sessionNotFound, statusConflict } from "./find-session";
import { findDestination } from "./find-stored";
import type { ServiceDependencies } from "./service-dependencies";
import { getUploadSession } from "./upload-sessions";

type Needs = Pick<ServiceDependencies, "database" | "now"> & {
  readonly clock: Pick<Clock, "sleep" | "monotonic">;
};

/** Documented: commits of one table that run at the same time. */
const unfinishedCommitsMax = 32;
/** A delivery worker makes the objects visible; whoever asked is told once it has, or after this long. */
const finishWaitMs = 30_000;
const lookEveryMs = 50;
const idsNamedMax = 20;

/**
 * Decides all blocks of the list together and waits until readers see them. The same list again is no
 * error. Throws `session.block_list_differs`, `session.status_conflict` or `session.flow_exceeded`.
 */
export async function commitUploadSession(
  needs: Needs,
  name: string,
  id: string,
  input: unknown,
): Promise<UploadSessionView> {
  const { blocks } = parseInput(commitBodySchema, input);
  const { dataset } = await findUploadSession(needs.database, name, id);
  const destination = await findDestination(needs.database, dataset.settings.destinationId);
  const decision = await commitUpload(needs.database, {
    ...{ commitId: randomUUID(), datasetId: dataset.id, sessionId: id, blockIds: blocks },
    destinationId: destination.id,
    location: storeLocationOf(destination.endpoint),
    bucket: destination.bucket,
    unfinishedMax: unfinishedCommitsMax,
  });
  throwUnlessDecided(id, decision);
  await waitUntilFinished(needs, id);
  return getUploadSession(needs, name, id);
}

function throwUnlessDecided(id: string, decision: UploadDecision): void {
  switch (decision.kind) {
    case "decided":
    case "decided_already":
      return;
    case "not_found":
      throw sessionNotFound(id);
    case "refused":
      throw statusConflict(id, decision.status);
    case "too_many": {
      const limit = `${unfinishedCommitsMax} commits of a dataset at the same time`;
      const details = { limit, retryAfterSeconds: 1 };
      throw new AppError("session.flow_exceeded", limit, { details });
    }
    case "list_differs":
      throw listDiffers(decision.difference);
  }
}

function listDiffers({ missing, surplus }: BlockListDifference): AppError {
  const text = (ids: readonly number[]) =>
    ids.length > idsNamedMax
      ? `${ids.slice(0, idsNamedMax).join(", ")} and ${ids.length - idsNamedMax} more`
      : ids.join(", ");
  const details = { missing: text(missing), surplus: text(surplus) };
  return new AppError("session.block_list_differs", "The block list differs", { details });
}

async function waitUntilFinished({ database, clock }: Needs, id: string): Promise<void> {
  const untilMs = clock.monotonic() + finishWaitMs;
  while (clock.monotonic() < untilMs) {
    const state = await readCommitState(database, id);
    if (state === null || state.finished || state.lost) return;
    await clock.sleep(lookEveryMs);
  }
}
