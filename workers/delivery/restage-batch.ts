import { AppError } from "@/lib/core/error";
import type { ChannelLease, DecidedBatch, DecidedObject, Ledger } from "@/lib/core/ports/ledger";
import type { SealedObject } from "./open-rows";
import { type StageContext, uploadParts } from "./stage-object";

/**
 * Gives vanished objects of a decided batch new uploads under their old keys, from the batch's rows
 * read again. Null when another worker owns the channel by now. Throws `task.reread_differs` before
 * anything is uploaded for an object whose rows are not as many as were decided (D7).
 */
export async function restageBatch(
  context: StageContext & { readonly ledger: Pick<Ledger, "replaceUpload"> },
  request: {
    readonly lease: ChannelLease;
    readonly batch: DecidedBatch;
    readonly vanished: readonly DecidedObject[];
    readonly sealedAgain: readonly SealedObject[];
  },
): Promise<DecidedBatch | null> {
  const { lease, batch, vanished, sealedAgain } = request;
  const objects: DecidedObject[] = [];
  for (const object of batch.objects) {
    if (!vanished.includes(object)) {
      objects.push(object);
      continue;
    }
    const again = sealedAgain.find(({ stem }) => stem === object.stem);
    if (!again || again.rows !== object.rows) throw rereadDiffers(object, again?.rows ?? 0);
    const upload = await uploadParts(context, { ...object, chunks: again.chunks });
    const { objectId } = object;
    const outcome = await context.ledger.replaceUpload({ lease, objectId, ...upload });
    if (outcome === "fenced") return null;
    objects.push({ ...object, ...upload });
  }
  return { ...batch, objects };
}

function rereadDiffers(object: DecidedObject, rowsAgain: number): AppError {
  const { bucket, key, rows } = object;
  return new AppError(
    "task.reread_differs",
    "A batch read again gives other rows than were decided",
    { details: { bucket, key, rows, rowsAgain } },
  );
}
