import { invariant } from "@/lib/core/error";
import type { DecidedObject } from "@/lib/core/ports/ledger";
import type { TaskSettings } from "@/lib/core/task";
import type { Limit } from "./limit";
import { mapConcurrently } from "./map-concurrently";
import { keyOf, type SealedObject } from "./open-rows";
import { giveUpUpload, type StageContext, stageObject } from "./stage-object";

/** Uploads of one channel at a time; `Limit` bounds those of all channels. */
const uploadsAtOnceMax = 4;

/**
 * A sealed batch on its way into the bucket: which objects it becomes, and which of them are uploaded.
 * `stage` may be asked again after it failed, and then goes on where it stopped.
 */
export class StagedBatch {
  readonly #sealed: readonly SealedObject[];
  readonly #settings: TaskSettings;
  readonly #uploads: Limit;
  readonly #staged = new Map<SealedObject, DecidedObject>();
  #place: { location: string; bucket: string } | null = null;
  #sequences: ReadonlyMap<string, number> = new Map();

  constructor(sealed: readonly SealedObject[], settings: TaskSettings, uploads: Limit) {
    this.#sealed = sealed;
    this.#settings = settings;
    this.#uploads = uploads;
  }

  async stage(context: StageContext): Promise<void> {
    await this.#settleAt(context);
    await mapConcurrently(this.#sealed, uploadsAtOnceMax, async (sealed) => {
      if (this.#staged.has(sealed)) return;
      const sequence = (this.#sequences.get(sealed.stem) ?? 0) + 1;
      const key = keyOf(sealed, sequence, this.#settings);
      const staged = await this.#uploads.run(() =>
        stageObject(context, { ...sealed, sequence, key }),
      );
      this.#staged.set(sealed, staged);
    });
  }

  /** All objects, once every one of them is uploaded. */
  objects(): DecidedObject[] {
    return this.#sealed.map((sealed) => {
      const object = this.#staged.get(sealed);
      invariant(object, "Every object of a batch is staged before it is decided");
      return object;
    });
  }

  /** Gives the uploads up, of a batch that will not be decided. Best effort: the janitor comes after. */
  async drop(context: Pick<StageContext, "store" | "ledger" | "workerId">): Promise<void> {
    for (const object of this.#staged.values())
      await giveUpUpload(context, object).catch(() => undefined);
    this.#staged.clear();
  }

  /** Somebody may have mended the destination between two tries: what lies elsewhere is of no use. */
  async #settleAt(context: StageContext): Promise<void> {
    const { location, bucket, ledger } = context;
    if (this.#place?.location === location && this.#place.bucket === bucket) return;
    const stems = this.#sealed.map(({ stem }) => stem);
    this.#sequences = await ledger.lastSequences({ bucket, stems });
    this.#staged.clear();
    this.#place = { location, bucket };
  }
}
