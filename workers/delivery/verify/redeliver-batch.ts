import { AppError } from "@/lib/core/error";
import type { Partitioner } from "@/lib/core/partition";
import type { DecidedBatch, DecidedObject, HeldTask, Ledger } from "@/lib/core/ports/ledger";
import type { TableSource } from "@/lib/core/ports/table-source";
import type { VerifyChannel, VerifyLedger, VerifyRun } from "@/lib/core/ports/verify-ledger";
import type { OpenDestination } from "../adapters";
import type { Limit } from "../limit";
import { OpenBudget } from "../open-budget";
import { OpenRows } from "../open-rows";
import { publishBatch } from "../publish-batch";
import type { ReadAgainRequest } from "../read-again";
import { restageBatch } from "../restage-batch";
import { giveUpUpload, type StageContext } from "../stage-object";
import type { TaskTunnel } from "../task-tunnel";

/** What it shares among the partitions of the one batch that is read again at a time. */
const budgetBytes = 512 * 1024 * 1024;

export type RedeliverContext = {
  readonly run: VerifyRun;
  readonly task: HeldTask;
  readonly destination: OpenDestination;
  readonly verifyLedger: Pick<VerifyLedger, "reopenObject" | "markFound">;
  readonly ledger: Pick<
    Ledger,
    "listSchemas" | "logUpload" | "logUploadId" | "forgetUpload" | "lastSequences" | "markPublished"
  >;
  readonly source: Pick<TableSource, "createDecoder">;
  readonly tunnel: Pick<TaskTunnel, "readRecords">;
  readonly partitioner: Partitioner;
  readonly uploads: Limit;
  readonly newObjectId: () => string;
};

/**
 * Delivers missing objects of an acked batch again, under their old keys and uuids, with exactly the
 * rows that were decided. `batch.objects` holds those objects alone. The protocol is that of a vanished
 * upload: staged, decided once more under the run's fence, completed, marked.
 *
 * Throws `task.reread_differs` before anything is decided when the source gives other rows. A stream's
 * record never changes, so as many rows are the same rows; base data is read as far as the source still
 * keeps it, so there only the same bytes prove it. False: another worker has the run.
 */
export async function redeliverBatch(
  context: RedeliverContext,
  channel: VerifyChannel,
  batch: DecidedBatch,
): Promise<boolean> {
  const { run, destination, ledger, verifyLedger } = context;
  const { channelKey } = channel;
  const stage: StageContext = {
    ...{ ledger, channelKey, workerId: run.workerId, newObjectId: context.newObjectId },
    ...{ store: destination.store, bucket: destination.bucket, location: destination.location },
    destinationId: context.task.settings.destinationId,
  };
  const restaged = await restageBatch(
    {
      ...stage,
      ledger: {
        ...pick(ledger),
        replaceUpload: async ({ objectId, uploadId, parts, bytes, crc32 }) => {
          const object = batch.objects.find((one) => one.objectId === objectId);
          if (object && channel.kind === "base" && object.crc32 !== crc32) {
            await giveUpUpload(stage, { objectId, key: object.key, uploadId });
            throw baseDiffers(object);
          }
          const request = { objectId, uploadId, parts, bytes, crc32 };
          const isReopened = await verifyLedger.reopenObject(run, request);
          return isReopened ? "replaced" : "fenced";
        },
      },
    },
    {
      lease: { channelKey, workerId: run.workerId, epoch: run.epoch },
      ...{ vanished: batch.objects, again: await planReadAgain(context, channel, batch) },
    },
  );
  if (!restaged) return false;
  await publish(context, channelKey, restaged);
  return true;
}

/** The methods by name: a ledger may be a class. */
function pick(ledger: RedeliverContext["ledger"]) {
  return {
    logUpload: ledger.logUpload.bind(ledger),
    logUploadId: ledger.logUploadId.bind(ledger),
    forgetUpload: ledger.forgetUpload.bind(ledger),
    lastSequences: ledger.lastSequences.bind(ledger),
  };
}

/** The batch is read again under the schema version and the dirty folder of its time. */
async function planReadAgain(
  { ledger, task, source, tunnel, partitioner }: RedeliverContext,
  { channelId, lane }: VerifyChannel,
  batch: DecidedBatch,
): Promise<ReadAgainRequest> {
  const schemas = await ledger.listSchemas(task.id);
  const schema = schemas.find(({ version }) => version === batch.schemaVersion);
  if (!schema)
    throw new AppError("internal.invariant_broken", "A decided batch's schema is stored");
  const dirty = batch.objects.find(({ kind }) => kind === "dirty");
  const rows = new OpenRows({
    settings: dirty ? { ...task.settings, dirtyPrefix: dirty.partition } : task.settings,
    ...{ schema, lane, partitioner, channelId },
    // Of its own: bytes prove base data only where pages and row groups end where they ended before.
    budget: new OpenBudget(budgetBytes),
  });
  const decoder = source.createDecoder(schema, task.settings.eventTime);
  return { batch, tunnel, channelId, decoder, rows };
}

async function publish(
  { destination, uploads, ledger, verifyLedger }: RedeliverContext,
  channelKey: string,
  { number: batchNumber, objects }: DecidedBatch,
): Promise<void> {
  const outcome = await publishBatch(destination, objects, uploads, () => undefined);
  if (outcome.kind === "uploads_gone") {
    throw new AppError("destination.upload_gone", "An upload vanished before it was completed", {
      details: { key: objects[0]?.key ?? null },
    });
  }
  const objectIds = objects.map(({ objectId }) => objectId);
  await ledger.markPublished({ channelKey, batchNumber, objectIds });
  await verifyLedger.markFound({ missing: [], standing: objectIds });
}

function baseDiffers({ bucket, key, rows }: DecidedObject): AppError {
  return new AppError("task.reread_differs", "Base data read again is not as it was decided", {
    details: { bucket, key, rows },
  });
}
