import TableStore from "tablestore";
import type { CredentialsFile } from "@/lib/contracts/credentials-file";
import {
  attributesOf,
  makeOrder,
  type Order,
  primaryKeyOf,
  type Random,
  seededRandom,
} from "./demo-orders";

export const tableName = "orders";
/** The service's own limit of one BatchWriteRow. */
const batchRowsMax = 200;
/** The initial orders lie a minute apart and end here, wherever and whenever the demo runs. */
const lastInitialOrderMs = Date.UTC(2026, 0, 1);
const initialSeed = 7;

const { Condition, Long, RowExistenceExpectation } = TableStore;
const always = () => new Condition(RowExistenceExpectation.IGNORE, null);

export type DemoTable = {
  /** Makes the table unless it is there. */
  create(): Promise<void>;
  /** Writes the initial orders that are missing; resolves with how many that were. */
  fill(rows: number): Promise<number>;
  /** Writes one change: a new order, an update of a recent one, or its deletion. */
  writeOne(): Promise<void>;
};

/** The sample table, used through the official SDK as any program would. */
export function openDemoTable(
  connection: CredentialsFile["tablestore"],
  instance: string,
  options: { readonly now: () => number; readonly random: Random },
): DemoTable {
  const client = new TableStore.Client({
    endpoint: connection.endpoint,
    instancename: instance,
    accessKeyId: connection.accessKeyId,
    secretAccessKey: connection.accessKeySecret,
  });
  const recent: Order[] = [];
  return {
    create: () => createTable(client),
    fill: (rows) => fill(client, rows),
    writeOne: async () => {
      const chance = options.random();
      const [oldest] = recent;
      if (oldest !== undefined && chance < 0.1) {
        await deleteOrder(client, oldest);
        recent.shift();
      } else if (oldest !== undefined && chance < 0.3) {
        const index = Math.floor(options.random() * recent.length);
        recent[index] = await updateOrder(client, recent[index] ?? oldest);
      } else {
        recent.push(await putOrder(client, newOrder(options)));
        if (recent.length > 100) recent.shift();
      }
    },
  };
}

async function createTable(client: TableStore.Client): Promise<void> {
  try {
    await client.createTable({
      tableMeta: {
        tableName,
        primaryKey: [
          { name: "customer", type: "STRING" },
          { name: "order_id", type: "INTEGER" },
        ],
      },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
      streamSpecification: { enableStream: true, expirationTime: 168 },
    });
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (!`${code} ${message}`.includes("OTSObjectAlreadyExist")) throw error;
  }
}

/**
 * The same orders at each start, in the same order, so the ones that are there are the first; the
 * last one that is there is found by halving.
 */
async function fill(client: TableStore.Client, rows: number): Promise<number> {
  const orders = initialOrders(rows);
  let present = 0;
  let absent = orders.length;
  while (present < absent) {
    const middle = Math.floor((present + absent) / 2);
    if (await exists(client, orders[middle] as Order)) present = middle + 1;
    else absent = middle;
  }
  for (let start = present; start < orders.length; start += batchRowsMax) {
    await putBatch(client, orders.slice(start, start + batchRowsMax));
  }
  return orders.length - present;
}

function initialOrders(rows: number): Order[] {
  const random = seededRandom(initialSeed);
  return Array.from({ length: rows }, (_, index) =>
    makeOrder(index + 1, lastInitialOrderMs + index * 60_000, random),
  );
}

/** Microseconds since 1970: larger than every initial id, and never the same twice in a process. */
function newOrder(options: { readonly now: () => number; readonly random: Random }): Order {
  const orderId = options.now() * 1000 + Math.floor(options.random() * 1000);
  return makeOrder(orderId, options.now(), options.random);
}

async function exists(client: TableStore.Client, order: Order): Promise<boolean> {
  const found = await client.getRow({ tableName, primaryKey: primaryKeyOf(order, Long) });
  return (found.row.primaryKey?.length ?? 0) > 0;
}

async function putBatch(client: TableStore.Client, orders: readonly Order[]): Promise<void> {
  const rows = orders.map((order) => ({
    type: "PUT" as const,
    condition: always(),
    primaryKey: primaryKeyOf(order, Long),
    attributeColumns: attributesOf(order, Long),
  }));
  const { tables } = await client.batchWriteRow({ tables: [{ tableName, rows }] });
  const refused = tables.find(({ isOk }) => !isOk);
  if (refused) throw new Error(`${refused.errorCode}: ${refused.errorMessage}`);
}

async function putOrder(client: TableStore.Client, order: Order): Promise<Order> {
  await client.putRow({
    tableName,
    condition: always(),
    primaryKey: primaryKeyOf(order, Long),
    attributeColumns: attributesOf(order, Long),
  });
  return order;
}

async function updateOrder(client: TableStore.Client, order: Order): Promise<Order> {
  const updated = { ...order, paid: true, quantity: order.quantity + 1 };
  await client.updateRow({
    tableName,
    condition: always(),
    primaryKey: primaryKeyOf(order, Long),
    updateOfAttributeColumns: [
      { PUT: [{ paid: updated.paid }, { quantity: Long.fromNumber(updated.quantity) }] },
      { DELETE_ALL: ["note"] },
    ],
  });
  return { ...updated, note: null };
}

async function deleteOrder(client: TableStore.Client, order: Order): Promise<void> {
  await client.deleteRow({
    tableName,
    condition: always(),
    primaryKey: primaryKeyOf(order, Long),
  });
}
