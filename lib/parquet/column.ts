import { invariant } from "@/lib/core/error";
import type { BoundOrder, Bounds } from "./bounds";
import { buildPage, type Page } from "./page";
import type { PageCompressor } from "./page-compression";
import { allocateUnzeroed } from "./unzeroed";

/** What the columns of one object share. */
export type ColumnContext = {
  readonly compressor: PageCompressor;
  /**
   * Columns of a wide table fill their pages at the same time, and a thousand pages closed at once hold
   * the event loop: each column has its own phase, by the length of its first page in a row group.
   */
  readonly nextPhase: () => number;
  /** Read whenever a page grows: its owner may change it between two rows. */
  readonly limits: { readonly pageBytesMax: number };
  /** Bytes of finished pages in the open row group, over all columns. */
  closedBytes: number;
  closedPages: number;
  /** Memory of the open pages, with their slack. */
  bufferBytes: number;
};

// Hundreds of objects may be open at once with a few values each, so buffers start small.
const initialBufferBytes = 256;
const initialPresenceBytes = 32;
const nothing = new Uint8Array(0);
const nothingView = new DataView(nothing.buffer);

/**
 * One column of the open row group: finished pages, and the open page as PLAIN bytes. Rows are
 * numbered within the row group and only go up. A row that is skipped is null, and costs nothing
 * until the next value comes. Buffers outlive pages and row groups.
 *
 * 1. [pageStart, next) are the rows of the open page; rows from `next` on are still unknown.
 * 2. While `hasNulls` is false all of them hold a value; else `presence` has their bits, and every
 *    bit from `next` on is zero.
 */
export abstract class Column {
  abstract readonly order: BoundOrder;
  pages: Page[] = [];
  private readonly context: ColumnContext;
  private readonly pagesPerLimit: number;
  /** In (0, 1]: how much of a page the first one of a row group holds. */
  private readonly phase: number;
  protected buffer = nothing;
  protected view = nothingView;
  /** The buffer's length, as a field of its own because every put asks for it. */
  protected capacity = 0;
  protected next = 0;
  private pageStart = 0;
  protected hasNulls = false;
  private presence = nothing;
  private pagesBytes = 0;
  private pagesUncompressedBytes = 0;

  /**
   * A page closes when the next value would take it beyond the limit, or beyond that fraction of it; a
   * longer value has a page of its own.
   */
  constructor(context: ColumnContext, pagesPerLimit = 1) {
    this.context = context;
    this.pagesPerLimit = pagesPerLimit;
    this.phase = context.nextPhase();
  }

  protected get pageBytesMax(): number {
    const bytes = Math.ceil(this.context.limits.pageBytesMax / this.pagesPerLimit);
    return this.pages.length === 0 ? Math.ceil(bytes * this.phase) : bytes;
  }

  /** What the open page would add to the object, if it compressed like the pages before it. */
  get estimatedOpenBytes(): number {
    if (this.pagesBytes === 0) return this.openBytes;
    return Math.ceil((this.openBytes * this.pagesBytes) / this.pagesUncompressedBytes);
  }

  protected abstract get openBytes(): number;
  protected abstract get openValues(): number;
  /** Bounds of the open page's values, which are forgotten. */
  protected abstract takeBounds(): Bounds;
  protected abstract clearValues(): void;

  /** Makes all rows before `row` null that are not there yet. */
  protected skipTo(row: number): void {
    invariant(row > this.next, "A row was put into a column twice");
    const rows = this.next - this.pageStart;
    if (!this.hasNulls) {
      this.growPresence(rows);
      this.presence.fill(0xff, 0, rows >>> 3);
      if (rows & 7) this.presence[rows >>> 3] = (1 << (rows & 7)) - 1;
      this.hasNulls = true;
    }
    this.next = row;
  }

  /** Notes that `row` holds a value. Needed only where `hasNulls` is true. */
  protected markPresent(row: number): void {
    const bit = row - this.pageStart;
    if (bit >>> 3 >= this.presence.length) this.growPresence(bit);
    this.presence[bit >>> 3] = (this.presence[bit >>> 3] as number) | (1 << (bit & 7));
  }

  /** Makes `bytes` more bytes fit behind the used ones, by growing the buffer or closing the page. */
  protected makeRoom(bytes: number): void {
    if (this.openBytes > 0 && this.openBytes + bytes > this.pageBytesMax) this.closePage();
    // Of the next page, if one was closed.
    const { pageBytesMax } = this;
    const needed = this.openBytes + bytes;
    if (needed <= this.buffer.length && this.openBytes === 0 && needed <= pageBytesMax) {
      // A buffer of an earlier page: the first of a row group fills a part of it.
      this.capacity = Math.min(this.buffer.length, pageBytesMax);
      return;
    }
    let size = Math.max(this.buffer.length, initialBufferBytes);
    while (size < needed) size *= 2;
    this.resize(needed <= pageBytesMax ? Math.min(size, pageBytesMax) : needed);
  }

  /** Gives back memory beyond the limit, which may have come down since the page was begun. */
  trim(): void {
    const { pageBytesMax, openBytes } = this;
    if (this.buffer.length <= Math.max(pageBytesMax, initialBufferBytes)) return;
    if (openBytes > pageBytesMax) this.closePage();
    else this.resize(Math.max(openBytes, initialBufferBytes));
  }

  /** Ends the row group at `rows` rows and gives its pages. The column is empty afterwards. */
  finishRowGroup(rows: number): Page[] {
    if (rows > this.next) {
      if (this.openValues > 0) this.skipTo(rows);
      this.next = rows;
    }
    this.closePage();
    const { pages } = this;
    this.pages = [];
    this.capacity = Math.min(this.buffer.length, this.pageBytesMax);
    this.next = 0;
    this.pageStart = 0;
    return pages;
  }

  protected closePage(): void {
    const rows = this.next - this.pageStart;
    if (rows === 0) return;
    const values = this.openValues;
    const presenceBytes = this.hasNulls ? Math.min((rows + 7) >>> 3, this.presence.length) : 0;
    const content = {
      body: this.buffer.subarray(0, this.openBytes),
      presence: this.hasNulls ? this.presenceOf(rows) : null,
      rows,
      values,
    };
    const built = buildPage(content, this.context.compressor);
    const bounds = this.takeBounds();
    this.pages.push({ ...built, firstRow: this.pageStart, rows, values, bounds });
    this.context.closedBytes += built.bytes.length;
    this.context.closedPages += 1;
    this.pagesBytes += built.bytes.length;
    this.pagesUncompressedBytes += built.uncompressedBytes;
    this.clearValues();
    this.presence.fill(0, 0, presenceBytes);
    this.hasNulls = false;
    this.pageStart = this.next;
    // One long value made it, or the limit came down.
    if (this.buffer.length > this.pageBytesMax) this.resize(0);
  }

  /** The presence of the page's rows; trailing nulls may never have needed their bits. */
  private presenceOf(rows: number): Uint8Array {
    if (this.presence.length * 8 < rows) this.growPresence(rows);
    return this.presence;
  }

  private growPresence(bit: number): void {
    let size = Math.max(this.presence.length, initialPresenceBytes);
    while (size * 8 <= bit) size *= 2;
    if (size === this.presence.length) return;
    const larger = new Uint8Array(size);
    larger.set(this.presence);
    this.context.bufferBytes += size - this.presence.length;
    this.presence = larger;
  }

  private resize(size: number): void {
    const used = Math.min(this.openBytes, size);
    const buffer = allocateUnzeroed(size);
    buffer.set(this.buffer.subarray(0, used));
    this.context.bufferBytes += size - this.buffer.length;
    this.buffer = buffer;
    this.capacity = size;
    this.view = new DataView(buffer.buffer);
  }
}
