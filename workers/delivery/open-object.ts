import type { DecidedObject } from "@/lib/core/ports/ledger";
import { ObjectUpload } from "./stage-object";

/** Makes the bytes of an object, of which it gives finished ones away early. */
export interface ObjectContent {
  readonly rowCount: number;
  /** Memory held now. */
  readonly bufferedBytes: number;
  /** Finished bytes that nobody took. */
  readonly closedBytes: number;
  /** Size of the object, were it finished now. */
  readonly estimatedBytes: number;
  takeClosed(): Uint8Array[];
  /** The rest, to the object's end. */
  finish(footer: Readonly<Record<string, string>>): Promise<Uint8Array[]>;
}

/** What an object is, but for its place in the sequence, which only the ledger knows. */
export type ObjectPlan = Pick<DecidedObject, "kind" | "partition" | "stem">;

/** An object of an open batch: what makes its bytes, and the upload that takes them. */
export class OpenObject {
  readonly plan: ObjectPlan;
  readonly upload: ObjectUpload;
  readonly #content: ObjectContent;
  #isFinished = false;
  #isSpoiled = false;

  constructor(plan: ObjectPlan, content: ObjectContent, partBytesMin: number) {
    this.plan = plan;
    this.upload = new ObjectUpload(partBytesMin);
    this.#content = content;
  }

  get rows(): number {
    return this.#content.rowCount;
  }

  get heldBytes(): number {
    return this.#content.bufferedBytes + this.upload.pendingBytes;
  }

  get estimatedBytes(): number {
    return this.#content.estimatedBytes;
  }

  /** It has what an upload's part needs. */
  get hasWholePart(): boolean {
    return this.upload.makesPartWith(this.#content.closedBytes);
  }

  /** Its end failed half-way: it can neither be finished nor go on. */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  /** Gives finished bytes to the upload. */
  handOver(): void {
    this.upload.push(this.#content.takeClosed());
  }

  /** Forgets finished bytes, of an object that is made again and needs no upload. */
  discard(): void {
    this.#content.takeClosed();
  }

  /** Gives all bytes to the upload; no row may come after. */
  async finish(footer: Readonly<Record<string, string>>): Promise<void> {
    if (this.#isFinished) return;
    this.handOver();
    this.#isSpoiled = true;
    this.upload.push(await this.#content.finish(footer));
    this.#isSpoiled = false;
    this.#isFinished = true;
  }
}
