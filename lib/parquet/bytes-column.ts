import { type Bounds, compareBytes, lowerBound, upperBound } from "./bounds";
import { Column, type ColumnContext } from "./column";

/** From here on the runtime's own copy is faster than ours, in spite of the view that it needs. */
const nativeCopyBytesMin = 256;
/** A copy by words may write this much behind a value, and read as much behind its source. */
const wordBytes = 4;

/**
 * BYTE_ARRAY: each value behind its length of 4 bytes. Bounds are kept as places in the open page;
 * the first 4 bytes of each, as a signed number in unsigned order, settle most comparisons.
 */
export class BytesColumn extends Column {
  readonly order = compareBytes;
  private readonly isText: boolean;
  private used = 0;
  private count = 0;
  private minPrefix = 0;
  private minStart = 0;
  private minEnd = 0;
  private maxPrefix = 0;
  private maxStart = 0;
  private maxEnd = 0;

  constructor(context: ColumnContext, isText: boolean) {
    super(context);
    this.isText = isText;
  }

  protected get openBytes(): number {
    return this.used;
  }

  protected get openValues(): number {
    return this.count;
  }

  protected clearValues(): void {
    this.used = 0;
    this.count = 0;
  }

  put(row: number, source: DataView, start: number, end: number): void {
    // `| 0` keeps sums in 32 bits, so that nothing is checked for overflow: all lie within a page.
    const length = (end - start) | 0;
    if (row !== this.next) this.skipTo(row);
    if (((this.used + length + 2 * wordBytes) | 0) > this.capacity) {
      this.makeRoom(length + 2 * wordBytes);
      if (this.capacity > this.pageBytesMax) {
        this.putAlone(row, source, start, length);
        return;
      }
    }
    const at = (this.used + 4) | 0;
    this.view.setInt32(this.used, length, true);
    if (length < nativeCopyBytesMin && end + wordBytes <= source.byteLength) {
      copyWords(source, start, this.view, at, length);
    } else {
      this.buffer.set(new Uint8Array(source.buffer, source.byteOffset + start, length), at);
    }
    this.bound(at, length);
    this.used = (at + length) | 0;
    this.count = (this.count + 1) | 0;
    this.next = (row + 1) | 0;
    if (this.hasNulls) this.markPresent(row);
  }

  /** A value that fills a page by itself: its buffer is given back at once, and not with the next page. */
  private putAlone(row: number, source: DataView, start: number, length: number): void {
    const bytes = new Uint8Array(source.buffer, source.byteOffset + start, length);
    this.view.setInt32(0, length, true);
    this.buffer.set(bytes, wordBytes);
    this.bound(wordBytes, length);
    this.used = wordBytes + length;
    this.count = 1;
    this.next = row + 1;
    if (this.hasNulls) this.markPresent(row);
    this.closePage();
  }

  private bound(start: number, length: number): void {
    const prefix = this.prefixOf(start, length);
    const end = start + length;
    if (this.count === 0) {
      this.minPrefix = prefix;
      this.minStart = start;
      this.minEnd = end;
      this.maxPrefix = prefix;
      this.maxStart = start;
      this.maxEnd = end;
      return;
    }
    if (
      prefix < this.minPrefix ||
      (prefix === this.minPrefix && this.compare(start, end, this.minStart, this.minEnd) < 0)
    ) {
      this.minPrefix = prefix;
      this.minStart = start;
      this.minEnd = end;
    }
    if (
      prefix > this.maxPrefix ||
      (prefix === this.maxPrefix && this.compare(start, end, this.maxStart, this.maxEnd) > 0)
    ) {
      this.maxPrefix = prefix;
      this.maxStart = start;
      this.maxEnd = end;
    }
  }

  /** The first 4 bytes, zeros where there are fewer, as a number that orders like them. */
  private prefixOf(start: number, length: number): number {
    const word = this.view.getInt32(start, false);
    if (length >= 4) return word ^ 0x80000000;
    if (length === 0) return -0x80000000;
    return (word & (-1 << (32 - 8 * length))) ^ 0x80000000;
  }

  private compare(aStart: number, aEnd: number, bStart: number, bEnd: number): number {
    const { view } = this;
    const shared = Math.min(aEnd - aStart, bEnd - bStart);
    let at = 0;
    while (
      at + 4 <= shared &&
      view.getInt32(aStart + at, false) === view.getInt32(bStart + at, false)
    ) {
      at += 4;
    }
    for (; at < shared; at++) {
      const difference = view.getUint8(aStart + at) - view.getUint8(bStart + at);
      if (difference !== 0) return difference;
    }
    return aEnd - aStart - (bEnd - bStart);
  }

  protected takeBounds(): Bounds {
    if (this.count === 0) return { min: null, max: null };
    return {
      min: lowerBound(this.buffer.subarray(this.minStart, this.minEnd), this.isText),
      max: upperBound(this.buffer.subarray(this.maxStart, this.maxEnd), this.isText),
    };
  }
}

/** Copies whole words: up to three bytes too many, which the next value overwrites. */
function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  const end = (start + length) | 0;
  const ahead = (at - start) | 0;
  for (let word = start; word < end; word = (word + 4) | 0) {
    to.setInt32((word + ahead) | 0, from.getInt32(word, true), true);
  }
}
