const lineFeed = 10;
const empty = new Uint8Array();

/** A line without its line feed: bytes [start, end) of `bytes`, which are the caller's until the next one. */
export type TakeLine = (bytes: Uint8Array, start: number, end: number, line: number) => void;

/**
 * Cuts a stream of bytes into lines at line feeds, counted from 1. A line longer than `bytesMax` is given
 * once, cut, and what follows of it is dropped, so that no body fills the memory.
 */
export class ByteLines {
  readonly #bytesMax: number;
  readonly #take: TakeLine;
  #rest: Uint8Array = empty;
  #line = 1;
  #isDropping = false;

  constructor(bytesMax: number, take: TakeLine) {
    this.#bytesMax = bytesMax;
    this.#take = take;
  }

  push(piece: Uint8Array): void {
    let start = 0;
    for (let end = piece.indexOf(lineFeed); end !== -1; end = piece.indexOf(lineFeed, start)) {
      this.#end(piece, start, end);
      start = end + 1;
    }
    if (start < piece.byteLength) this.#keep(piece.subarray(start));
  }

  /** What stands after the last line feed is a line too. */
  end(): void {
    if (this.#rest.byteLength > 0) this.#end(empty, 0, 0);
  }

  #end(piece: Uint8Array, start: number, end: number): void {
    const line = this.#line++;
    const rest = this.#rest;
    this.#rest = empty;
    if (this.#isDropping) this.#isDropping = false;
    else if (rest.byteLength === 0) this.#take(piece, start, end, line);
    else {
      const whole = Buffer.concat([rest, piece.subarray(start, end)]);
      this.#take(whole, 0, whole.byteLength, line);
    }
  }

  #keep(rest: Uint8Array): void {
    if (this.#isDropping) return;
    // A copy: the piece's memory is its owner's again after `push`.
    this.#rest = Buffer.concat([this.#rest, rest]);
    if (this.#rest.byteLength <= this.#bytesMax) return;
    this.#take(this.#rest, 0, this.#rest.byteLength, this.#line);
    this.#rest = empty;
    this.#isDropping = true;
  }
}
