import type { DirtyValue } from "@/lib/core/record";
import type { ObjectContent } from "./open-object";

/** Samples of one batch that go to the database, for the console; all of them go to the object. */
export const dirtySamplesPerBatchMax = 20;

const linesMax = 1_000;
const lineBytesMax = 64 * 1024;

/**
 * The dirty values of an open batch. With a dirty prefix every one is kept as an NDJSON line for the
 * batch's dirty object; without one only the samples are. Bytes count against the batch's size, so
 * that a table of nothing but mismatches seals batches as any other does.
 */
export class DirtyLog implements ObjectContent {
  readonly samples: DirtyValue[] = [];
  #chunks: Uint8Array[] = [];
  #lines: string[] = [];
  #lineBytes = 0;
  #closedBytes = 0;
  #bytes = 0;
  #count = 0;
  readonly #keepAll: boolean;

  constructor(keepAll: boolean) {
    this.#keepAll = keepAll;
  }

  get estimatedBytes(): number {
    return this.#bytes;
  }

  get bufferedBytes(): number {
    return this.#closedBytes + this.#lineBytes;
  }

  get closedBytes(): number {
    return this.#closedBytes;
  }

  /** Dirty values: one line each. */
  get rowCount(): number {
    return this.#count;
  }

  /** An object has to be made of it. */
  get isKept(): boolean {
    return this.#keepAll && this.#count > 0;
  }

  /** `render` gives the value as people see it; it is not called once nothing would be kept of it. */
  add(render: () => DirtyValue): void {
    this.#count += 1;
    const sampled = this.samples.length < dirtySamplesPerBatchMax;
    if (!sampled && !this.#keepAll) return;
    const value = render();
    if (sampled) this.samples.push(value);
    if (!this.#keepAll) return;
    const line = `${JSON.stringify(value)}\n`;
    this.#lines.push(line);
    this.#bytes += line.length;
    this.#lineBytes += line.length;
    if (this.#lines.length >= linesMax || this.#lineBytes >= lineBytesMax) this.#pack();
  }

  takeClosed(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#closedBytes = 0;
    return chunks;
  }

  async finish(): Promise<Uint8Array[]> {
    this.#pack();
    return this.takeClosed();
  }

  /** Strings of a long batch are turned into bytes early: a line as a string costs twice its size. */
  #pack(): void {
    if (this.#lines.length === 0) return;
    const chunk = Buffer.from(this.#lines.join(""), "utf8");
    this.#chunks.push(chunk);
    this.#closedBytes += chunk.byteLength;
    this.#lines = [];
    this.#lineBytes = 0;
  }
}
