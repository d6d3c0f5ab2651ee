import { type Bounds, compareBytes, compareDouble, compareInt64 } from "./bounds";
import { Column, type ColumnContext } from "./column";

const highMax = 0x7fffffff;
const highMin = -0x80000000;

/** The smallest and the largest of 64-bit keys, signed, each in two 32-bit halves. */
abstract class Fixed64Column extends Column {
  protected used = 0;
  private minHigh = highMax;
  private minLow = -1;
  private maxHigh = highMin;
  private maxLow = 0;

  protected get openBytes(): number {
    return this.used;
  }

  protected get openValues(): number {
    return this.used >>> 3;
  }

  protected clearValues(): void {
    this.used = 0;
  }

  protected store(row: number, low: number, high: number): void {
    if (row !== this.next) this.skipTo(row);
    if (((this.used + 8) | 0) > this.capacity) this.makeRoom(8);
    const { used, view } = this;
    view.setInt32(used, low, true);
    view.setInt32((used + 4) | 0, high, true);
    this.used = (used + 8) | 0;
    this.next = (row + 1) | 0;
    if (this.hasNulls) this.markPresent(row);
  }

  protected bound(low: number, high: number): void {
    if (high <= this.minHigh && (high < this.minHigh || low >>> 0 < this.minLow >>> 0)) {
      this.minHigh = high;
      this.minLow = low;
    }
    if (high >= this.maxHigh && (high > this.maxHigh || low >>> 0 > this.maxLow >>> 0)) {
      this.maxHigh = high;
      this.maxLow = low;
    }
  }

  /** Null when no key was bounded since the last call. */
  protected takeKeys(): { min: Uint8Array; max: Uint8Array } | null {
    const { minHigh, minLow, maxHigh, maxLow } = this;
    this.minHigh = highMax;
    this.minLow = -1;
    this.maxHigh = highMin;
    this.maxLow = 0;
    const unbounded = minHigh > maxHigh || (minHigh === maxHigh && minLow >>> 0 > maxLow >>> 0);
    return unbounded ? null : { min: bytesOf(minLow, minHigh), max: bytesOf(maxLow, maxHigh) };
  }
}

/** INT64. No BigInt comes near a value: comparing halves is what keeps statistics cheap. */
export class Int64Column extends Fixed64Column {
  readonly order = compareInt64;

  put(row: number, source: DataView, offset: number): void {
    const low = source.getInt32(offset, true);
    const high = source.getInt32((offset + 4) | 0, true);
    this.store(row, low, high);
    this.bound(low, high);
  }

  protected takeBounds(): Bounds {
    return exactBounds(this.takeKeys());
  }
}

/**
 * DOUBLE. Values are compared as integers: with the other bits of negative numbers flipped, IEEE 754
 * doubles order like signed integers. The bits are never read as a number, so every NaN stays itself.
 */
export class DoubleColumn extends Fixed64Column {
  readonly order = compareDouble;

  put(row: number, source: DataView, offset: number): void {
    const low = source.getInt32(offset, true);
    const high = source.getInt32((offset + 4) | 0, true);
    this.store(row, low, high);
    const magnitude = high & 0x7fffffff;
    // NaN is outside of every order; the format keeps it out of bounds.
    if (magnitude > 0x7ff00000 || (magnitude === 0x7ff00000 && low !== 0)) return;
    const negative = high >> 31;
    this.bound(low ^ negative, high ^ (negative >>> 1));
  }

  protected takeBounds(): Bounds {
    const keys = this.takeKeys();
    if (keys === null) return { min: null, max: null };
    const min = doubleOf(keys.min);
    const max = doubleOf(keys.max);
    // Readers may look for either zero: the format wants -0 as a minimum and +0 as a maximum.
    if (isZero(min)) min[7] = 0x80;
    if (isZero(max)) max[7] = 0;
    return exactBounds({ min, max });
  }
}

/** BOOLEAN, a bit per value, least significant first. */
export class BooleanColumn extends Column {
  readonly order = compareBytes;
  private count = 0;
  private trues = 0;

  constructor(context: ColumnContext) {
    // A bit a value: a page as long as other columns' would span so many rows that its index is blunt.
    super(context, 16);
  }

  protected get openBytes(): number {
    return (this.count + 7) >>> 3;
  }

  protected get openValues(): number {
    return this.count;
  }

  protected clearValues(): void {
    this.count = 0;
    this.trues = 0;
  }

  put(row: number, value: boolean): void {
    if (row !== this.next) this.skipTo(row);
    if ((this.count & 7) === 0 && this.count >>> 3 >= this.capacity) this.makeRoom(1);
    const at = this.count >>> 3;
    const bit = this.count & 7;
    const before = bit === 0 ? 0 : (this.buffer[at] as number);
    const one = value ? 1 : 0;
    this.buffer[at] = before | (one << bit);
    this.count++;
    this.trues += one;
    this.next = row + 1;
    if (this.hasNulls) this.markPresent(row);
  }

  protected takeBounds(): Bounds {
    if (this.count === 0) return { min: null, max: null };
    return exactBounds({
      min: Uint8Array.of(this.trues === this.count ? 1 : 0),
      max: Uint8Array.of(this.trues > 0 ? 1 : 0),
    });
  }
}

function exactBounds(keys: { min: Uint8Array; max: Uint8Array } | null): Bounds {
  if (keys === null) return { min: null, max: null };
  return { min: { bytes: keys.min, exact: true }, max: { bytes: keys.max, exact: true } };
}

function bytesOf(low: number, high: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, low, true);
  view.setInt32(4, high, true);
  return bytes;
}

/** Turns a key back into the double that it stands for: all but the sign bit was flipped. */
function doubleOf(key: Uint8Array): Uint8Array {
  const negative = (key[7] as number) >= 0x80;
  return negative ? key.map((byte, at) => byte ^ (at === 7 ? 0x7f : 0xff)) : key;
}

function isZero(double: Uint8Array): boolean {
  return double.every((byte, at) => (at === 7 ? (byte & 0x7f) === 0 : byte === 0));
}
