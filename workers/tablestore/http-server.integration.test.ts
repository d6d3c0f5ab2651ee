import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeErrorBody } from "@/lib/tablestore/error-body";
import { decodeMessage, encodeMessage } from "@/lib/tablestore/messages";
import { operations } from "@/lib/tablestore/operations";
import {
  deriveSigningKeyV4,
  md5Base64,
  signRequestV2,
  signRequestV4,
  verifyResponseSignature,
} from "@/lib/tablestore/signing";
import { startTestServer, type TestServer, testAccess } from "./testing/start-test-server";
import { anyRow, connectClient, integer, rowBytes, text } from "./testing/tunnel-reader";

const { accessKeyId, accessKeySecret, instance } = testAccess;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ longPollMs: 0 });
  const client = connectClient(server.port);
  await client.call("CreateTable", {
    tableMeta: { tableName: "t", primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: {} },
  });
  client.close();
});
afterAll(() => server.close());

type Sent = { method?: string; headers?: Record<string, string | undefined>; v4?: boolean };

function signedHeaders(path: string, body: Uint8Array, { headers = {}, v4 }: Sent) {
  const base: Record<string, string> = {
    "x-ots-date": new Date().toISOString(),
    "x-ots-apiversion": "2015-12-31",
    "x-ots-accesskeyid": accessKeyId,
    "x-ots-instancename": instance,
    "x-ots-contentmd5": md5Base64(body),
  };
  if (v4) Object.assign(base, { "x-ots-signdate": "20261120", "x-ots-signregion": "cn-hangzhou" });
  const all = Object.fromEntries(
    Object.entries({ ...base, ...headers }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
  const signingKey = v4
    ? deriveSigningKeyV4(accessKeySecret, "20261120", "cn-hangzhou")
    : accessKeySecret;
  if (v4) all["x-ots-signaturev4"] = signRequestV4({ path, headers: all }, signingKey);
  else all["x-ots-signature"] = signRequestV2({ path, headers: all }, accessKeySecret);
  return { all, signingKey };
}

async function send(path: string, body: Uint8Array = new Uint8Array(0), sent: Sent = {}) {
  const { all, signingKey } = signedHeaders(path, body, sent);
  const method = sent.method ?? "POST";
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: all,
    ...(method === "POST" ? { body: body as BodyInit } : {}),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = Object.fromEntries(response.headers);
  return { status: response.status, bytes, headers, error: decodeErrorBody(bytes), signingKey };
}

describe("every answer", () => {
  it("is signed, with V2 and with V4, also when it is an error", async () => {
    for (const v4 of [false, true]) {
      for (const [path, status] of [
        ["/ListTable", 200],
        ["/DescribeTable", 400],
      ] as const) {
        const answer = await send(path, undefined, { v4 });
        expect(answer.status).toBe(status);
        const isSigned = verifyResponseSignature(
          { path, headers: answer.headers },
          answer.headers.authorization ?? "",
          accessKeyId,
          answer.signingKey,
        );
        expect(isSigned).toBe(true);
        expect(answer.headers).toMatchObject({
          "x-ots-contentmd5": md5Base64(answer.bytes),
          "x-ots-contenttype": "protocol buffer",
          "x-ots-date": expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          "x-ots-requestid": expect.stringMatching(/./),
        });
      }
    }
  });

  it("belongs to the path with one slash, however many were sent", async () => {
    const { all } = signedHeaders("/ListTable", new Uint8Array(0), {});
    const response = await fetch(`http://127.0.0.1:${server.port}//ListTable`, {
      method: "POST",
      headers: all,
    });
    expect(response.status).toBe(200);
  });

  it("of an operation without fields is zero bytes", async () => {
    const request = encodeMessage("CreateTableRequest", {
      tableMeta: { tableName: "empty", primaryKey: [{ name: "pk", type: "STRING" }] },
      reservedThroughput: { capacityUnit: {} },
    });
    const answer = await send("/CreateTable", request);
    expect(answer).toMatchObject({ status: 200, bytes: new Uint8Array(0) });
  });
});

describe("what cannot be served is refused by name", () => {
  it.each([-16, 16])(
    "a request signed %i minutes from now, so that a recorded one is worth nothing later",
    async (minutes) => {
      const date = new Date(Date.now() + minutes * 60_000).toISOString();
      const answer = await send("/ListTable", undefined, { headers: { "x-ots-date": date } });
      expect(answer.status).toBe(403);
      expect(answer.error?.code).toBe("OTSAuthFailed");
    },
  );

  it("another method, and an operation that is unknown or known and not offered", async () => {
    expect((await send("/ListTable", undefined, { method: "PUT" })).error?.code).toBe(
      "OTSMethodNotAllowed",
    );
    for (const path of ["/SQLQuery", "/tunnel/unknown", "/listtable", "/"]) {
      expect(await send(path)).toMatchObject({
        status: 400,
        error: {
          code: "OTSParameterInvalid",
          message: `Unsupported operation: \`${path.slice(1)}\`.`,
        },
      });
    }
  });

  it("a missing header, a wrong digest, a wrong signature", async () => {
    for (const name of [
      "x-ots-date",
      "x-ots-apiversion",
      "x-ots-accesskeyid",
      "x-ots-instancename",
      "x-ots-contentmd5",
    ]) {
      expect(
        (await send("/ListTable", undefined, { headers: { [name]: undefined } })).error,
      ).toEqual({
        code: "OTSParameterInvalid",
        message: `Missing header: ${name}.`,
      });
    }
    const digest = { headers: { "x-ots-contentmd5": "AAAA" } };
    expect((await send("/ListTable", undefined, digest)).error?.code).toBe("OTSAuthFailed");
    const { all } = signedHeaders("/DescribeTable", new Uint8Array(0), {});
    const forged = await fetch(`http://127.0.0.1:${server.port}/ListTable`, {
      method: "POST",
      headers: all,
    });
    expect(forged.status).toBe(403);
    expect(forged.headers.get("authorization")).toBeNull();
  });

  it("a body longer than five megabytes", async () => {
    const { status, error } = await send("/PutRow", new Uint8Array(5 * 1024 * 1024 + 1));
    expect([status, error?.code]).toEqual([413, "OTSRequestBodyTooLarge"]);
  });
});

describe("malformed input", () => {
  const stillServes = async () => expect((await send("/ListTable")).status).toBe(200);
  const paths = Object.values(operations)
    .map(({ path }) => path)
    .filter((path) => !path.includes("DeliveryTask"));

  it("of any bytes is refused with 4xx by every operation", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.uint8Array({ maxLength: 60 }),
        async (path, body) => {
          const { status } = await send(path, body);
          expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
    await stillServes();
  });

  it("in a row is refused with 4xx, wherever the damage is", async () => {
    const good = rowBytes([text("pk", "a")], [text("c", "value"), integer("n", 5)]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, flip, cut) => {
          const row = cut ? good.subarray(0, at) : Uint8Array.from(good);
          if (!cut) row[at] = (row[at] as number) ^ flip;
          for (const [path, name, field] of [
            ["/PutRow", "PutRowRequest", "row"],
            ["/UpdateRow", "UpdateRowRequest", "rowChange"],
            ["/DeleteRow", "DeleteRowRequest", "primaryKey"],
          ] as const) {
            const body = encodeMessage(name, {
              tableName: "t",
              [field]: row,
              condition: anyRow,
            } as never);
            const { status } = await send(path, body);
            expect(status).toBeGreaterThanOrEqual(400);
            expect(status).toBeLessThan(500);
          }
        },
      ),
      { numRuns: 150 },
    );
    await stillServes();
  });

  it("below HTTP does not stop the server", async () => {
    for (const junk of [
      "\u0000\u0001\u0002",
      "POST /PutRow HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
      "GET",
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, "127.0.0.1", () => socket.end(junk));
        socket.on("close", () => resolve());
        socket.on("error", () => resolve());
        socket.resume();
      });
    }
    await stillServes();
  });
});

it("tells its health to anybody, and nothing else", async () => {
  const response = await fetch(`http://127.0.0.1:${server.port}/health`);
  expect([response.status, await response.text()]).toEqual([200, "ok"]);
});

it("a waiting read is answered at the next write, and does not hold up the end of the server", async () => {
  const waiting = await startTestServer({ longPollMs: 60_000 });
  const client = connectClient(waiting.port);
  await client.call("CreateTable", {
    tableMeta: { tableName: "t", primaryKey: [{ name: "pk", type: "STRING" }] },
    reservedThroughput: { capacityUnit: {} },
  });
  const { tunnelId } = await client.call("CreateTunnel", {
    tunnel: { tableName: "t", tunnelName: "tunnel", tunnelType: "Stream" },
  });
  const { clientId } = await client.call("Connect", { tunnelId });
  const { channels } = await client.call("Heartbeat", { tunnelId, clientId });
  const reads = channels.map(async ({ channelId }) => {
    const channel = { tunnelId, clientId, channelId };
    const { checkpoint } = await client.call("GetCheckpoint", channel);
    const body = await client.readRecords({ ...channel, token: checkpoint });
    return decodeMessage("ReadRecordsResponse", body).records.length;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await client.call("PutRow", {
    tableName: "t",
    row: rowBytes([text("pk", "a")], [text("c", "x")]),
    condition: anyRow,
  });
  expect(await Promise.race(reads)).toBe(1);
  const began = performance.now();
  await waiting.close();
  expect(performance.now() - began).toBeLessThan(4000);
  expect((await Promise.all(reads)).sort()).toEqual([0, 1]);
  client.close();
});
