import { AppError } from "@/lib/core/error";
import type { RecordPage } from "@/lib/core/ports/table-source";
import { MessageError } from "@/lib/tablestore/messages";
import { type ReadRecordsTail, walkRecords } from "@/lib/tablestore/read-records";
import { finishedToken } from "@/lib/tablestore/token";

/** Where clients draw the line when the service does not say whether there is more (reference 4.4). */
const fullPageRecords = 500;
const fullPageBytes = 900 * 1024;

/**
 * A ReadRecords response as the service sent it, with an index over its records made by one walk.
 * Record i has the action `actions[i]` (put 1, update 2, delete 3) and its PlainBuffer row, with
 * header, at body[starts[i], ends[i]). The index arrays may be longer than `recordCount`.
 */
export class TablestoreRecordPage implements RecordPage {
  readonly body: Uint8Array;
  readonly recordCount: number;
  readonly actions: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly next: string;
  readonly finished: boolean;
  readonly mayHaveMore: boolean;

  /** Throws AppError `source.record_corrupt` when the body is not a ReadRecords response. */
  constructor(body: Uint8Array) {
    const index = new RecordIndex(body.length);
    const tail = walk(body, index);
    this.body = body;
    this.recordCount = index.count;
    this.actions = index.actions;
    this.starts = index.starts;
    this.ends = index.ends;
    this.next = tail.nextToken;
    this.finished = tail.nextToken === finishedToken;
    this.mayHaveMore =
      !this.finished &&
      (tail.mayMoreRecord ?? (index.count > fullPageRecords || body.length > fullPageBytes));
  }

  get byteLength(): number {
    return this.body.length;
  }
}

function walk(body: Uint8Array, index: RecordIndex): ReadRecordsTail {
  try {
    return walkRecords(body, (action, start, end) => index.add(action, start, end));
  } catch (cause) {
    if (!(cause instanceof MessageError)) throw cause;
    throw new AppError("source.record_corrupt", cause.message, {
      details: { reason: cause.message },
      cause,
    });
  }
}

/** Smaller rows than this are rare enough that the index may grow for them. */
const typicalRecordBytes = 128;

class RecordIndex {
  count = 0;
  actions: Uint8Array;
  starts: Uint32Array;
  ends: Uint32Array;

  constructor(bodyLength: number) {
    const capacity = Math.ceil(bodyLength / typicalRecordBytes) + 1;
    this.actions = new Uint8Array(capacity);
    this.starts = new Uint32Array(capacity);
    this.ends = new Uint32Array(capacity);
  }

  add(action: number, start: number, end: number): void {
    if (this.count === this.actions.length) this.grow();
    this.actions[this.count] = action;
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  private grow(): void {
    const capacity = this.actions.length * 2;
    const { actions, starts, ends } = this;
    this.actions = new Uint8Array(capacity);
    this.starts = new Uint32Array(capacity);
    this.ends = new Uint32Array(capacity);
    this.actions.set(actions);
    this.starts.set(starts);
    this.ends.set(ends);
  }
}
