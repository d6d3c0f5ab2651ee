import { zeroCounts } from "@/lib/core/account";
import { invariant } from "@/lib/core/error";
import type { RowRouter } from "@/lib/core/ports/row-target";
import type {
  DecodedPage,
  RecordCounts,
  RecordDecoder,
  RecordPage,
} from "@/lib/core/ports/table-source";
import type { SchemaMapping } from "@/lib/core/schema-mapping";

/** `id` is unique in the world. From some record on they have a column more. */
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

/** Folders are chosen by the write time, which is the record's id here. */
export const partitionOf = (id: number): string => `sim/p=${Math.floor(id / 4) % 3}`;

export class SimulatedPage implements RecordPage {
  readonly byteLength = 0;
  readonly records: readonly SimulatedRecord[];
  readonly next: string;
  readonly finished: boolean;
  readonly mayHaveMore: boolean;

  constructor(page: Pick<SimulatedPage, "records" | "next" | "finished" | "mayHaveMore">) {
    this.records = page.records;
    this.next = page.next;
    this.finished = page.finished;
    this.mayHaveMore = page.mayHaveMore;
  }

  get recordCount(): number {
    return this.records.length;
  }
}

const noPlace = { describePlace: () => ({ key: null, position: null }) };

/** `takesAll` is a mutant: a page is appended whole, however many records were asked for. */
export function createSimulatedDecoder(mapping: SchemaMapping, takesAll = false): RecordDecoder {
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
        append: (from, count, router) =>
          append(takesAll ? records : records.slice(from, from + count), router),
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
      scratch.setInt32(0, id, true);
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
