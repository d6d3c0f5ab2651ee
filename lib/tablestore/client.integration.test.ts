import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { TablestoreClient, type TablestoreClientOptions } from "./client";
import { encodeErrorBody, TablestoreError } from "./error-body";
import { TransportError } from "./http-transport";
import { decodeMessage, encodeMessage, MessageError } from "./messages";
import { actionCode, encodeReadRecordsResponse } from "./read-records";
import { md5Base64, verifyRequestSignature } from "./signing";

type Received = {
  path: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
  socket: IncomingMessage["socket"];
};
type Answer = (response: ServerResponse, received: Received) => void;

const opened: { server?: Server; client?: TablestoreClient }[] = [];
afterEach(async () => {
  for (const { server, client } of opened.splice(0)) {
    client?.close();
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  }
});

/** A service that gives one answer after the other, the last one for ever. */
async function serve(...answers: Answer[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url = "", headers, socket } = request;
    const one = { path: url, headers, body: Buffer.concat(chunks), socket };
    received.push(one);
    answers[Math.min(received.length, answers.length) - 1]?.(response, one);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({ server });
  return { received, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A client whose clock stands still but for its own sleeps, which take no time. */
function connect(endpoint: string, options: Partial<TablestoreClientOptions> = {}) {
  const slept: number[] = [];
  let elapsed = 0;
  const client = new TablestoreClient({
    endpoint,
    instance: "inst",
    accessKeyId: "ak",
    accessKeySecret: "sk",
    clock: {
      now: () => Date.parse("2026-11-20T19:40:17.399Z"),
      monotonic: () => elapsed,
      sleep: async (ms) => {
        slept.push(ms);
        elapsed += ms;
      },
    },
    random: () => 0.5,
    ...options,
  });
  opened.push({ client });
  return { client, slept };
}

const ok =
  (body: Uint8Array, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(200, headers).end(body);
const refuse =
  (status: number, code: string, message = "no"): Answer =>
  (response) =>
    response
      .writeHead(status, { "x-ots-requestid": "r-1" })
      .end(encodeErrorBody({ code, message }));
const hangUp: Answer = (response) => response.destroy();
const tables = encodeMessage("ListTableResponse", { tableNames: ["a", "b"] });
const putRow = {
  tableName: "t",
  row: new Uint8Array(0),
  condition: { rowExistence: "IGNORE" },
} as const;
const consumed = { consumed: { capacityUnit: { read: 0, write: 1 } } };

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail("The call succeeded"),
    (error: unknown) => error,
  );
}

describe("requests", () => {
  it("are signed so that the service's own check accepts them", async () => {
    const { endpoint, received } = await serve(ok(tables));
    const { client } = connect(endpoint, { securityToken: "sts" });
    expect(await client.call("ListTable", {})).toEqual({ tableNames: ["a", "b"] });
    const [{ path, headers, body }] = received as [Received];
    expect(path).toBe("/ListTable");
    expect(headers).toMatchObject({
      "x-ots-instancename": "inst",
      "x-ots-accesskeyid": "ak",
      "x-ots-apiversion": "2015-12-31",
      "x-ots-date": "2026-11-20T19:40:17.399Z",
      "x-ots-ststoken": "sts",
      "x-ots-contentmd5": md5Base64(body),
    });
    expect(verifyRequestSignature({ path, headers }, "sk").ok).toBe(true);
    expect(verifyRequestSignature({ path, headers }, "other").ok).toBe(false);
    expect(JSON.stringify(headers)).not.toContain('"sk"');
  });

  it("carry their message, and tunnel operations the tunnel service's version", async () => {
    const answer = encodeMessage("HeartbeatResponse", {
      channels: [{ channelId: "c", version: 2n, status: "OPEN" }],
    });
    const { endpoint, received } = await serve(ok(answer));
    const { client } = connect(endpoint);
    const channels = [{ channelId: "c", version: 1n, status: "CLOSE" }] as const;
    const request = { tunnelId: "t", clientId: "x", channels };
    expect(await client.call("Heartbeat", request)).toEqual({
      channels: [{ channelId: "c", version: 2n, status: "OPEN" }],
    });
    expect(received[0]?.path).toBe("/tunnel/heartbeat");
    expect(received[0]?.headers["x-ots-apiversion"]).toBe("2018-04-01");
    expect(decodeMessage("HeartbeatRequest", received[0]!.body)).toEqual(request);
  });

  it("share one kept-alive connection when they follow each other", async () => {
    const { endpoint, received } = await serve(ok(tables));
    const { client } = connect(endpoint);
    for (let call = 0; call < 3; call++) await client.call("ListTable", {});
    expect(new Set(received.map(({ socket }) => socket)).size).toBe(1);
  });

  it("give the raw body of ReadRecords", async () => {
    const records = [{ action: actionCode.put, record: Uint8Array.of(1, 2, 3) }];
    const body = encodeReadRecordsResponse(records, { nextToken: "n", mayMoreRecord: true });
    const { endpoint } = await serve(ok(body));
    const { client } = connect(endpoint);
    const ids = { tunnelId: "t", clientId: "x", channelId: "c" };
    const answer = await client.readRecords({ ...ids, token: "from" });
    expect(new Uint8Array(answer)).toEqual(new Uint8Array(body));
  });
});

describe("failures", () => {
  it("of the service keep its status, code, message and request id", async () => {
    const { endpoint } = await serve(refuse(404, "OTSObjectNotExist", "no table"));
    const { client, slept } = connect(endpoint);
    const error = await failureOf(client.call("DescribeTable", { tableName: "t" }));
    expect(error).toBeInstanceOf(TablestoreError);
    expect(error).toMatchObject({
      httpStatus: 404,
      code: "OTSObjectNotExist",
      serviceMessage: "no table",
      requestId: "r-1",
    });
    expect(slept).toEqual([]);
  });

  it("of somebody else on the way are named by their status", async () => {
    const { endpoint } = await serve((response) => response.writeHead(407).end("<html>"));
    const error = await failureOf(connect(endpoint).client.call("ListTable", {}));
    expect(error).toMatchObject({ httpStatus: 407, code: "HTTP407", requestId: null });
  });

  it("in a 2xx answer that is not the message are MessageErrors", async () => {
    const { endpoint } = await serve(ok(Uint8Array.of(0xff)));
    const error = await failureOf(connect(endpoint).client.call("ListTable", {}));
    expect(error).toBeInstanceOf(MessageError);
  });

  it("to reach anybody name the system's reason", async () => {
    const { endpoint } = await serve(ok(tables));
    await new Promise((resolve) => opened.pop()!.server!.close(resolve));
    const { client } = connect(endpoint, { retryTotalMs: 0 });
    const error = await failureOf(client.call("ListTable", {}));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ failure: "unreachable", systemCode: "ECONNREFUSED" });
  });

  it("to speak TLS where the endpoint asks for it are no reason to speak plainly", async () => {
    const { endpoint, received } = await serve(ok(tables));
    const { client } = connect(endpoint.replace("http:", "https:"), { retryTotalMs: 0 });
    expect(await failureOf(client.call("ListTable", {}))).toMatchObject({ failure: "unreachable" });
    expect(received).toEqual([]);
    expect(() => connect("ftp://127.0.0.1")).toThrow(/http/);
  });

  it("to answer in time end the request", async () => {
    const { endpoint } = await serve(() => undefined);
    const { client } = connect(endpoint, { timeoutMs: 40, retryTotalMs: 0 });
    expect(await failureOf(client.call("ListTable", {}))).toMatchObject({ failure: "timeout" });
  });

  it("to finish an answer in time end the request", async () => {
    const { endpoint } = await serve((response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
    });
    const { client } = connect(endpoint, { timeoutMs: 60, retryTotalMs: 0 });
    expect(await failureOf(client.call("ListTable", {}))).toMatchObject({ failure: "timeout" });
  });

  it("to finish an answer at all are not taken for a shorter answer", async () => {
    const { endpoint } = await serve((response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => response.destroy());
    });
    const { client } = connect(endpoint, { retryTotalMs: 0 });
    expect(await failureOf(client.call("ListTable", {}))).toMatchObject({ failure: "unreachable" });
  });

  it.each(["declared", "streamed"])(
    "to keep an answer in bounds end it (%s length)",
    async (how) => {
      const { endpoint } = await serve((response) => {
        const headers = how === "declared" ? { "content-length": "5000" } : {};
        response.writeHead(200, headers).end(Buffer.alloc(5000));
      });
      const { client, slept } = connect(endpoint, { responseBytesMax: 1000 });
      expect(await failureOf(client.call("ListTable", {}))).toMatchObject({ failure: "too_large" });
      expect(slept).toEqual([]);
    },
  );

  it("of an answer to match its digest are retried like a lost answer", async () => {
    const damaged = ok(tables, { "x-ots-contentmd5": md5Base64(Buffer.from("other")) });
    const { endpoint } = await serve(
      damaged,
      ok(tables, { "x-ots-contentmd5": md5Base64(tables) }),
    );
    const { client, slept } = connect(endpoint);
    expect(await client.call("ListTable", {})).toEqual({ tableNames: ["a", "b"] });
    expect(slept).toHaveLength(1);
  });
});

describe("retries", () => {
  it("of an operation that is repeatable back off through lost connections and 5xx", async () => {
    const answers = [hangUp, refuse(503, "OTSTimeout"), refuse(500, "OTSInternalServerError")];
    const { endpoint } = await serve(...answers, ok(tables));
    const { client, slept } = connect(endpoint);
    expect(await client.call("ListTable", {})).toEqual({ tableNames: ["a", "b"] });
    expect(slept).toEqual([100, 200, 400]);
  });

  it("stop when their time is up, with the last failure", async () => {
    const { endpoint, received } = await serve(refuse(503, "OTSServerUnavailable"));
    const { client, slept } = connect(endpoint);
    const error = await failureOf(client.call("ListTable", {}));
    expect(error).toMatchObject({ code: "OTSServerUnavailable" });
    const total = slept.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeLessThanOrEqual(35_000);
    expect(total).toBeGreaterThan(33_000);
    expect(Math.max(...slept)).toBe(2_000);
    expect(received).toHaveLength(slept.length + 1);
  });

  it.each([
    ["a lost connection", hangUp],
    ["an unknown outcome", refuse(503, "OTSTimeout")],
  ])("of a write are not made after %s", async (_, answer) => {
    const { endpoint, received } = await serve(answer);
    await failureOf(connect(endpoint).client.call("PutRow", putRow));
    expect(received).toHaveLength(1);
  });

  it("of a write are made when the service says that it did nothing", async () => {
    const { endpoint } = await serve(
      refuse(503, "OTSServerBusy"),
      refuse(404, "OTSTableNotReady"),
      refuse(409, "OTSRowOperationConflict"),
      refuse(403, "OTSQuotaExhausted", "Too frequent table operations."),
      ok(encodeMessage("PutRowResponse", consumed)),
    );
    const { client, slept } = connect(endpoint);
    expect(await client.call("PutRow", putRow)).toEqual(consumed);
    expect(slept).toHaveLength(4);
  });

  it("are not made when the stream was trimmed, however the service calls it", async () => {
    const trimmed = "OTSTrimmedDataAccess Requested stream data is already trimmed";
    const { endpoint, received } = await serve(refuse(503, "OTSTunnelServerUnavailable", trimmed));
    const ids = { tunnelId: "t", clientId: "x", channelId: "c" };
    await failureOf(connect(endpoint).client.readRecords({ ...ids, token: "from" }));
    expect(received).toHaveLength(1);
  });
});

describe("closing", () => {
  it("ends calls under way and refuses later ones", async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const { endpoint } = await serve(() => arrived());
    const { client, slept } = connect(endpoint);
    const pending = failureOf(client.call("ListTable", {}));
    await arrival;
    client.close();
    expect(await pending).toMatchObject({ failure: "closed" });
    expect(await failureOf(client.call("ListTable", {}))).toMatchObject({ failure: "closed" });
    expect(slept).toEqual([]);
  });
});
