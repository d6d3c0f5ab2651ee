import type { TaskView } from "@/lib/contracts/task-view";
import type { Database } from "@/lib/db/client";
import type { StoredTask } from "@/lib/db/tasks";
import { getTask } from "@/lib/services/get-task";
import type { EnumValue } from "@/lib/tablestore/schema/enums";
import { sdk as official } from "@/workers/tablestore/testing/official-sdk";
import type { Rig } from "./delivery-rig";
import { waitUntil } from "./wait-until";

/** An object of the ledger, as far as tests look at it. */
export type LedgerObject = {
  readonly key: string;
  readonly kind: "rows" | "dirty";
  readonly partition: string;
  readonly lane: number;
  readonly sequence: bigint;
  readonly rows: bigint;
  readonly sealed_by: string;
  readonly channel_kind: "base" | "stream";
  readonly published_at: Date | null;
};

/** In the order in which they were decided. Those of deleted tasks are not among them. */
export function listObjects(database: Database, task: StoredTask): Promise<LedgerObject[]> {
  return database.prisma.$queryRaw<LedgerObject[]>`
    SELECT o.key, o.kind, o.partition, o.lane, o.sequence, o.rows, b.sealed_by, o.published_at,
           c.kind AS channel_kind
    FROM delivered_object o
    JOIN channel c ON c.id = o.channel_key
    JOIN batch b ON b.channel_key = o.channel_key AND b.number = o.batch_number
    WHERE o.task_id = ${task.id}::uuid ORDER BY o.decided_at, o.key`;
}

export function viewTask({ database }: Pick<Rig, "database">, name: string): Promise<TaskView> {
  return getTask({ database, now: () => Date.now() }, name);
}

/** Waits until the task has consumed this many records and every object of them stands in the bucket. */
export async function waitForRecords(
  { database }: Pick<Rig, "database">,
  task: StoredTask,
  records: number,
  timeoutMs?: number,
): Promise<TaskView["account"]> {
  let last: unknown = null;
  const look = async () => {
    const { account } = await viewTask({ database }, task.settings.name);
    const [open] = await database.prisma.$queryRaw<{ count: bigint }[]>`
      SELECT count(*) FROM channel WHERE task_id = ${task.id}::uuid AND acked_batch_number < batch_number`;
    last = account;
    return account.records >= records && open?.count === 0n ? account : null;
  };
  try {
    return await waitUntil(`${records} records of ${task.settings.name}`, look, timeoutMs);
  } catch (cause) {
    throw new Error(`${task.settings.name} consumed ${JSON.stringify(last)}`, { cause });
  }
}

export type TableOptions = {
  readonly definedColumns?: readonly {
    readonly name: string;
    readonly type: EnumValue<"DefinedColumnType">;
  }[];
};

/** A table with one string key `id`. */
export async function createTable(
  rig: Rig,
  table: string,
  options: TableOptions = {},
): Promise<void> {
  const { definedColumns = [] } = options;
  await rig.client.call("CreateTable", {
    tableMeta: {
      tableName: table,
      primaryKey: [{ name: "id", type: "STRING" }],
      definedColumn: definedColumns,
    },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
    streamSpec: { enableStream: true, expirationTime: 24 },
  });
}

const anyway = new official.Condition(official.RowExistenceExpectation.IGNORE, null);
const rowsPerRequestMax = 200;

export type Change = {
  readonly id: string;
  /** Left out: PUT. */
  readonly type?: "PUT" | "UPDATE" | "DELETE";
  readonly values?: Readonly<Record<string, unknown>>;
};

/** Writes through the official SDK, in this order per row. */
export async function write(rig: Rig, table: string, changes: readonly Change[]): Promise<void> {
  for (let from = 0; from < changes.length; from += rowsPerRequestMax) {
    const rows = changes.slice(from, from + rowsPerRequestMax).map(toRow);
    const { tables } = await rig.sdk("batchWriteRow", { tables: [{ tableName: table, rows }] });
    const refused = tables?.flat().find(({ isOk }) => !isOk);
    if (refused) throw new Error(`A row was refused: ${JSON.stringify(refused)}`);
  }
}

function toRow({ id, type = "PUT", values = {} }: Change): object {
  const cells = Object.entries(values).map(([name, value]) => ({ [name]: value }));
  const row = { type, condition: anyway, primaryKey: [{ id }] };
  if (type === "DELETE") return row;
  return { ...row, attributeColumns: type === "UPDATE" ? [{ PUT: cells }] : cells };
}

/** Ids from `${prefix}0` on. */
export function ids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
