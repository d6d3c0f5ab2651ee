import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@/workers/tablestore/testing/fuzz/random";
import { int64, type SdkClient, sdk } from "@/workers/tablestore/testing/official-sdk";

/** What a writer knows of its table: which version of which row has to be delivered. */
export type Written = {
  /** `id/v` of acknowledged puts and updates. */
  readonly acknowledged: ReadonlySet<string>;
  /** `id/v` whose outcome is unknown: they may be delivered, once. */
  readonly doubtful: ReadonlySet<string>;
  readonly deletesAcknowledged: number;
  readonly deletesDoubtful: number;
};

export type Writer = Written & {
  /** Puts new rows and waits for each answer; for before a task is made. */
  fill(rows: number): Promise<void>;
  /** Changes the table until `stop`. */
  run(): void;
  stop(): Promise<void>;
};

type Row = { version: number; alive: boolean };
type Change = {
  readonly id: string;
  readonly kind: "PUT" | "UPDATE" | "DELETE";
  readonly v: number;
};

const rowsPerBatchMax = 40;
const aliveIdsMax = 4_000;
const pauseMs = 30;
const retryMs = 250;
const days = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-25"];
const anyway = new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null);

/** Writes over the official SDK, past every proxy. One batch at a time: versions of a row are in order. */
export function createWriter(client: SdkClient, tableName: string, random: Random): Writer {
  const rows = new Map<string, Row>();
  const ids: string[] = [];
  const acknowledged = new Set<string>();
  const doubtful = new Set<string>();
  let deletesAcknowledged = 0;
  let deletesDoubtful = 0;
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();

  function choose(): Change {
    const dice = random.next();
    const isFresh = ids.length === 0 || (ids.length < aliveIdsMax && dice < 0.4);
    const id = isFresh ? null : random.pick(ids);
    if (id === null) {
      const fresh = `${tableName}-${String(rows.size).padStart(7, "0")}`;
      return { id: fresh, kind: "PUT", v: 1 };
    }
    const { version, alive } = rows.get(id) ?? { version: 0, alive: false };
    if (alive && dice > 0.9) return { id, kind: "DELETE", v: version };
    return { id, kind: alive && dice > 0.5 ? "UPDATE" : "PUT", v: version + 1 };
  }

  function note({ id, kind, v }: Change): void {
    if (!rows.has(id)) ids.push(id);
    rows.set(id, { version: v, alive: kind !== "DELETE" });
    if (kind === "DELETE") deletesAcknowledged += 1;
    else acknowledged.add(`${id}/${v}`);
  }

  /** Nobody knows what became of it, so nothing is built on it: the row is never written again. */
  function doubt({ id, kind, v }: Change): void {
    rows.set(id, { version: v, alive: false });
    const at = ids.indexOf(id);
    if (at >= 0) ids.splice(at, 1);
    if (kind === "DELETE") deletesDoubtful += 1;
    else doubtful.add(`${id}/${v}`);
  }

  async function write(changes: readonly Change[]): Promise<void> {
    const request = changes.map((change) => toRow(change, random));
    try {
      const { tables } = await client("batchWriteRow", { tables: [{ tableName, rows: request }] });
      const answers = tables?.flat() ?? [];
      for (const [index, change] of changes.entries())
        if (answers[index]?.isOk) note(change);
        else doubt(change);
    } catch {
      for (const change of changes) doubt(change);
      await sleep(retryMs);
    }
  }

  async function loop(): Promise<void> {
    while (!isStopped) {
      const changes = new Map<string, Change>();
      for (let count = 1 + random.below(rowsPerBatchMax); count > 0; count -= 1) {
        const change = choose();
        changes.set(change.id, changes.get(change.id) ?? change);
      }
      await write([...changes.values()]);
      await sleep(pauseMs);
    }
  }

  return {
    acknowledged,
    doubtful,
    get deletesAcknowledged() {
      return deletesAcknowledged;
    },
    get deletesDoubtful() {
      return deletesDoubtful;
    },
    async fill(count) {
      for (let from = 0; from < count; from += 100) {
        const changes = Array.from({ length: Math.min(100, count - from) }, (_, index) => ({
          ...{ id: `${tableName}-${String(from + index).padStart(7, "0")}`, v: 1 },
          kind: "PUT" as const,
        }));
        await write(changes);
      }
    },
    run() {
      running = loop();
    },
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

/** `w` is a number that is now and then a text: a dirty value in a row that is delivered without it. */
function toRow({ id, kind, v }: Change, random: Random): object {
  const row = { type: kind, condition: anyway, primaryKey: [{ id }] };
  if (kind === "DELETE") return row;
  const cells = [
    { v: int64(v) },
    { w: random.below(50) === 0 && v > 1 ? "not a number" : int64(random.below(1_000)) },
    { at: `${random.pick(days)}T12:00:00Z` },
    { pad: "x".repeat(random.below(6_000)) },
  ];
  return { ...row, attributeColumns: kind === "UPDATE" ? [{ PUT: cells }] : cells };
}
