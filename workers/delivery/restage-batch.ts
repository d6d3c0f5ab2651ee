import { AppError } from "@/lib/core/error";
import type { ChannelLease, DecidedBatch, DecidedObject, Ledger } from "@/lib/core/ports/ledger";
import { giveUpUploads } from "./batch-upload";
import { footerRange } from "./footer-range";
import type { OpenObject } from "./open-object";
import { type ReadAgainRequest, readAgain } from "./read-again";
import type { StageContext } from "./stage-object";

export type RestageRequest = {
  readonly lease: ChannelLease;
  /** How the batch's rows are read again. */
  readonly again: ReadAgainRequest;
  readonly vanished: readonly DecidedObject[];
  /** Called whenever the memory of the rows read again has changed. */
  readonly onHeld?: (bytes: number) => void;
};

/**
 * Gives vanished objects of a decided batch new uploads under their old keys, from the batch's rows
 * read again. Finished bytes are sent as they come, so it takes no more memory than the batch did. Null
 * when another worker owns the channel by now. Throws `task.reread_differs` for an object whose rows
 * are not as many as were decided (D7). Uploads that the ledger did not take are given up.
 */
export async function restageBatch(
  context: StageContext & { readonly ledger: Pick<Ledger, "replaceUpload"> },
  request: RestageRequest,
): Promise<DecidedBatch | null> {
  const { again, vanished, onHeld = () => {} } = request;
  const { rows, batch } = again;
  try {
    await readAgain(again, async () => {
      for (const open of rows.objects) {
        const object = vanished.find(({ stem }) => stem === open.plan.stem);
        if (object) await sendAhead(context, object, open);
        else open.discard();
      }
      onHeld(rows.heldBytes);
    });
    const objects: DecidedObject[] = [];
    for (const object of batch.objects) {
      const replaced = vanished.includes(object) ? await replace(context, request, object) : object;
      if (replaced === null) return null;
      objects.push(replaced);
    }
    return { ...batch, objects };
  } finally {
    await giveUpUploads(context, rows.objects);
    rows.close();
    onHeld(0);
  }
}

async function sendAhead(
  context: StageContext,
  object: DecidedObject,
  open: OpenObject,
): Promise<void> {
  if (!open.hasWholePart) return;
  open.handOver();
  const { upload } = open;
  if (!upload.hasBegun) await upload.begin(context, object);
  await upload.sendWholeParts(context);
}

async function replace(
  context: StageContext & { readonly ledger: Pick<Ledger, "replaceUpload"> },
  { lease, again: { rows, batch } }: RestageRequest,
  object: DecidedObject,
): Promise<DecidedObject | null> {
  const open = rows.objects.find(({ plan }) => plan.stem === object.stem);
  if (!open || open.rows !== object.rows) throw rereadDiffers(object, open?.rows ?? 0);
  await open.finish(footerRange(batch));
  if (!open.upload.hasBegun) await open.upload.begin(context, object);
  await open.upload.sendAll(context);
  const { uploadId, parts, bytes, crc32 } = open.upload.handOff();
  const upload = { uploadId, parts, bytes, crc32 };
  const { objectId, uploadId: replaces } = object;
  const outcome = await context.ledger.replaceUpload({ lease, objectId, replaces, ...upload });
  return outcome === "fenced" ? null : { ...object, ...upload };
}

function rereadDiffers(object: DecidedObject, rowsAgain: number): AppError {
  const { bucket, key, rows } = object;
  return new AppError(
    "task.reread_differs",
    "A batch read again gives other rows than were decided",
    { details: { bucket, key, rows, rowsAgain } },
  );
}
