import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TablestoreClient } from "@/lib/tablestore/client";
import { TablestoreError } from "@/lib/tablestore/error-body";
import { encodeToken, parseToken } from "@/lib/tablestore/token";
import { startTestServer, type TestServer } from "./testing/start-test-server";
import {
  anyRow,
  type ChannelRequest,
  connectClient,
  integer,
  operation,
  readPage,
  readToEnd,
  rowBytes,
  text,
} from "./testing/tunnel-reader";

let server: TestServer;
let client: TablestoreClient;
let tables = 0;
let tableName: string;

beforeAll(async () => {
  server = await startTestServer({ longPollMs: 0 });
  client = connectClient(server.port);
});
afterAll(async () => {
  client.close();
  await server.close();
});
beforeEach(async () => {
  tableName = `t_${++tables}`;
  await client.call("CreateTable", {
    tableMeta: {
      tableName,
      primaryKey: [
        { name: "pk", type: "STRING" },
        { name: "n", type: "INTEGER" },
      ],
    },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
  });
});
afterEach(() => client.call("DeleteTable", { tableName }));

const key = (pk: string, n = 1) => [text("pk", pk), integer("n", n)];
const put = (pk: string, value: string, n = 1) =>
  client.call("PutRow", {
    tableName,
    row: rowBytes(key(pk, n), [text("c", value)]),
    condition: anyRow,
  });
const remove = (pk: string, n = 1) =>
  client.call("DeleteRow", {
    tableName,
    primaryKey: rowBytes(key(pk, n), [], true),
    condition: anyRow,
  });

async function createTunnel(
  tunnelType: "BaseData" | "Stream" | "BaseAndStream",
  streamTunnelConfig = {},
) {
  const tunnel = { tableName, tunnelName: "tunnel", tunnelType, streamTunnelConfig };
  return (await client.call("CreateTunnel", { tunnel })).tunnelId;
}
async function join(tunnelId: string, timeout = 60n) {
  const { clientId } = await client.call("Connect", {
    tunnelId,
    clientConfig: { timeout, clientTag: "test" },
  });
  return clientId;
}
async function beat(
  tunnelId: string,
  clientId: string,
  channels: readonly {
    channelId: string;
    version: bigint;
    status: "OPEN" | "CLOSE" | "TERMINATED" | "CLOSING";
  }[] = [],
) {
  return (await client.call("Heartbeat", { tunnelId, clientId, channels })).channels;
}
async function start(channel: ChannelRequest) {
  return client.call("GetCheckpoint", channel);
}
async function checkpoint(channel: ChannelRequest, token: string, sequenceNumber: bigint) {
  await client.call("Checkpoint", { ...channel, checkpoint: token, sequenceNumber });
}
async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TablestoreError)) throw error ?? new Error("It was not refused");
  return `${error.httpStatus} ${error.code}`;
}
const describeTunnel = () => client.call("DescribeTunnel", { tableName, tunnelName: "tunnel" });

/** Reads all stream channels of a client to their present ends; records by their pk and n. */
async function readStreams(tunnelId: string, clientId: string) {
  const records = [];
  for (const { channelId } of await beat(tunnelId, clientId)) {
    const channel = { tunnelId, clientId, channelId };
    records.push(...(await readToEnd(client, channel, (await start(channel)).checkpoint)).records);
  }
  return records;
}

describe("a tunnel's base data", () => {
  it("is the table as it was when the tunnel was made, and the stream is everything since", async () => {
    await put("kept", "1");
    await put("changed", "1");
    await put("deleted", "1");
    await put("renewed", "1");
    const tunnelId = await createTunnel("BaseAndStream");
    await put("changed", "2");
    await remove("deleted");
    await remove("renewed");
    await put("renewed", "2");
    await put("new", "1");

    const clientId = await join(tunnelId);
    const [base, ...others] = await beat(tunnelId, clientId);
    expect(others).toEqual([]);
    const channel = { tunnelId, clientId, channelId: base!.channelId };
    expect(base!.channelId).toMatch(/^BaseData_/);
    const { checkpoint: token, sequenceNumber } = await start(channel);
    expect(sequenceNumber).toBe(0n);
    expect(parseToken(token)).toEqual({ kind: "base", primaryKey: null, totalCount: 0n });
    const { records, token: end } = await readToEnd(client, channel, token);
    expect(end).toBe("finished");
    expect(
      records.map(({ action, row }) => [
        action,
        row.primaryKey[0]!.value!,
        row.attributes[0]!.value!,
        row.extension,
      ]),
    ).toEqual(
      ["changed", "deleted", "kept", "renewed"].map((value) => [
        "PUT_ROW",
        { type: "string", value },
        { type: "string", value: "1" },
        null,
      ]),
    );
    await checkpoint(channel, "finished", 1n);
    // The answer to the next heartbeat has the stream's channels already.
    const streams = await beat(tunnelId, clientId, [base!]);
    expect(streams.length).toBe(2);
    const changes = await readStreams(tunnelId, clientId);
    expect(
      changes
        .map(
          ({ action, row }) => `${action} ${(row.primaryKey[0]!.value as { value: string }).value}`,
        )
        .sort(),
    ).toEqual([
      "DELETE_ROW deleted",
      "DELETE_ROW renewed",
      "PUT_ROW changed",
      "PUT_ROW new",
      "PUT_ROW renewed",
    ]);
  });

  it("goes on from its checkpoint after a restart, with the rows as they were", async () => {
    for (let n = 0; n < 20; n++) await put("a", `old ${n}`, n);
    const tunnelId = await createTunnel("BaseData");
    const clientId = await join(tunnelId);
    const [base] = await beat(tunnelId, clientId);
    const channel = { tunnelId, clientId, channelId: base!.channelId };
    for (let n = 10; n < 20; n++) await put("a", `new ${n}`, n);
    await server.restart();
    client.close();
    client = connectClient(server.port);
    expect(await beat(tunnelId, clientId, [base!])).toEqual([base]);
    const { records } = await readToEnd(client, channel, (await start(channel)).checkpoint);
    expect(records.map(({ row }) => (row.attributes[0]!.value as { value: string }).value)).toEqual(
      Array.from({ length: 20 }, (_, n) => `old ${n}`),
    );
  });
});

describe("a tunnel's stream", () => {
  it("tells puts, updates and deletes as documented", async () => {
    const tunnelId = await createTunnel("Stream");
    await put("a", "1");
    const version = 1_700_000_000_123n;
    await client.call("UpdateRow", {
      tableName,
      rowChange: rowBytes(key("a"), [
        text("d", "x"),
        operation("e", "delete-one-version", { timestampMs: version }),
        operation("f", "delete-all-versions"),
        integer("g", 5, { operation: "increment" }),
      ]),
      condition: anyRow,
    });
    await remove("a");
    const clientId = await join(tunnelId);
    const [putRecord, update, deletion, ...others] = await readStreams(tunnelId, clientId);
    expect(others).toEqual([]);
    expect(putRecord).toMatchObject({
      action: "PUT_ROW",
      row: { attributes: [{ name: "c", operation: null, timestampMs: expect.any(BigInt) }] },
      origin: null,
    });
    expect(update?.action).toBe("UPDATE_ROW");
    expect(update?.row.attributes).toMatchObject([
      { name: "d", value: { value: "x" }, operation: null, timestampMs: expect.any(BigInt) },
      { name: "e", value: null, operation: "delete-one-version", timestampMs: version },
      { name: "f", value: null, operation: "delete-all-versions", timestampMs: null },
      { name: "g", value: { value: 5n }, operation: null, timestampMs: expect.any(BigInt) },
    ]);
    expect(deletion).toMatchObject({
      action: "DELETE_ROW",
      row: { attributes: [], deleteMarker: true },
    });
    const times = [putRecord, update, deletion].map((record) => record!.row.extension!);
    for (const [index, time] of times.slice(1).entries()) {
      const before = times[index]!;
      expect(
        time.timestampUs > before.timestampUs ||
          (time.timestampUs === before.timestampUs && time.rowIndex > before.rowIndex),
      ).toBe(true);
    }
  });

  it("brings the old values that the table's stream asks for", async () => {
    await client.call("UpdateTable", {
      tableName,
      streamSpec: { enableStream: true, expirationTime: 24, columnsToGet: ["c"] },
    });
    await put("a", "old");
    const tunnelId = await createTunnel("Stream");
    await put("a", "new");
    const [record] = await readStreams(tunnelId, await join(tunnelId));
    expect(record?.origin).toMatchObject({
      primaryKey: [],
      attributes: [{ name: "c", value: { value: "old" } }],
    });
  });

  it("is read again from any earlier token, page after page", async () => {
    const tunnelId = await createTunnel("Stream");
    const clientId = await join(tunnelId);
    const [first] = await beat(tunnelId, clientId);
    const channel = { tunnelId, clientId, channelId: first!.channelId };
    const begin = (await start(channel)).checkpoint;
    expect(parseToken(begin)).toMatchObject({
      kind: "stream",
      iterator: expect.stringMatching(/:0$/),
    });
    const empty = await readPage(client, channel, begin);
    expect(empty).toMatchObject({ records: [], nextToken: begin, mayMoreRecord: false });
    for (let n = 0; n < 50; n++) await put(`p${n}`, "x");
    const all = await readToEnd(client, channel, begin);
    const again = await readToEnd(client, channel, begin);
    expect(again).toEqual(all);
    expect(all.records.length).toBeGreaterThan(0);
  });

  it("starts at the oldest record when asked to, and at a time", async () => {
    await client.call("UpdateTable", {
      tableName,
      streamSpec: { enableStream: true, expirationTime: 24 },
    });
    for (let n = 0; n < 5; n++) await put("a", "early", n);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const middle = BigInt(Date.now()) * 1_000_000n;
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (let n = 5; n < 8; n++) await put("a", "late", n);
    const earliest = await createTunnel("Stream", { flag: "EARLIEST" });
    expect(await readStreams(earliest, await join(earliest))).toHaveLength(8);
    const { tunnelId } = await client.call("CreateTunnel", {
      tunnel: {
        tableName,
        tunnelName: "timed",
        tunnelType: "Stream",
        streamTunnelConfig: { startOffset: middle },
      },
    });
    expect(await readStreams(tunnelId, await join(tunnelId))).toHaveLength(3);
  });

  it("ends at its end offset", async () => {
    const endOffset = BigInt(Date.now() + 300) * 1_000_000n;
    const tunnelId = await createTunnel("Stream", { endOffset });
    await put("a", "before");
    await new Promise((resolve) => setTimeout(resolve, 310));
    await put("a", "after");
    const clientId = await join(tunnelId);
    const values = [];
    for (const { channelId } of await beat(tunnelId, clientId)) {
      const channel = { tunnelId, clientId, channelId };
      const { records, token } = await readToEnd(
        client,
        channel,
        (await start(channel)).checkpoint,
      );
      expect(token).toBe("finished");
      values.push(
        ...records.map(({ row }) => (row.attributes[0]!.value as { value: string }).value),
      );
      await checkpoint(channel, "finished", 1n);
    }
    expect(values).toEqual(["before"]);
    expect((await describeTunnel()).channels.map(({ channelStatus }) => channelStatus)).toEqual([
      "TERMINATED",
      "TERMINATED",
    ]);
  });
});

describe("checkpoints", () => {
  it("of base data never go back, because the snapshot is not kept before them", async () => {
    for (let n = 0; n < 10; n++) await put("a", "v", n);
    const tunnelId = await createTunnel("BaseData");
    const clientId = await join(tunnelId);
    const [base] = await beat(tunnelId, clientId);
    const channel = { tunnelId, clientId, channelId: base!.channelId };
    const begin = (await start(channel)).checkpoint;
    const past = (n: number) =>
      encodeToken({ kind: "base", primaryKey: rowBytes(key("a", n)), totalCount: BigInt(n) });
    await checkpoint(channel, past(5), 1n);
    for (const earlier of [past(4), begin]) {
      expect(await refusal(checkpoint(channel, earlier, 2n))).toBe("400 OTSParameterInvalid");
    }
    await checkpoint(channel, past(6), 2n);
  });

  it("are a compare-and-swap that outlives a restart", async () => {
    const tunnelId = await createTunnel("Stream");
    const clientId = await join(tunnelId);
    const [first] = await beat(tunnelId, clientId);
    const channel = { tunnelId, clientId, channelId: first!.channelId };
    for (let n = 0; n < 20; n++) await put(`p${n}`, "x");
    const { token } = await readToEnd(client, channel, (await start(channel)).checkpoint);
    await checkpoint(channel, token, 1n);
    await checkpoint(channel, token, 1n);
    expect(await refusal(checkpoint(channel, token, 3n))).toBe("400 OTSSequenceNumberNotMatch");
    expect(await refusal(checkpoint(channel, "finished", 2n))).toBe("400 OTSParameterInvalid");
    expect(await refusal(checkpoint(channel, "nonsense", 2n))).toBe("400 OTSParameterInvalid");
    await server.restart();
    client.close();
    client = connectClient(server.port);
    expect(await start(channel)).toEqual({ checkpoint: token, sequenceNumber: 1n });
    expect((await readToEnd(client, channel, token)).records).toEqual([]);
  });
});

describe("clients", () => {
  it("share channels, hand them over, and are replaced when they leave", async () => {
    const tunnelId = await createTunnel("Stream");
    const one = await join(tunnelId);
    const held = await beat(tunnelId, one);
    expect(held.map(({ status }) => status)).toEqual(["OPEN", "OPEN"]);
    const two = await join(tunnelId);
    expect(await beat(tunnelId, two)).toEqual([]);
    const afterJoin = await beat(tunnelId, one, held);
    expect(afterJoin.map(({ status }) => status).sort()).toEqual(["CLOSING", "OPEN"]);
    const closing = afterJoin.find(({ status }) => status === "CLOSING")!;
    const kept = afterJoin.find(({ status }) => status === "OPEN")!;
    const closed = { ...closing, version: closing.version + 1n, status: "CLOSE" as const };
    expect(await beat(tunnelId, one, [kept, closed])).toEqual([kept]);
    const [handed] = await beat(tunnelId, two);
    expect(handed).toMatchObject({ channelId: closing.channelId, status: "OPEN" });
    expect(handed!.version).toBeGreaterThan(closed.version);
    expect(await refusal(start({ tunnelId, clientId: one, channelId: closing.channelId }))).toBe(
      "410 OTSResourceGone",
    );
    await client.call("Shutdown", { tunnelId, clientId: one });
    expect(await beat(tunnelId, two)).toHaveLength(2);
    expect(await refusal(beat(tunnelId, one))).toBe("410 OTSResourceGone");
  });

  it("that the server never heard of are taken in", async () => {
    const tunnelId = await createTunnel("Stream");
    expect(await beat(tunnelId, "from-another-life")).toHaveLength(2);
  });
});

describe("tunnels", () => {
  it("are listed and described with every field, and deleted", async () => {
    const tunnelId = await createTunnel("BaseAndStream");
    expect(await refusal(createTunnel("Stream"))).toBe("409 OTSTunnelExist");
    const { tunnels } = await client.call("ListTunnel", { tableName });
    expect(tunnels).toMatchObject([
      {
        tunnelId,
        tunnelType: "BaseAndStream",
        tableName,
        instanceName: "test",
        stage: "ProcessBaseData",
        expired: false,
        tunnelName: "tunnel",
      },
    ]);
    const { channels } = await describeTunnel();
    expect(
      channels.map(({ channelType, channelStatus }) => `${channelType} ${channelStatus}`).sort(),
    ).toEqual(["BaseData WAIT", "Stream WAIT", "Stream WAIT"]);
    await client.call("DeleteTunnel", { tableName, tunnelName: "tunnel" });
    expect(await refusal(join(tunnelId))).toBe("400 OTSParameterInvalid");
    expect((await client.call("ListTunnel", { tableName })).tunnels).toEqual([]);
  });

  it("have expired when the stream is switched off", async () => {
    const tunnelId = await createTunnel("Stream");
    const clientId = await join(tunnelId);
    const [first] = await beat(tunnelId, clientId);
    const channel = { tunnelId, clientId, channelId: first!.channelId };
    const { checkpoint: token } = await start(channel);
    await client.call("UpdateTable", { tableName, streamSpec: { enableStream: false } });
    expect(await refusal(readPage(client, channel, token))).toBe("400 OTSTunnelExpired");
    expect((await describeTunnel()).tunnel.expired).toBe(true);
  });
});
