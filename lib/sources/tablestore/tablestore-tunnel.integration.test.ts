import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { TablestoreClient } from "@/lib/tablestore/client";
import { encodeErrorBody } from "@/lib/tablestore/error-body";
import { decodeMessage, encodeMessage, type MessageInit } from "@/lib/tablestore/messages";
import { encodeReadRecordsResponse } from "@/lib/tablestore/read-records";
import { TablestoreTunnel } from "./tablestore-tunnel";

/** What the service answers per path; a list is worked off, its last answer stays. */
type Reply = { status: number; body: Uint8Array };
type Script = Readonly<Record<string, Reply | readonly Reply[]>>;

const ok = (body: Uint8Array = new Uint8Array(0)): Reply => ({ status: 200, body });
const refuse = (status: number, code: string, message = "no"): Reply => ({
  status,
  body: encodeErrorBody({ code, message }),
});
const checkpointOf = (checkpoint: string, sequenceNumber: bigint) =>
  ok(encodeMessage("GetCheckpointResponse", { checkpoint, sequenceNumber }));
const mismatch = refuse(400, "OTSSequenceNumberNotMatch");

const opened: { client: TablestoreClient; server: Server }[] = [];
afterEach(async () => {
  for (const { client, server } of opened.splice(0)) {
    client.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Answers that no healthy service gives can only be had from a script. */
async function openTunnel(script: Script) {
  const received: { path: string; body: Buffer }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? "";
    const earlier = received.filter((one) => one.path === path).length;
    received.push({ path, body: Buffer.concat(chunks) });
    const scripted = script[path] ?? refuse(405, "OTSMethodNotAllowed");
    const replies: readonly Reply[] = "status" in scripted ? [scripted] : scripted;
    const reply = replies[Math.min(earlier, replies.length - 1)]!;
    response.writeHead(reply.status).end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new TablestoreClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    instance: "inst",
    accessKeyId: "ak",
    accessKeySecret: "sk",
    clock: { now: Date.now, monotonic: () => 0, sleep: async () => {} },
    random: () => 0.5,
    retryTotalMs: 0,
  });
  opened.push({ client, server });
  const tunnel = new TablestoreTunnel(client, { table: "t", name: "n", tunnelId: "id" });
  return { tunnel, received };
}

const position = { checkpoint: "ours", sequenceNumber: 5n };

describe("writing a checkpoint", () => {
  it("is one request when the service accepts it", async () => {
    const { tunnel, received } = await openTunnel({ "/tunnel/checkpoint": ok() });
    await tunnel.writeCheckpoint("client", "channel", position);
    expect(received).toHaveLength(1);
    expect(decodeMessage("CheckpointRequest", received[0]!.body)).toEqual({
      tunnelId: "id",
      clientId: "client",
      channelId: "channel",
      checkpoint: "ours",
      sequenceNumber: 5n,
    });
  });

  it("succeeds when an earlier try had arrived and only its answer was lost", async () => {
    const { tunnel } = await openTunnel({
      "/tunnel/checkpoint": mismatch,
      "/tunnel/getcheckpoint": checkpointOf("ours", 5n),
    });
    await expect(tunnel.writeCheckpoint("client", "channel", position)).resolves.toBeUndefined();
  });

  it("fails when somebody else moved the checkpoint", async () => {
    const { tunnel } = await openTunnel({
      "/tunnel/checkpoint": mismatch,
      "/tunnel/getcheckpoint": checkpointOf("theirs", 9n),
    });
    await expect(tunnel.writeCheckpoint("client", "channel", position)).rejects.toMatchObject({
      code: "source.checkpoint_ahead",
    });
  });

  it("stays undecided when the checkpoint cannot be read again", async () => {
    const { tunnel } = await openTunnel({
      "/tunnel/checkpoint": mismatch,
      "/tunnel/getcheckpoint": refuse(410, "OTSResourceGone"),
    });
    await expect(tunnel.writeCheckpoint("client", "channel", position)).rejects.toMatchObject({
      code: "source.client_gone",
    });
  });

  it("does not ask again after any other refusal", async () => {
    const { tunnel, received } = await openTunnel({
      "/tunnel/checkpoint": refuse(410, "OTSResourceGone"),
    });
    await expect(tunnel.writeCheckpoint("client", "channel", position)).rejects.toMatchObject({
      code: "source.client_gone",
    });
    expect(received).toHaveLength(1);
  });
});

describe("a tunnel's client", () => {
  it("connects with its time-out in seconds and its tag", async () => {
    const answer = ok(encodeMessage("ConnectResponse", { clientId: "client" }));
    const { tunnel, received } = await openTunnel({ "/tunnel/connect": answer });
    expect(await tunnel.connect({ timeoutSeconds: 300, tag: "culvert" })).toBe("client");
    expect(decodeMessage("ConnectRequest", received[0]!.body)).toEqual({
      tunnelId: "id",
      clientConfig: { timeout: 300n, clientTag: "culvert" },
    });
  });

  it("tells and hears of channels in every state", async () => {
    const channels = [
      { channelId: "a", version: 1n, status: "open" },
      { channelId: "b", version: 2n, status: "closing" },
      { channelId: "c", version: 3n, status: "closed" },
      { channelId: "d", version: 2n ** 40n, status: "terminated" },
    ] as const;
    const wire = ["OPEN", "CLOSING", "CLOSE", "TERMINATED"] as const;
    const onWire = channels.map((channel, index) => ({ ...channel, status: wire[index]! }));
    const answer = ok(encodeMessage("HeartbeatResponse", { channels: onWire }));
    const { tunnel, received } = await openTunnel({ "/tunnel/heartbeat": answer });
    expect(await tunnel.heartbeat("client", channels)).toEqual(channels);
    expect(decodeMessage("HeartbeatRequest", received[0]!.body).channels).toEqual(onWire);
  });

  it("may be shut down twice", async () => {
    const { tunnel } = await openTunnel({
      "/tunnel/shutdown": [ok(), refuse(410, "OTSResourceGone")],
    });
    await tunnel.shutdown("client");
    await tunnel.shutdown("client");
  });
});

describe("reading records", () => {
  it("gives a page over the body as it came", async () => {
    const record = Uint8Array.of(1, 2, 3);
    const body = encodeReadRecordsResponse([{ action: 3, record }], {
      nextToken: "next",
      mayMoreRecord: false,
    });
    const { tunnel, received } = await openTunnel({ "/tunnel/readrecords": ok(body) });
    const page = await tunnel.readRecords("client", "channel", "from");
    expect(page).toMatchObject({ recordCount: 1, next: "next", finished: false });
    expect([...page.body.subarray(page.starts[0], page.ends[0])]).toEqual([1, 2, 3]);
    expect(decodeMessage("ReadRecordsRequest", received[0]!.body).token).toBe("from");
  });

  it.each<[Reply, string]>([
    [ok(Uint8Array.of(0xff, 0xff)), "source.record_corrupt"],
    [refuse(400, "OTSTunnelExpired"), "source.tunnel_expired"],
    [refuse(400, "OTSParameterInvalid", "tunnel not exist"), "source.tunnel_missing"],
    [refuse(503, "OTSTunnelServerUnavailable"), "source.unavailable"],
  ])("fails with the code that says what to do", async (reply, code) => {
    const { tunnel } = await openTunnel({ "/tunnel/readrecords": reply });
    await expect(tunnel.readRecords("client", "channel", "from")).rejects.toMatchObject({ code });
  });
});

describe("describing a tunnel", () => {
  const info = {
    tunnelId: "id",
    tunnelType: "BaseAndStream",
    tableName: "t",
    instanceName: "inst",
    streamId: "s",
    stage: "ProcessBaseData",
  };
  const base = { channelId: "BaseData_0", channelType: "BaseData", channelStatus: "OPEN" };
  const describeWith = (tunnel: object, channels: readonly MessageInit<"ChannelInfo">[]) =>
    openTunnel({
      "/tunnel/describe": ok(
        encodeMessage("DescribeTunnelResponse", { tunnel: { ...info, ...tunnel }, channels }),
      ),
    });

  it("reads stage, expiry and every channel", async () => {
    const channels = [
      { ...base, clientId: "client", channelRpo: 5n, channelCount: 12n },
      { channelId: "s0", channelType: "Stream", channelStatus: "WAIT", channelRpo: 0n },
      {
        channelId: "s1",
        channelType: "Stream",
        channelStatus: "CLOSE",
        clientId: "",
        channelRpo: 1_700_000_000_123_456_789n,
      },
    ];
    const { tunnel } = await describeWith({ expired: true }, channels);
    expect(await tunnel.describe()).toEqual({
      stage: "base",
      expired: true,
      channels: [
        {
          channelId: "BaseData_0",
          kind: "base",
          status: "open",
          clientId: "client",
          consumedThroughMs: null,
          rows: 12n,
        },
        {
          channelId: "s0",
          kind: "stream",
          status: "waiting",
          clientId: null,
          consumedThroughMs: null,
          rows: null,
        },
        {
          channelId: "s1",
          kind: "stream",
          status: "closed",
          clientId: null,
          consumedThroughMs: 1_700_000_000_123,
          rows: null,
        },
      ],
    });
  });

  it.each<[object, object]>([
    [{ stage: "ProcessSomething" }, {}],
    [{}, { channelType: "Other" }],
    [{}, { channelStatus: "ASLEEP" }],
  ])(
    "refuses words that it does not know (%j %j) instead of guessing",
    async (tunnelPart, part) => {
      const { tunnel } = await describeWith(tunnelPart, [{ ...base, ...part }]);
      await expect(tunnel.describe()).rejects.toMatchObject({ code: "source.record_corrupt" });
    },
  );
});
