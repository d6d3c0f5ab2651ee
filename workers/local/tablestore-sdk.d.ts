/**
 * The parts of the official Tablestore SDK (npm `tablestore` 5.6.5, which ships no types) that this
 * repository calls. A plain number is a double on the wire; an integer is a Long.
 */
declare module "tablestore" {
  namespace TableStore {
    /** A signed 64-bit integer. */
    type Int64 = { toString(radix?: number): string; toNumber(): number };
    type Value = string | number | boolean | Int64 | Uint8Array;
    type NamedValue = Readonly<Record<string, Value>>;
    type PrimaryKey = readonly NamedValue[];
    type RowCondition = object;

    type RowChange = {
      readonly primaryKey: PrimaryKey;
      readonly condition: RowCondition;
    };
    type PutRow = RowChange & { readonly attributeColumns: readonly NamedValue[] };
    type UpdateRow = RowChange & {
      readonly updateOfAttributeColumns: readonly (
        | { readonly PUT: readonly NamedValue[] }
        | { readonly DELETE_ALL: readonly string[] }
      )[];
    };
    type BatchedPut = PutRow & { readonly type: "PUT" };
    type BatchOutcome = {
      readonly tables: readonly {
        readonly isOk: boolean;
        readonly errorCode: string | null;
        readonly errorMessage: string | null;
      }[];
    };
    type ReadRow = {
      readonly row: {
        readonly primaryKey?: readonly { readonly name: string; readonly value: Value }[];
        readonly attributes?: readonly {
          readonly columnName: string;
          readonly columnValue: Value;
        }[];
      };
    };

    class Client {
      constructor(options: {
        readonly endpoint: string;
        readonly instancename: string;
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly maxRetries?: number;
      });
      createTable(request: {
        readonly tableMeta: {
          readonly tableName: string;
          readonly primaryKey: readonly { readonly name: string; readonly type: string }[];
        };
        readonly reservedThroughput: {
          readonly capacityUnit: { readonly read: number; readonly write: number };
        };
        readonly tableOptions: { readonly timeToLive: number; readonly maxVersions: number };
        readonly streamSpecification?: {
          readonly enableStream: boolean;
          readonly expirationTime: number;
        };
      }): Promise<object>;
      deleteTable(request: { readonly tableName: string }): Promise<object>;
      listTable(request: object): Promise<{ readonly tableNames: readonly string[] }>;
      getRow(request: {
        readonly tableName: string;
        readonly primaryKey: PrimaryKey;
      }): Promise<ReadRow>;
      putRow(request: PutRow & { readonly tableName: string }): Promise<object>;
      updateRow(request: UpdateRow & { readonly tableName: string }): Promise<object>;
      deleteRow(request: RowChange & { readonly tableName: string }): Promise<object>;
      batchWriteRow(request: {
        readonly tables: readonly {
          readonly tableName: string;
          readonly rows: readonly BatchedPut[];
        }[];
      }): Promise<BatchOutcome>;
    }
    const Condition: new (existence: number, filter: null) => RowCondition;
    const RowExistenceExpectation: {
      readonly IGNORE: 0;
      readonly EXPECT_EXIST: 1;
      readonly EXPECT_NOT_EXIST: 2;
    };
    const Long: {
      fromNumber(value: number): Int64;
      fromString(value: string): Int64;
    };
  }
  export = TableStore;
}
