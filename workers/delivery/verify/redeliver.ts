import { AppError } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import type { DecidedBatch } from "@/lib/core/ports/ledger";
import type { TableSource } from "@/lib/core/ports/table-source";
import type { TaskPlace, VerifyChannel, VerifyLedger } from "@/lib/core/ports/verify-ledger";
import type { LostReason } from "@/lib/core/verify-objects";
import { joinLost, LostTally, type Redelivery } from "@/lib/core/verify-report";
import { type RedeliverContext, redeliverBatch } from "./redeliver-batch";
import { rescanTunnelName } from "./rescan-tunnel";

const pageBatchesMax = 50;

/** What the source says when it no longer has what a batch was read from. */
const lostByCode: Partial<Record<ErrorCode, LostReason>> = {
  "source.tunnel_expired": "trimmed",
  "source.tunnel_missing": "tunnel_gone",
  "source.table_missing": "tunnel_gone",
  "task.reread_differs": "differs",
};

export type RedeliverOptions = Omit<RedeliverContext, "verifyLedger" | "source" | "tunnel"> & {
  readonly verifyLedger: VerifyLedger;
  readonly source: TableSource;
  readonly place: TaskPlace;
  /** The tunnel that a channel is read through: the task's, or its rescan's. */
  readonly tunnelOf: (channel: VerifyChannel) => RedeliverContext["tunnel"];
  /** Objects found missing earlier are left alone. */
  readonly missingSinceMs: number;
  /** Called after each batch; throws to stop. */
  readonly onBatch: () => Promise<void>;
};

/**
 * Delivers again what is missing, batch by batch in the order of the channels, as far as the source
 * still has it. What it has not is written down with its reason. When nothing of the base data is left
 * and none of it can be read again, the whole table is scanned once more, into new objects.
 */
export async function redeliver(options: RedeliverOptions): Promise<Redelivery> {
  const { verifyLedger, place } = options;
  const brought = { objects: 0, rows: 0 };
  const lost = { base: new LostTally(), others: new LostTally() };
  for (const channel of await verifyLedger.listChannels(place.taskId)) {
    for (let after = 0; ; ) {
      const batches = await verifyLedger.listMissingBatches(place, {
        ...{ channelKey: channel.channelKey, after, limit: pageBatchesMax },
        sinceMs: options.missingSinceMs,
      });
      for (const batch of batches) {
        for (const { part, because } of await bringBack(options, channel, batch)) {
          if (because === null) add(brought, part);
          else await writeDown(options, channel, part, because, lost);
        }
        await options.onBatch();
      }
      const last = batches.at(-1);
      if (!last) break;
      after = last.number;
    }
  }
  const fullScan = !lost.base.isEmpty && (await scanAgain(options));
  const others = lost.others.toAccount();
  return {
    ...brought,
    fullScan,
    ...(fullScan ? others : joinLost(lost.base.toAccount(), others)),
  };
}

function add(brought: { objects: number; rows: number }, { objects }: DecidedBatch): void {
  brought.objects += objects.length;
  brought.rows += rowsOf({ objects });
}

function rowsOf({ objects }: Pick<DecidedBatch, "objects">): number {
  return objects.reduce((sum, { kind, rows }) => sum + (kind === "rows" ? rows : 0), 0);
}

/** Missing objects of a batch, and why they cannot stand again; null when they do. */
type Outcome = { readonly part: DecidedBatch; readonly because: LostReason | null };

/** Where one object differs, the batch's others need not be lost with it: each is then tried alone. */
async function bringBack(
  options: RedeliverOptions,
  channel: VerifyChannel,
  batch: DecidedBatch,
): Promise<Outcome[]> {
  const because = await bringBackTogether(options, channel, batch);
  if (because !== "differs" || batch.objects.length === 1) return [{ part: batch, because }];
  const outcomes: Outcome[] = [];
  for (const object of batch.objects) {
    const part = { ...batch, objects: [object] };
    outcomes.push({ part, because: await bringBackTogether(options, channel, part) });
  }
  return outcomes;
}

async function bringBackTogether(
  options: RedeliverOptions,
  channel: VerifyChannel,
  batch: DecidedBatch,
): Promise<LostReason | null> {
  const { location } = options.destination;
  // A channel that was read to its end is closed at its tunnel, and base data is not kept beyond that.
  if (channel.drained) return channel.kind === "base" ? "base_gone" : "channel_ended";
  if (batch.objects.some((object) => object.location !== location)) return "another_address";
  try {
    const tunnel = options.tunnelOf(channel);
    if (await redeliverBatch({ ...options, tunnel }, channel, batch)) return null;
  } catch (thrown) {
    const reason = thrown instanceof AppError ? lostByCode[thrown.code] : undefined;
    if (reason === undefined) throw thrown;
    return reason;
  }
  throw new AppError("internal.lease_lost", "Another worker has this verification");
}

type Lost = { readonly base: LostTally; readonly others: LostTally };

async function writeDown(
  { verifyLedger }: RedeliverOptions,
  { kind, channelId, lane }: VerifyChannel,
  batch: DecidedBatch,
  because: LostReason,
  lost: Lost,
): Promise<void> {
  const objectIds = batch.objects.map(({ objectId }) => objectId);
  await verifyLedger.markLost(objectIds, because);
  lost[kind === "base" ? "base" : "others"].add({
    ...{ channelId, lane, because, batchNumber: batch.number },
    ...{ objects: objectIds.length, rows: rowsOf(batch) },
  });
}

/**
 * Starts a rescan when nothing of the base data stands. Its tunnel is made anew, so that the scan shows
 * the table as it is now. False when some of it stands, or the table is gone.
 */
async function scanAgain(options: RedeliverOptions): Promise<boolean> {
  const { verifyLedger, run, place, source, task } = options;
  if (!(await verifyLedger.isBaseLost(place))) return false;
  const { table } = task.settings;
  const name = rescanTunnelName(task);
  try {
    await source.deleteTunnel({ table, name });
    const tunnelId = await source.createTunnel({ table, name, mode: "full" });
    const tunnel = { tunnelName: name, tunnelId };
    if (await verifyLedger.startRescan(run, place, tunnel)) return true;
    await source.deleteTunnel({ table, name });
  } catch (thrown) {
    if (!(thrown instanceof AppError) || lostByCode[thrown.code] === undefined) throw thrown;
  }
  return false;
}
