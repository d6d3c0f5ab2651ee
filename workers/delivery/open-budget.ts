/** No share is smaller: objects would become tiny and many, which costs more memory than it saves. */
const shareBytesMin = 1024 * 1024;

/**
 * The memory of all open batches of a worker. As long as it is enough, each channel may take what it
 * likes, so that one busy channel among many idle ones still makes large objects. Once it is used up,
 * every channel above its fair share has to seal; those below it are left alone.
 */
export class OpenBudget {
  readonly #bytesMax: number;
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What a channel holds now, from its first row until its batch is decided; 0 when it holds nothing. */
  hold(channelKey: string, bytes: number): void {
    this.#total += bytes - (this.#held.get(channelKey) ?? 0);
    if (bytes === 0) this.#held.delete(channelKey);
    else this.#held.set(channelKey, bytes);
  }

  /** The most that any one batch may hold at the moment. */
  batchBytesMax(): number {
    if (this.#total < this.#bytesMax) return Number.POSITIVE_INFINITY;
    return Math.max(shareBytesMin, Math.floor(this.#bytesMax / this.#held.size));
  }
}
