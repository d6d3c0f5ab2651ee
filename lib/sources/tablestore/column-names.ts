import { isUtf8 } from "node:buffer";
import { crc8Range } from "@/lib/tablestore/crc8";

/**
 * Names of columns by number, found by their bytes as they stand in a record. Names given at the
 * start keep their place as number; others are learned as they are met, up to `learnedMax`.
 *
 * Records of a table mostly hold the same columns in the same order, so the column that followed last
 * time is tried first; a hash table answers the rest.
 */
export class ColumnNames {
  /** Checksum of each name. */
  readonly checksums: Uint8Array;
  /** Columns known by now. */
  count = 0;
  private readonly lengths: Int32Array;
  private readonly starts: Int32Array;
  /** The names' bytes, each padded with zeros to whole words. */
  private pool = new DataView(new ArrayBuffer(1024));
  private poolUsed = 0;
  /** Open addressing; a slot holds a column's number + 1. */
  private readonly slots: Int32Array;
  /** The column that followed column i last is followers[i + 1]; the first of a record is followers[0]. */
  readonly followers: Int32Array;
  private readonly capacity: number;

  constructor(known: readonly string[], learnedMax: number) {
    this.capacity = known.length + learnedMax;
    this.checksums = new Uint8Array(this.capacity);
    this.lengths = new Int32Array(this.capacity);
    this.starts = new Int32Array(this.capacity);
    this.followers = new Int32Array(this.capacity + 1);
    let slots = 16;
    while (slots < this.capacity * 2) slots *= 2;
    this.slots = new Int32Array(slots);
    for (const name of known) {
      // A word of slack, because names are read by words.
      const bytes = Buffer.concat([Buffer.from(name, "utf8"), Buffer.alloc(4)]);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.learn(view, 0, bytes.length - 4);
    }
  }

  /**
   * The number of the column whose name is view[start, start + length), learned if it is new; `previous`
   * is the column before it in the record, or -1. At least 3 bytes must follow the name. -1: the name is
   * not UTF-8. -2: no room to learn it.
   */
  find(view: DataView, start: number, length: number, previous: number): number {
    const place = previous < 0 ? 0 : previous + 1;
    const guess = this.followers[place] as number;
    if (this.lengths[guess] === length && this.isName(guess, view, start, length)) return guess;
    const found = this.lookUp(view, start, length);
    if (found >= 0) this.followers[place] = found;
    return found;
  }

  nameOf(column: number): string {
    const start = this.pool.byteOffset + (this.starts[column] as number);
    return Buffer.from(this.pool.buffer, start, this.lengths[column]).toString("utf8");
  }

  private lookUp(view: DataView, start: number, length: number): number {
    const mask = this.slots.length - 1;
    let slot = hashName(view, start, length) & mask;
    for (;;) {
      const column = (this.slots[slot] as number) - 1;
      if (column < 0) break;
      if (this.lengths[column] === length && this.isName(column, view, start, length)) {
        return column;
      }
      slot = (slot + 1) & mask;
    }
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, length);
    if (!isUtf8(bytes)) return -1;
    return this.count === this.capacity ? -2 : this.learn(view, start, length);
  }

  private isName(column: number, view: DataView, start: number, length: number): boolean {
    const { pool } = this;
    let name = this.starts[column] as number;
    let at = start;
    const lastWord = start + length - 4;
    while (at <= lastWord) {
      if (view.getInt32(at, true) !== pool.getInt32(name, true)) return false;
      at += 4;
      name += 4;
    }
    const rest = start + length - at;
    if (rest === 0) return column < this.count;
    const mask = (1 << (rest * 8)) - 1;
    return (view.getInt32(at, true) & mask) === pool.getInt32(name, true) && column < this.count;
  }

  private learn(view: DataView, start: number, length: number): number {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, length);
    const column = this.count++;
    const padded = (length + 3) & ~3;
    this.growPool(padded);
    new Uint8Array(this.pool.buffer).set(bytes, this.poolUsed);
    this.starts[column] = this.poolUsed;
    this.lengths[column] = length;
    this.checksums[column] = crc8Range(0, bytes, 0, length);
    this.poolUsed += padded;
    const mask = this.slots.length - 1;
    let slot = hashName(view, start, length) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = column + 1;
    return column;
  }

  private growPool(bytes: number): void {
    const needed = this.poolUsed + bytes;
    if (needed <= this.pool.byteLength) return;
    const larger = new Uint8Array(Math.max(needed, this.pool.byteLength * 2));
    larger.set(new Uint8Array(this.pool.buffer));
    this.pool = new DataView(larger.buffer);
  }
}

function hashName(view: DataView, start: number, length: number): number {
  let hash = length;
  let at = start;
  const lastWord = start + length - 4;
  while (at <= lastWord) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
    at += 4;
  }
  const rest = start + length - at;
  if (rest > 0) {
    hash = Math.imul(hash ^ (view.getInt32(at, true) & ((1 << (rest * 8)) - 1)), 0x9e3779b1);
  }
  return hash ^ (hash >>> 16);
}
