import type { TablestoreClient } from "@/lib/tablestore/client";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import { encodeMessage } from "@/lib/tablestore/messages";
import { type OperationName, operations, type RequestOf } from "@/lib/tablestore/operations";
import type { PlainCell, PlainValue } from "@/lib/tablestore/plain-row";
import { anyRow, integer, operation, rowBytes, text } from "../tunnel-reader";
import type { Random } from "./random";

/** A valid request with the places in it that have formats of their own. */
export type Seed = {
  readonly path: string;
  /** Its body with this PlainBuffer and this token in place of the valid ones. */
  readonly build: (parts: SeedParts) => Uint8Array;
  readonly valid: SeedParts;
};
export type SeedParts = { readonly row: Uint8Array; readonly token: string };

function seed<O extends OperationName>(
  name: O,
  valid: SeedParts,
  request: (parts: SeedParts) => RequestOf<O>,
): Seed {
  const { path, request: message } = operations[name];
  return { path, valid, build: (parts) => encodeMessage(message, request(parts)) };
}

const key = [text("pk", "row"), integer("n", 1)];
const cells = [
  text("s", "some text"),
  integer("i", 7, { timestampMs: 1_700_000_000_000n }),
  { ...text("d", ""), value: { type: "double", value: 1.5 } } as const,
];
const bound = (type: "inf-min" | "inf-max") =>
  rowBytes(["pk", "n"].map((name) => ({ ...text(name, ""), value: { type } })));

/** Makes the tables and the tunnel that the seeds speak of; gives the seeds. */
export async function prepareSeeds(client: TablestoreClient): Promise<Seed[]> {
  for (const tableName of ["t", "other"]) await client.call("CreateTable", newTable(tableName));
  for (let n = 0; n < 50; n++) {
    const row = rowBytes([text("pk", `row-${n}`), integer("n", n)], cells);
    await client.call("PutRow", { tableName: "t", row, condition: anyRow });
  }
  const tunnel = { tableName: "t", tunnelName: "tunnel", tunnelType: "BaseAndStream" } as const;
  const { tunnelId } = await client.call("CreateTunnel", { tunnel });
  const { clientId } = await client.call("Connect", { tunnelId });
  const { channels } = await client.call("Heartbeat", { tunnelId, clientId });
  const [base] = channels;
  if (base === undefined) throw new Error("The tunnel has no channel");
  const channel = { tunnelId, clientId, channelId: base.channelId };
  const { checkpoint } = await client.call("GetCheckpoint", channel);
  return [...rowSeeds(), ...tableSeeds(), ...tunnelSeeds(channel, checkpoint)];
}

const newTable = (tableName: string): RequestOf<"CreateTable"> => ({
  tableMeta: {
    tableName,
    primaryKey: [
      { name: "pk", type: "STRING" },
      { name: "n", type: "INTEGER" },
    ],
  },
  reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
  tableOptions: { timeToLive: -1, maxVersions: 2 },
  streamSpec: { enableStream: true, expirationTime: 24, columnsToGet: ["s"] },
});

function rowSeeds(): Seed[] {
  const tableName = "t";
  const put = { row: rowBytes(key, cells), token: "" };
  const update = {
    row: rowBytes(key, [
      text("s", "x"),
      operation("i", "delete-all-versions"),
      integer("count", 1, { operation: "increment" }),
    ]),
    token: "",
  };
  const remove = { row: rowBytes(key, [], true), token: "" };
  const read = { row: rowBytes(key), token: "" };
  const filter = encodeMessage("Filter", {
    type: "FT_SINGLE_COLUMN_VALUE",
    filter: encodeMessage("SingleColumnValueFilter", {
      comparator: "CT_EQUAL",
      columnName: "s",
      columnValue: Buffer.from("030100000078", "hex"),
      filterIfMissing: true,
      latestVersionOnly: true,
    }),
  });
  return [
    seed("PutRow", put, ({ row }) => ({ tableName, row, condition: anyRow })),
    seed(
      "UpdateRow",
      update,
      ({ row }): RequestOf<"UpdateRow"> => ({
        tableName,
        rowChange: row,
        condition: { rowExistence: "IGNORE", columnCondition: filter },
        returnContent: { returnType: "RT_AFTER_MODIFY", returnColumnNames: ["count"] },
      }),
    ),
    seed("DeleteRow", remove, ({ row }) => ({ tableName, primaryKey: row, condition: anyRow })),
    seed("GetRow", read, ({ row }) => ({
      tableName,
      primaryKey: row,
      columnsToGet: ["s"],
      filter,
    })),
    seed("GetRange", { row: bound("inf-min"), token: "" }, ({ row }) => ({
      tableName,
      direction: "FORWARD",
      limit: 10,
      inclusiveStartPrimaryKey: row,
      exclusiveEndPrimaryKey: bound("inf-max"),
      filter,
    })),
    seed(
      "BatchWriteRow",
      put,
      ({ row }): RequestOf<"BatchWriteRow"> => ({
        tables: [
          {
            tableName,
            rows: [
              { type: "PUT", rowChange: row, condition: anyRow },
              { type: "DELETE", rowChange: remove.row, condition: anyRow },
            ],
          },
        ],
      }),
    ),
    seed("BatchGetRow", read, ({ row }) => ({
      tables: [{ tableName, primaryKey: [row, read.row], maxVersions: 1 }],
    })),
  ];
}

function tableSeeds(): Seed[] {
  const none = { row: new Uint8Array(0), token: "" };
  const named = { tableName: "other" };
  return [
    seed("CreateTable", none, () => newTable("other")),
    seed("ListTable", none, () => ({})),
    seed("DescribeTable", none, () => named),
    seed("UpdateTable", none, () => ({
      ...named,
      tableOptions: { maxVersions: 3 },
      streamSpec: { enableStream: true, expirationTime: 48 },
    })),
    seed("DeleteTable", none, () => ({ tableName: "missing" })),
    seed("SplitChannel", none, () => ({ ...named, channelId: "missing" })),
  ];
}

type Channel = { tunnelId: string; clientId: string; channelId: string };

function tunnelSeeds(channel: Channel, token: string): Seed[] {
  const { tunnelId, clientId, channelId } = channel;
  const valid = { row: new Uint8Array(0), token };
  const streamTunnelConfig = { startOffset: BigInt(Date.now() - 1000) * 1_000_000n };
  const named = { tableName: "t", tunnelName: "tunnel" };
  return [
    seed(
      "CreateTunnel",
      valid,
      (): RequestOf<"CreateTunnel"> => ({
        tunnel: { ...named, tunnelType: "Stream", streamTunnelConfig },
      }),
    ),
    seed("ListTunnel", valid, () => ({ tableName: "t" })),
    seed("DescribeTunnel", valid, () => named),
    seed("DeleteTunnel", valid, () => ({ ...named, tunnelName: "missing" })),
    seed("Connect", valid, () => ({ tunnelId, clientConfig: { timeout: 1n, clientTag: "x" } })),
    seed(
      "Heartbeat",
      valid,
      (): RequestOf<"Heartbeat"> => ({
        tunnelId,
        clientId,
        channels: [{ channelId, version: 1n, status: "OPEN" }],
      }),
    ),
    seed("Shutdown", valid, () => ({ tunnelId, clientId: "missing" })),
    seed("GetCheckpoint", valid, () => channel),
    seed("Checkpoint", valid, (parts) => ({
      ...channel,
      checkpoint: parts.token,
      sequenceNumber: 1n,
    })),
    seed("ReadRecords", valid, (parts) => ({ ...channel, token: parts.token })),
  ];
}

const values: readonly PlainValue[] = [
  { type: "integer", value: -(2n ** 63n) },
  { type: "double", value: Number.NaN },
  { type: "boolean", value: true },
  { type: "string", value: "" },
  { type: "string", value: "x".repeat(1025) },
  { type: "malformed-string", value: Uint8Array.of(0xff, 0xfe) },
  { type: "binary", value: new Uint8Array(3) },
  { type: "inf-min" },
  { type: "inf-max" },
  { type: "auto-increment" },
];

/** A row whose framing and checksums are right and whose contents are not. */
export function absurdRow(random: Random): Uint8Array {
  const cell = (): PlainCell => {
    const named = text(random.pick(["pk", "n", "s", "", "9", "a b", "x".repeat(256)]), "");
    return {
      ...named,
      value: random.below(5) === 0 ? null : random.pick(values),
      operation: random.pick([null, null, "delete-one-version", "increment"] as const),
      timestampMs: random.pick([null, 0n, -1n, 2n ** 63n - 1n, 1n]),
    };
  };
  const cellsOf = (most: number) => Array.from({ length: random.below(most + 1) }, cell);
  const primaryKey = random.below(2) === 0 ? key : cellsOf(5);
  try {
    return encodePlainRow({
      primaryKey,
      attributes: cellsOf(random.below(20) === 0 ? 2000 : 6),
      deleteMarker: random.below(4) === 0,
      extension:
        random.below(6) === 0 ? { epoch: -1, timestampUs: -(2n ** 63n), rowIndex: -1 } : null,
    });
  } catch {
    // The encoder refuses what cannot be framed at all.
    return rowBytes(key, cells);
  }
}
