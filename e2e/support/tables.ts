import TableStore from "tablestore";

const { Condition, Long, RowExistenceExpectation } = TableStore;
const always = () => new Condition(RowExistenceExpectation.IGNORE, null);
/** The service's own limit of one BatchWriteRow. */
const batchRowsMax = 200;

/** An integer of 64 bits; a plain number is a double on the wire. */
export const int64 = (value: bigint | number) => Long.fromString(String(value));

export type Columns = Readonly<Record<string, TableStore.Value>>;
type Key = { readonly id: string };

/** A table of one test, keyed by `id`, and what the official SDK can do to it. */
export type TestTable = {
  readonly name: string;
  put(id: string, columns: Columns): Promise<void>;
  putAll(rows: readonly (Key & { readonly columns: Columns })[]): Promise<void>;
  update(id: string, put: Columns, deleted?: readonly string[]): Promise<void>;
  remove(id: string): Promise<void>;
};

export async function createTestTable(
  client: TableStore.Client,
  tableName: string,
): Promise<TestTable> {
  await client.createTable({
    tableMeta: { tableName, primaryKey: [{ name: "id", type: "STRING" }] },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
    streamSpecification: { enableStream: true, expirationTime: 24 },
  });
  const rowOf = (id: string) => ({ condition: always(), primaryKey: [{ id }] });
  return {
    name: tableName,
    put: async (id, columns) => {
      await client.putRow({ tableName, ...rowOf(id), attributeColumns: listed(columns) });
    },
    putAll: async (rows) => {
      for (let start = 0; start < rows.length; start += batchRowsMax) {
        const batch = rows.slice(start, start + batchRowsMax).map(({ id, columns }) => ({
          type: "PUT" as const,
          ...rowOf(id),
          attributeColumns: listed(columns),
        }));
        const { tables } = await client.batchWriteRow({ tables: [{ tableName, rows: batch }] });
        const refused = tables.find(({ isOk }) => !isOk);
        if (refused) throw new Error(`${refused.errorCode}: ${refused.errorMessage}`);
      }
    },
    update: async (id, put, deleted = []) => {
      await client.updateRow({
        tableName,
        ...rowOf(id),
        updateOfAttributeColumns: [
          ...(Object.keys(put).length > 0 ? [{ PUT: listed(put) }] : []),
          ...(deleted.length > 0 ? [{ DELETE_ALL: [...deleted] }] : []),
        ],
      });
    },
    remove: async (id) => {
      await client.deleteRow({ tableName, ...rowOf(id) });
    },
  };
}

const listed = (columns: Columns) =>
  Object.entries(columns).map(([name, value]) => ({ [name]: value }));
