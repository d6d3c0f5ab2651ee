import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TablestoreClient } from "@/lib/tablestore/client";
import { decodePlainRow, decodePlainRows } from "@/lib/tablestore/decode-plain-buffer";
import { TablestoreError } from "@/lib/tablestore/error-body";
import type { RequestOf } from "@/lib/tablestore/operations";
import type { PlainCell } from "@/lib/tablestore/plain-row";
import { limits, rangePage } from "./limits";
import { startTestServer, type TestServer } from "./testing/start-test-server";
import { anyRow, connectClient, integer, readToEnd, rowBytes, text } from "./testing/tunnel-reader";

let server: TestServer;
let client: TablestoreClient;
beforeAll(async () => {
  server = await startTestServer({ longPollMs: 0 });
  client = connectClient(server.port);
  await createTable("t");
});
afterAll(async () => {
  client.close();
  await server.close();
});

type TableRequest = RequestOf<"CreateTable">;

const createTable = (
  tableName: string,
  { keys = ["pk"], ...more }: { keys?: string[] } & Partial<Omit<TableRequest, "tableMeta">> = {},
  definedColumn: TableRequest["tableMeta"]["definedColumn"] = [],
) =>
  client.call("CreateTable", {
    tableMeta: {
      tableName,
      primaryKey: keys.map((name) => ({ name, type: "STRING" as const })),
      definedColumn,
    },
    reservedThroughput: { capacityUnit: {} },
    ...more,
  });
const drop = (tableName: string) => client.call("DeleteTable", { tableName });

let rows = 0;
const put = (cells: readonly PlainCell[], pk = `row-${++rows}`) =>
  client.call("PutRow", {
    tableName: "t",
    row: rowBytes([text("pk", pk)], cells),
    condition: anyRow,
  });

async function answer(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "200";
  } catch (error) {
    if (!(error instanceof TablestoreError)) throw error;
    return `${error.httpStatus} ${error.code}`;
  }
}
const refused = "400 OTSParameterInvalid";

/** Makes a table and removes it again, so that the instance never fills up. */
async function tryTable(...[name, ...rest]: Parameters<typeof createTable>): Promise<string> {
  const outcome = await answer(createTable(name, ...rest));
  if (outcome === "200") await drop(name);
  return outcome;
}

describe("names", () => {
  const good = ["a", "_", "A_9", "x".repeat(255)];
  const bad = ["", "9a", "a-b", "a.b", "a b", "é", "x".repeat(256)];

  it("of tables are 1 to 255 letters, digits and underscores, and begin with no digit", async () => {
    for (const name of good) expect(await tryTable(name)).toBe("200");
    for (const name of bad) expect(await tryTable(name)).toBe(refused);
  });

  it("of columns are the same, in keys, in definitions, in rows and in the stream", async () => {
    for (const [names, outcome] of [
      [good, "200"],
      [bad, refused],
    ] as const) {
      for (const name of names) {
        expect(await tryTable("key", { keys: [name] })).toBe(outcome);
        expect(await tryTable("defined", {}, [{ name, type: "DCT_STRING" }])).toBe(outcome);
        expect(await answer(put([text(name, "x")]))).toBe(outcome);
        const streamSpec = { enableStream: true, expirationTime: 1, columnsToGet: [name] };
        expect(await tryTable("origin", { streamSpec })).toBe(outcome);
      }
    }
  });

  it("of tunnels are 1 to 255 bytes", async () => {
    const create = (tunnelName: string) =>
      answer(
        client.call("CreateTunnel", {
          tunnel: { tableName: "t", tunnelName, tunnelType: "BaseData" },
        }),
      );
    for (const name of ["x", "é".repeat(127)]) {
      expect(await create(name)).toBe("200");
      await client.call("DeleteTunnel", { tableName: "t", tunnelName: name });
    }
    for (const name of ["", "é".repeat(128)]) expect(await create(name)).toBe(refused);
  });
});

describe("a table", () => {
  it("has 1 to 4 primary key columns", async () => {
    const keys = ["a", "b", "c", "d", "e"];
    expect(await tryTable("keys", { keys: [] })).toBe(refused);
    expect(await tryTable("keys", { keys: keys.slice(0, 1) })).toBe("200");
    expect(await tryTable("keys", { keys: keys.slice(0, 4) })).toBe("200");
    expect(await tryTable("keys", { keys })).toBe(refused);
  });

  it("has at most 32 defined columns", async () => {
    const columns = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ name: `c${n}`, type: "DCT_STRING" }) as const);
    expect(await tryTable("defined", {}, columns(32))).toBe("200");
    expect(await tryTable("defined", {}, columns(33))).toBe(refused);
  });

  it("keeps its stream for 1 to 168 hours", async () => {
    for (const [expirationTime, outcome] of [
      [0, refused],
      [1, "200"],
      [168, "200"],
      [169, refused],
    ] as const) {
      const streamSpec = { enableStream: true, expirationTime };
      expect(await tryTable("stream", { streamSpec })).toBe(outcome);
      if (outcome === "200") continue;
      expect(await answer(client.call("UpdateTable", { tableName: "t", streamSpec }))).toBe(
        outcome,
      );
    }
  });

  it("reserves 0 to 100,000 units, lives a day or longer, and keeps at least one version", async () => {
    const reserved = (read: number) => ({ reservedThroughput: { capacityUnit: { read } } });
    expect(await tryTable("reserved", reserved(100_000))).toBe("200");
    expect(await tryTable("reserved", reserved(100_001))).toBe(refused);
    expect(await tryTable("reserved", reserved(-1))).toBe(refused);
    const options = (tableOptions: TableRequest["tableOptions"]) =>
      tryTable("options", { tableOptions });
    expect(await options({ timeToLive: 86_400, maxVersions: 1 })).toBe("200");
    expect(await options({ timeToLive: -1 })).toBe("200");
    expect(await options({ timeToLive: 86_399 })).toBe(refused);
    expect(await options({ timeToLive: 0 })).toBe(refused);
    expect(await options({ maxVersions: 0 })).toBe(refused);
  });

  it("is one of at most 64 in the instance", async () => {
    const { tableNames } = await client.call("ListTable", {});
    const added = Array.from({ length: 64 - tableNames.length }, (_, n) => `quota_${n}`);
    for (const name of added) await createTable(name);
    expect(await tryTable("one_more")).toBe("403 OTSQuotaExhausted");
    expect(await tryTable("t")).toBe("409 OTSObjectAlreadyExist");
    await drop("quota_0");
    expect(await tryTable("one_more")).toBe("200");
    for (const name of added.slice(1)) await drop(name);
  });
});

describe("a row", () => {
  it("has four keys of a kilobyte, also in ranges, tokens and the stream", async () => {
    const keys = ["a", "b", "c", "d"];
    const streamSpec = { enableStream: true, expirationTime: 1 };
    await createTable("long", { keys, streamSpec });
    const values = ["\u0000", "b", "\u007f", "é"].map((unit) =>
      unit.repeat(1024 / Buffer.byteLength(unit)),
    );
    const key = keys.map((name, n) => text(name, values[n]!));
    const { tunnelId } = await client.call("CreateTunnel", {
      tunnel: { tableName: "long", tunnelName: "stream", tunnelType: "Stream" },
    });
    for (const last of ["x", "y"]) {
      const row = rowBytes([...key.slice(0, 3), text("d", `${values[3]!.slice(1)}${last}`)]);
      await client.call("PutRow", { tableName: "long", row, condition: anyRow });
    }
    const bound = (type: "inf-min" | "inf-max") =>
      rowBytes(keys.map((name) => ({ ...text(name, ""), value: { type } })));
    const page = await client.call("GetRange", {
      tableName: "long",
      direction: "FORWARD",
      limit: 1,
      inclusiveStartPrimaryKey: bound("inf-min"),
      exclusiveEndPrimaryKey: bound("inf-max"),
    });
    expect(decodePlainRows(page.rows)).toHaveLength(1);
    const next = page.nextStartPrimaryKey!;
    expect(decodePlainRow(next).primaryKey.map(({ value }) => value)).toEqual(
      [...values.slice(0, 3), `${values[3]!.slice(1)}y`].map((value) => ({
        type: "string",
        value,
      })),
    );
    const found = await client.call("GetRow", { tableName: "long", primaryKey: next });
    expect(found.row.length).toBeGreaterThan(4096);
    const { clientId } = await client.call("Connect", { tunnelId });
    const { channels } = await client.call("Heartbeat", { tunnelId, clientId });
    let records = 0;
    for (const { channelId } of channels) {
      const channel = { tunnelId, clientId, channelId };
      const { checkpoint } = await client.call("GetCheckpoint", channel);
      records += (await readToEnd(client, channel, checkpoint)).records.length;
    }
    expect(records).toBe(2);
    await drop("long");
  });

  it("has no key longer than a kilobyte, of text or binary", async () => {
    const { max } = limits.keyValueBytes;
    expect(await answer(put([], "x".repeat(max)))).toBe("200");
    expect(await answer(put([], "x".repeat(max + 1)))).toBe(refused);
    await client.call("CreateTable", {
      tableMeta: { tableName: "binary", primaryKey: [{ name: "pk", type: "BINARY" }] },
      reservedThroughput: { capacityUnit: {} },
    });
    for (const [length, outcome] of [
      [max, "200"],
      [max + 1, refused],
    ] as const) {
      const value = { type: "binary", value: new Uint8Array(length) } as const;
      const row = rowBytes([{ ...text("pk", ""), value }]);
      const call = client.call("PutRow", { tableName: "binary", row, condition: anyRow });
      expect(await answer(call)).toBe(outcome);
    }
    await drop("binary");
  });

  it("has no column of more than two megabytes", async () => {
    const { max } = limits.valueBytes;
    expect(await answer(put([text("c", "x".repeat(max))]))).toBe("200");
    expect(await answer(put([text("c", "x".repeat(max + 1))]))).toBe(refused);
  });

  it("is written with at most 1,024 columns and four megabytes at once", async () => {
    const columns = (count: number) => Array.from({ length: count }, (_, n) => integer(`c${n}`, n));
    expect(await answer(put(columns(1024)))).toBe("200");
    expect(await answer(put(columns(1025)))).toBe(refused);
    const megabytes = (size: number) => [
      text("a", "x".repeat(2 ** 21 - 256)),
      text("b", "x".repeat(size - 2 ** 21)),
    ];
    expect(await answer(put(megabytes(2 ** 22 - 256)))).toBe("200");
    expect(await answer(put([...megabytes(2 ** 22), text("c", "x".repeat(1000))]))).toBe(refused);
  });
});

describe("a batch", () => {
  const rowOf = (value: string) => ({
    type: "PUT" as const,
    rowChange: rowBytes([text("pk", `batch-${++rows}`)], [text("c", value)]),
    condition: anyRow,
  });
  const write = (count: number, value = "x") =>
    answer(
      client.call("BatchWriteRow", {
        tables: [{ tableName: "t", rows: Array.from({ length: count }, () => rowOf(value)) }],
      }),
    );

  it("writes 1 to 200 rows of four megabytes", async () => {
    expect(await write(0)).toBe(refused);
    expect(await write(200)).toBe("200");
    expect(await write(201)).toBe(refused);
    expect(await write(8, "x".repeat(500_000))).toBe("200");
    expect(await write(9, "x".repeat(500_000))).toBe(refused);
  });

  it("reads 1 to 100 rows", async () => {
    const read = (count: number) => {
      const primaryKey = Array.from({ length: count }, (_, n) => rowBytes([text("pk", `${n}`)]));
      return answer(client.call("BatchGetRow", { tables: [{ tableName: "t", primaryKey }] }));
    };
    expect(await read(0)).toBe(refused);
    expect(await read(100)).toBe("200");
    expect(await read(101)).toBe(refused);
  });
});

describe("an answer", () => {
  it("to GetRange ends after 5,000 rows or four megabytes, and says where to go on", async () => {
    await createTable("range");
    const fill = async (count: number, value: string, perBatch: number) => {
      for (let from = 0; from < count; from += perBatch) {
        const batch = Array.from({ length: Math.min(perBatch, count - from) }, (_, n) => ({
          type: "PUT" as const,
          rowChange: rowBytes([text("pk", String(from + n).padStart(5, "0"))], [text("c", value)]),
          condition: anyRow,
        }));
        await client.call("BatchWriteRow", { tables: [{ tableName: "range", rows: batch }] });
      }
    };
    const bound = (type: "inf-min" | "inf-max") =>
      rowBytes([{ ...text("pk", ""), value: { type } }]);
    const read = () =>
      client.call("GetRange", {
        tableName: "range",
        direction: "FORWARD",
        limit: 100_000,
        inclusiveStartPrimaryKey: bound("inf-min"),
        exclusiveEndPrimaryKey: bound("inf-max"),
      });
    await fill(5001, "x", 200);
    const first = await read();
    expect(decodePlainRows(first.rows)).toHaveLength(rangePage.rowsMax);
    expect(Buffer.from(first.nextStartPrimaryKey!)).toEqual(
      Buffer.from(rowBytes([text("pk", "05000")])),
    );
    await fill(10, "x".repeat(500_000), 8);
    const second = await read();
    expect(decodePlainRows(second.rows)).toHaveLength(8);
    expect(second.rows.length).toBeLessThanOrEqual(rangePage.bytesMax);
    expect(Buffer.from(second.nextStartPrimaryKey!)).toEqual(
      Buffer.from(rowBytes([text("pk", "00008")])),
    );
    await drop("range");
  });
});

it("a tunnel starts no earlier than the stream is kept, less five minutes, and not in the future", async () => {
  await createTable("offset", { streamSpec: { enableStream: true, expirationTime: 24 } });
  const create = (ageMs: number) =>
    answer(
      client.call("CreateTunnel", {
        tunnel: {
          tableName: "offset",
          tunnelName: `age${ageMs}`,
          tunnelType: "Stream",
          streamTunnelConfig: { startOffset: BigInt(Date.now() - ageMs) * 1_000_000n },
        },
      }),
    );
  const oldestMs = 24 * 3_600_000 - 5 * 60_000;
  expect(await create(1000)).toBe("200");
  expect(await create(oldestMs - 30_000)).toBe("200");
  expect(await create(oldestMs + 30_000)).toBe(refused);
  expect(await create(-60_000)).toBe(refused);
  await drop("offset");
});

it("a table has at most 100 tunnels, and a tunnel 1,000 clients", async () => {
  await createTable("crowd");
  const create = (tunnelName: string) =>
    client.call("CreateTunnel", {
      tunnel: { tableName: "crowd", tunnelName, tunnelType: "BaseData" },
    });
  const { tunnelId } = await create("0");
  await Promise.all(Array.from({ length: 99 }, (_, n) => create(`${n + 1}`)));
  expect(await answer(create("one more"))).toBe("403 OTSQuotaExhausted");
  await client.call("DeleteTunnel", { tableName: "crowd", tunnelName: "1" });
  expect(await answer(create("one more"))).toBe("200");
  const connect = () => client.call("Connect", { tunnelId });
  const joined = await Promise.all(Array.from({ length: 1000 }, connect));
  expect(await answer(connect())).toBe("403 OTSQuotaExhausted");
  const adopted = client.call("Heartbeat", { tunnelId, clientId: "nobody knows" });
  expect(await answer(adopted)).toBe("410 OTSResourceGone");
  await client.call("Shutdown", { tunnelId, clientId: joined[0]!.clientId });
  expect(await answer(connect())).toBe("200");
  await drop("crowd");
});

it("a request has at most five megabytes", async () => {
  const ofLength = (length: number) =>
    answer(client.call("DescribeTable", { tableName: "x".repeat(length) }));
  expect(await ofLength(limits.bodyBytes.max - 100)).toBe("404 OTSObjectNotExist");
  expect(await ofLength(limits.bodyBytes.max)).toBe("413 OTSRequestBodyTooLarge");
});
