import type { DirtyValue } from "@/lib/core/record";

/** Samples of one batch that go to the database, for the console; all of them go to the object. */
export const dirtySamplesPerBatchMax = 20;

/**
 * The dirty values of an open batch. With a dirty prefix every one is kept as an NDJSON line for the
 * batch's dirty object; without one only the samples are. Bytes count against the batch's size, so
 * that a table of nothing but mismatches seals batches as any other does.
 */
export class DirtyLog {
  readonly samples: DirtyValue[] = [];
  #chunks: Uint8Array[] = [];
  #lines: string[] = [];
  #bytes = 0;
  #count = 0;
  readonly #keepAll: boolean;

  constructor(keepAll: boolean) {
    this.#keepAll = keepAll;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
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
    if (this.#lines.length >= 1_000) this.#pack();
  }

  /** The NDJSON bytes of all values; empty when nothing was dirty or nothing is kept. */
  chunks(): readonly Uint8Array[] {
    this.#pack();
    return this.#chunks;
  }

  /** Strings of a long batch are turned into bytes early: a line as a string costs twice its size. */
  #pack(): void {
    if (this.#lines.length === 0) return;
    this.#chunks.push(Buffer.from(this.#lines.join(""), "utf8"));
    this.#lines = [];
  }
}
