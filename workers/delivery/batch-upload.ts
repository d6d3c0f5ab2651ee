import { dirtyObjectKey, rowObjectKey } from "@/lib/core/object-key";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { TaskSettings } from "@/lib/core/task";
import type { Limit } from "./limit";
import { mapConcurrently } from "./map-concurrently";
import type { ObjectPlan, OpenObject } from "./open-object";
import type { StageContext } from "./stage-object";

/** Uploads of one channel at a time; `Limit` bounds those of all channels. */
const uploadsAtOnceMax = 4;

export type BatchUploadOptions = {
  readonly settings: TaskSettings;
  readonly uploads: Limit;
  /** Called whenever memory was given back. */
  readonly onFreed: () => void;
};

/**
 * The objects of an open batch on their way into the bucket. Whatever fails may be asked again, and goes
 * on where it stopped, unless an upload is lost: then the batch has to be read again.
 *
 * Sequences are taken when an upload is created, because its key is fixed then. Nobody else can take
 * them: a stem belongs to one channel, and while its batch is open no other of it is. They are written
 * down by the decide alone, so that what is given up leaves no hole.
 */
export class BatchUpload {
  readonly #o: BatchUploadOptions;

  constructor(options: BatchUploadOptions) {
    this.#o = options;
  }

  /** Sends the finished bytes of those that have enough for a part. */
  async stageAhead(context: StageContext, objects: readonly OpenObject[]): Promise<void> {
    const ready = objects.filter((object) => object.hasWholePart);
    await this.#send(context, ready, async ({ upload }) => upload.sendWholeParts(context));
  }

  /** Finishes and sends all of them, each only when it is its turn: its pages are copied once more. */
  async stage(
    context: StageContext,
    objects: readonly OpenObject[],
    footer: Readonly<Record<string, string>>,
  ): Promise<void> {
    for (const { upload } of objects) upload.settleAt(context);
    await this.#send(context, objects, async (object) => {
      await object.finish(footer);
      await object.upload.sendAll(context);
    });
  }

  async #send(
    context: StageContext,
    objects: readonly OpenObject[],
    send: (object: OpenObject) => Promise<void>,
  ): Promise<void> {
    for (const { upload } of objects) upload.settleAt(context);
    const { ledger, bucket, newObjectId } = context;
    const stems = objects.filter(({ upload }) => !upload.hasBegun).map(({ plan }) => plan.stem);
    const sequences =
      stems.length > 0 ? await ledger.lastSequences({ bucket, stems }) : new Map<string, number>();
    await mapConcurrently(objects, uploadsAtOnceMax, (object) =>
      this.#o.uploads.run(async () => {
        const { upload, plan } = object;
        object.handOver();
        if (!upload.hasBegun) {
          const sequence = (sequences.get(plan.stem) ?? 0) + 1;
          const key = keyOf(plan, sequence, this.#o.settings);
          await upload.begin(context, { objectId: newObjectId(), kind: plan.kind, key, sequence });
        }
        await send(object);
        this.#o.onFreed();
      }),
    );
  }
}

/** What the ledger is to know of staged objects. */
export function decidedObjects(objects: readonly OpenObject[]): DecidedObject[] {
  return objects.map(({ plan, rows, upload }) => ({ ...plan, rows, ...upload.result() }));
}

/** Gives uploads up that will not be decided. Best effort: the janitor comes after. */
export async function giveUpUploads(
  context: StageContext,
  objects: readonly OpenObject[],
): Promise<void> {
  for (const { upload } of objects) await upload.giveUp(context).catch(() => undefined);
}

/** The key of an object at its place in the sequence. */
function keyOf({ kind, stem }: ObjectPlan, sequence: number, settings: TaskSettings): string {
  if (kind === "dirty") return dirtyObjectKey(stem, sequence);
  return rowObjectKey(stem, sequence, settings.objectSuffix);
}
