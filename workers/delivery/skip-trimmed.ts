import { zeroCounts } from "@/lib/core/account";
import { AppError } from "@/lib/core/error";
import type {
  ChannelLedger,
  ClaimedChannel,
  DecidedBatch,
  HeldTask,
} from "@/lib/core/ports/ledger";
import type { TableSource } from "@/lib/core/ports/table-source";
import type { SchemaMapping } from "@/lib/core/schema-mapping";
import type { TaskTunnel } from "./task-tunnel";

/**
 * Moves a channel whose next records the source has trimmed to the oldest that can be read, for whoever
 * saw that it expired and asked for it. The range in between becomes a batch of its own, of nothing, so
 * that the ledger names what was never delivered and its ranges stay without a hole. Null: fenced.
 *
 * Safe to repeat: the same batch under the same epoch is decided once.
 */
export async function skipTrimmed(request: {
  readonly claim: ClaimedChannel;
  readonly task: HeldTask;
  readonly schema: SchemaMapping;
  readonly ledger: Pick<ChannelLedger, "decide">;
  readonly source: Pick<TableSource, "oldestCheckpoint">;
  readonly tunnel: Pick<TaskTunnel, "readRecords">;
}): Promise<ClaimedChannel | null> {
  const { claim, task, schema, ledger, source } = request;
  if (!claim.skipsTrimmed || !(await isTrimmed(request))) return claim;
  const { channelId, checkpoint: startCheckpoint } = claim;
  const { table } = task.settings;
  const endCheckpoint = (await source.oldestCheckpoint?.({ table, channelId })) ?? null;
  // Nowhere to go on from: the channel stays as it is, and reading says why.
  if (endCheckpoint === null) return claim;
  const batch: DecidedBatch = {
    ...{ number: claim.batchNumber + 1, startCheckpoint, endCheckpoint, finished: false },
    ...{ schemaVersion: schema.version, counts: zeroCounts(), objects: [] },
    sealedBy: "gap",
  };
  const outcome = await ledger.decide({ lease: claim, batch, dirtySamples: [] });
  if (outcome === "fenced") return null;
  return { ...claim, checkpoint: endCheckpoint, batchNumber: batch.number };
}

async function isTrimmed({
  claim,
  tunnel,
}: Pick<Parameters<typeof skipTrimmed>[0], "claim" | "tunnel">): Promise<boolean> {
  try {
    await tunnel.readRecords(claim.channelId, claim.checkpoint);
    return false;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "source.tunnel_expired") return true;
    throw thrown;
  }
}
