import { zeroCounts } from "@/lib/core/account";
import { AppError, invariant } from "@/lib/core/error";
import type { RowRouter } from "@/lib/core/ports/row-target";
import type {
  DecodedPage,
  RecordCounts,
  RecordDecoder,
  RecordPage,
  TunnelCheckpoint,
} from "@/lib/core/ports/table-source";
import type { SchemaMapping } from "@/lib/core/schema-mapping";

export const finishedToken = "finished";
/** The task's flush time. */
export const flushMs = 1_000;

/** Number `n` of its channel; `id` is unique in the world. From some record on they have a column more. */
export type SimulatedRecord = {
  readonly id: number;
  readonly writtenAtMs: number;
  readonly kind: "row" | "delete" | "dirty";
  readonly hasExtra: boolean;
};

export const schemaVersionOne: SchemaMapping = {
  kind: "auto",
  version: 1,
  columns: [{ source: "id", name: "id", type: "INT64", encoding: "PLAIN" }],
  metadataColumns: [],
};

class SimulatedPage implements RecordPage {
  readonly records: readonly SimulatedRecord[];
  readonly recordCount: number;
  readonly byteLength = 0;
  readonly next: string;
  readonly finished: boolean;
  readonly mayHaveMore: boolean;

  constructor(records: readonly SimulatedRecord[], next: string, mayHaveMore: boolean) {
    this.records = records;
    this.recordCount = records.length;
    this.next = next;
    this.finished = next === finishedToken;
    this.mayHaveMore = mayHaveMore;
  }
}

/** One channel at its tunnel. What was acked is trimmed: nobody can read it again. */
export class SimulatedChannel {
  readonly records: readonly SimulatedRecord[];
  /** Records before this one are gone. */
  trimmed = 0;
  /** When record number n was first read. */
  readonly readAtMs = new Map<number, number>();
  checkpoint = "0";
  sequenceNumber = 0n;

  constructor(records: readonly SimulatedRecord[]) {
    this.records = records;
  }

  read(token: string, recordsMax: number, nowMs: number): RecordPage {
    if (token === finishedToken) return new SimulatedPage([], finishedToken, false);
    const from = Number(token);
    if (from < this.trimmed)
      throw new AppError("source.tunnel_expired", `Records before ${this.trimmed} are gone`);
    const written = this.records.filter(({ writtenAtMs }) => writtenAtMs <= nowMs).length;
    const records = this.records.slice(from, Math.min(from + recordsMax, written));
    const end = from + records.length;
    for (let at = from; at < end; at += 1) this.readAtMs.set(at, this.readAtMs.get(at) ?? nowMs);
    // The end is seen by a read of its own as often as with the last records.
    const isEnd = end === this.records.length && (records.length === 0 || recordsMax % 2 === 0);
    return new SimulatedPage(records, isEnd ? finishedToken : String(end), end < written);
  }

  /** A compare-and-swap; the adapter takes a repetition of the stored checkpoint for success. */
  write({ checkpoint, sequenceNumber }: TunnelCheckpoint): void {
    if (sequenceNumber === this.sequenceNumber + 1n) {
      this.checkpoint = checkpoint;
      this.sequenceNumber = sequenceNumber;
      this.trimmed = this.consumedBy(checkpoint);
    } else if (checkpoint !== this.checkpoint) {
      throw new AppError("source.checkpoint_ahead", "Another checkpoint is stored");
    }
  }

  consumedBy(token: string): number {
    return token === finishedToken ? this.records.length : Number(token);
  }
}

/** Folders are chosen by the write time, which is the record's id here. */
export const partitionOf = (id: number): string => `sim/p=${Math.floor(id / 4) % 3}`;

const noPlace = { describePlace: () => ({ key: null, position: null }) };

export function createSimulatedDecoder(mapping: SchemaMapping): RecordDecoder {
  const extra = mapping.columns.findIndex(({ source }) => source === "extra");
  const scratch = new DataView(new ArrayBuffer(8));
  return {
    decode(page: RecordPage): DecodedPage {
      invariant(page instanceof SimulatedPage, "A page of the simulation");
      const { records } = page;
      const isUnseen = extra < 0 && records.some((one) => one.hasExtra && one.kind === "row");
      return {
        recordCount: records.length,
        unseenColumns: isUnseen ? [{ name: "extra", type: "integer" }] : [],
        append: (from, count, router) => append(records.slice(from, from + count), router),
      };
    },
  };

  function append(records: readonly SimulatedRecord[], router: RowRouter): RecordCounts {
    const counts = zeroCounts();
    for (const { id, kind, hasExtra } of records) {
      counts.records += 1;
      counts.lastWrittenAtMs = Math.max(counts.lastWrittenAtMs, id + 1);
      if (kind === "delete") counts.deletesIgnored += 1;
      if (kind === "dirty") {
        counts.dirtyRecords += 1;
        router.dirtyValue(() => describe(id));
      }
      if (kind !== "row") continue;
      counts.rows += 1;
      const target = router.route(id, undefined, noPlace);
      scratch.setBigInt64(0, BigInt(id), true);
      target.putInt64(0, scratch, 0);
      if (hasExtra && extra >= 0) target.putInt64(extra, scratch, 0);
      target.endRow();
    }
    return counts;
  }
}

function describe(id: number) {
  const nothing = { column: null, expected: null, actual: null, value: null, position: null };
  return { ...nothing, reason: "record_corrupt" as const, key: String(id) };
}
