import { randomUUID } from "node:crypto";
import { streamObjectStem } from "@/lib/core/dataset";
import { AppError, invariant, toAppError } from "@/lib/core/error";
import { canDecide } from "@/lib/core/stream-flush";
import { decideStream, type StreamAnswer, type StreamDecision } from "@/lib/db/decide-stream";
import type { StoredDestination } from "@/lib/db/destinations";
import type { Clock } from "@/lib/platform/clock";
import { storeLocationOf } from "@/lib/platform/store-location";
import { withStore } from "../connections";
import { findDestination } from "../find-stored";
import type { ServiceDependencies } from "../service-dependencies";
import { giveUpUpload, StagedObject, type StagedRows, type StagingOptions } from "../stage-rows";
import { uploadLogOf } from "../upload-log";
import type { FlushOutcome, Pack, WindowPlace } from "./stream-windows";

export type WindowNeeds = Pick<ServiceDependencies, "database" | "connections"> & {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
};

const rowsPerTurn = 1_000;
/** While the database is away nothing can be decided; clients are told before they give up. */
const decideForMs = 20_000;
const askAgainAfterMs = 250;

type Settle = (pack: Pack, outcome: FlushOutcome) => void;

/**
 * Stages a window's packs as one object and decides them together. Packs that may not be decided are
 * told so, and the others are staged anew without them. Throws what keeps all of them from being decided.
 */
export async function commitWindow(
  needs: WindowNeeds,
  place: WindowPlace,
  packs: readonly Pack[],
  settle: Settle,
): Promise<void> {
  const destination = await findDestination(needs.database, place.dataset.settings.destinationId);
  await withStore(needs.connections, destination, async (store) => {
    const log = uploadLogOf(needs.database, destination);
    let left = packs;
    while (left.length > 0) {
      const staged = await stagePacks({ store, log }, place, left);
      const decision = decisionOf(place, destination, left, staged);
      const answer = await decide(needs, decision);
      if (answer.kind === "decided") {
        for (const pack of left) settle(pack, outcomeOf(pack, decision, answer.decidedAt));
        return;
      }
      await giveUpUpload({ store, log }, staged);
      left = settleLeftOut(left, answer, settle);
    }
  });
}

async function stagePacks(
  { store, log }: Pick<StagingOptions, "store" | "log">,
  { dataset, partition }: WindowPlace,
  packs: readonly Pack[],
): Promise<StagedRows & { readonly stem: string }> {
  const objectId = randomUUID();
  const { name, columns, compression } = dataset.settings;
  const stem = streamObjectStem(partition.folder, { dataset: name, objectId });
  const key = `${stem}__1.parquet`;
  const staging = new StagedObject({ store, log, objectId, key, columns, compression });
  try {
    for (const { content } of packs) {
      await content.copyTo(staging.target, rowsPerTurn, () => staging.turn());
    }
    return { ...(await staging.finish()), stem };
  } catch (thrown) {
    await staging.giveUp();
    throw thrown;
  }
}

function decisionOf(
  { dataset, partition }: WindowPlace,
  destination: StoredDestination,
  packs: readonly Pack[],
  object: StreamDecision["object"],
): StreamDecision {
  return {
    ...{ commitId: randomUUID(), datasetId: dataset.id, partition: partition.folder, object },
    packs: packs.map(({ decided }) => decided),
    destinationId: destination.id,
    location: storeLocationOf(destination.endpoint),
    bucket: destination.bucket,
  };
}

/**
 * Asks until there is an answer: the same decision, so that one whose outcome was lost is found decided.
 * When it gives up, the upload stays as it is, because the decision may have been made.
 */
async function decide(
  { database, clock }: WindowNeeds,
  decision: StreamDecision,
): Promise<StreamAnswer> {
  const untilMs = clock.monotonic() + decideForMs;
  for (;;) {
    try {
      return await decideStream(database, decision);
    } catch (thrown) {
      const error = toAppError(thrown);
      const isAway = error.code === "internal.database_unavailable";
      if (!isAway || clock.monotonic() >= untilMs) throw error;
      await clock.sleep(askAgainAfterMs);
    }
  }
}

function outcomeOf(
  { decided }: Pack,
  { commitId, object }: StreamDecision,
  decidedAt: Date,
): FlushOutcome {
  const holdsRows = decided.rows > 0;
  return {
    ...{ kind: "decided", decidedAt },
    object: holdsRows ? { commitId, id: object.objectId, key: object.key } : null,
  };
}

/** Those that are left: nothing kept them from being decided but the others. */
function settleLeftOut(
  packs: readonly Pack[],
  { verdicts, datasetVersion }: Extract<StreamAnswer, { kind: "left_out" }>,
  settle: Settle,
): readonly Pack[] {
  invariant(!canDecide(verdicts), "A window of which every pack may be decided is decided");
  return packs.filter((pack, index) => {
    const verdict = verdicts[index];
    if (verdict === undefined) throw new AppError("internal.unexpected", "A pack has no verdict");
    if (verdict !== "decide") settle(pack, { kind: "left_out", verdict, datasetVersion });
    return verdict === "decide";
  });
}
