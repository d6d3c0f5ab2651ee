import type { AppError } from "@/lib/core/error";
import type { SealReason } from "@/lib/core/ports/ledger";
import type { RecordCounts } from "@/lib/core/ports/table-source";
import type { Log } from "@/lib/platform/log";

/** Which channel an event is about. */
export type ChannelTags = {
  readonly task: string;
  readonly channel: string;
  readonly lane: number;
  readonly epoch: number;
};

/** Everything an operator reads of delivery, one method an event, named by what has happened. */
export type DeliveryEvents = ReturnType<typeof createDeliveryEvents>;

export function createDeliveryEvents(log: Log) {
  return {
    workerStarted: (tags: { workerId: string; leaseMs: number }) =>
      log.info(tags, "worker started"),
    workerStopped: (tags: { workerId: string }) => log.info(tags, "worker stopped"),
    leaseLost: (tags: { workerId: string; channels: number }) =>
      log.warn(tags, "lease lost, all channels dropped"),
    tickFailed: (error: AppError) =>
      log.warn({ code: error.code, reason: error.message }, "worker tick failed"),
    tunnelConnected: (tags: { task: string; clientId: string }) =>
      log.info(tags, "tunnel connected"),
    channelsAdded: (tags: { task: string; channels: readonly string[] }) =>
      log.info(tags, "channels added"),
    taskCompleted: (tags: { task: string }) => log.info(tags, "task completed"),
    taskForgotten: (tags: { task: string }) => log.info(tags, "task deleted"),
    tunnelLeftBehind: (tags: { task: string; tunnel: string }, error: AppError) =>
      log.warn({ ...tags, code: error.code, reason: error.message }, "tunnel left at its source"),
    taskFailed: (tags: { task: string; attempt: number }, error: AppError) =>
      log.warn(
        { ...tags, code: error.code, reason: error.message, details: error.details },
        "task heartbeat failed",
      ),
    channelClaimed: (tags: ChannelTags & { batchNumber: number; unacked: number }) =>
      log.info(tags, "channel claimed"),
    channelStopped: (tags: ChannelTags & { why: string }) => log.info(tags, "channel stopped"),
    batchDecided: (
      tags: ChannelTags & {
        batch: number;
        objects: number;
        sealedBy: SealReason;
        counts: RecordCounts;
      },
    ) => log.info(tags, "batch decided"),
    objectPublished: (
      tags: ChannelTags & {
        batch: number;
        bucket: string;
        key: string;
        rows: number;
        bytes: number;
      },
    ) => log.info(tags, "object published"),
    uploadsRestaged: (tags: ChannelTags & { batch: number; objects: number }) =>
      log.warn(tags, "vanished uploads staged again"),
    schemaGrown: (tags: ChannelTags & { version: number; columns: readonly string[] }) =>
      log.info(tags, "schema version added"),
    commandFailed: (tags: ChannelTags & { command: string; attempt: number }, error: AppError) =>
      log.warn(
        { ...tags, code: error.code, reason: error.message, details: error.details },
        "command failed",
      ),
    commitFinished: (tags: { dataset: string; commit: string }) =>
      log.info(tags, "dataset commit finished"),
    commitFailed: (tags: { dataset: string; commit: string; attempt: number }, error: AppError) =>
      log.warn(
        { ...tags, code: error.code, reason: error.message, details: error.details },
        "dataset commit not finished",
      ),
    uploadSwept: (tags: { bucket: string; key: string; objectId: string }) =>
      log.info(tags, "abandoned upload aborted"),
    sweepFailed: (tags: { bucket: string; key: string }, error: AppError) =>
      log.warn(
        { ...tags, code: error.code, reason: error.message },
        "abandoned upload not aborted",
      ),
  };
}
