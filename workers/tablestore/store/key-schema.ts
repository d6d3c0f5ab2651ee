/** PrimaryKeyType of the protocol. */
export const keyType = { integer: 1, string: 2, binary: 3 } as const;

/** A table's primary key columns as row parsing needs them, in schema order. */
export type KeyColumn = {
  readonly name: string;
  readonly nameBytes: Buffer;
  readonly type: number;
  /** The server numbers this column when a row asks for it. */
  readonly autoIncrement: boolean;
};

export type KeySchema = {
  readonly tableId: number;
  readonly columns: readonly KeyColumn[];
  /** Names of the key columns as cells hold names: bytes as characters. */
  readonly cellNames: ReadonlySet<string>;
};

export function createKeySchema(
  tableId: number,
  columns: readonly { name: string; type: number; autoIncrement: boolean }[],
): KeySchema {
  return {
    tableId,
    columns: columns.map((column) => ({
      ...column,
      nameBytes: Buffer.from(column.name, "utf8"),
    })),
    cellNames: new Set(
      columns.map((column) => Buffer.from(column.name, "utf8").toString("latin1")),
    ),
  };
}
