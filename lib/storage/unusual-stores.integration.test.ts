import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import {
  startTestStore,
  testKey,
  testRegion,
} from "@/workers/local/object-store/testing/start-test-store";
import { ensureBucket } from "./create-bucket";
import type { S3StoreConfig } from "./s3-client";
import { createS3ObjectStore } from "./s3-object-store";

/** What stands between the adapter and a real store: null passes the request on. */
type Interference = (message: IncomingMessage) => { status: number; code: string } | "hang" | null;

const contentType = "application/octet-stream";
let real: Awaited<ReturnType<typeof startTestStore>>;
let between: Server;
let interfere: Interference = () => null;
let config: S3StoreConfig;
let store: ObjectStore;

beforeAll(async () => {
  real = await startTestStore();
  between = createServer((message, response) => {
    const interference = interfere(message);
    if (interference === "hang") return;
    if (interference !== null) {
      message.resume();
      const { status, code } = interference;
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${code}</Code><Message>As told</Message></Error>`);
      return;
    }
    const { method, url, headers } = message;
    const options = { host: "127.0.0.1", port: real.port, method, path: url, headers };
    const onward = request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    message.pipe(onward);
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  const { port } = between.address() as AddressInfo;
  config = {
    endpoint: `http://127.0.0.1:${port}`,
    region: testRegion,
    bucket: "unusual",
    ...testKey,
    forcePathStyle: true,
    requestTimeoutMs: 400,
  };
  await ensureBucket(config);
  store = createS3ObjectStore(config);
});
afterEach(() => {
  interfere = () => null;
});
afterAll(async () => {
  store.close();
  between.closeAllConnections();
  await new Promise((resolve) => between.close(resolve));
  await real.close();
});

async function stage(key: string, text: string) {
  const uploadId = await store.createUpload({ key, metadata: {}, contentType });
  const body = Buffer.from(text);
  return { key, uploadId, parts: [await store.uploadPart({ key, uploadId, partNumber: 1, body })] };
}

const isCompletion = (message: IncomingMessage) =>
  message.method === "POST" && message.url?.includes("uploadId=") === true;

describe("a store that is not quite S3", () => {
  it("and refuses conditions on a completion is completed without, but never overwritten", async () => {
    let refused = 0;
    interfere = (message) => {
      if (!isCompletion(message) || message.headers["if-none-match"] === undefined) return null;
      refused += 1;
      return { status: 501, code: "NotImplemented" };
    };
    expect((await store.completeUpload(await stage("plain/a", "one"))).kind).toBe("completed");
    expect((await store.completeUpload(await stage("plain/b", "two"))).kind).toBe("completed");
    const late = await stage("plain/a", "late");
    expect(await store.completeUpload(late)).toEqual({ kind: "key_taken" });
    expect(Buffer.from((await store.read("plain/a")) ?? []).toString()).toBe("one");
    expect(refused).toBe(1);
  });

  it("and takes no notice of conditions is looked at first, and never overwritten", async () => {
    interfere = (message) => {
      delete message.headers["if-none-match"];
      return null;
    };
    const fresh = createS3ObjectStore(config);
    await store.completeUpload(await stage("deaf/a", "one"));
    const late = await stage("deaf/a", "late");
    expect(await fresh.completeUpload(late)).toEqual({ kind: "key_taken" });
    fresh.close();
    expect(Buffer.from((await store.read("deaf/a")) ?? []).toString()).toBe("one");
  });

  it("and is in the middle of another write to the key is asked again", async () => {
    let conflicts = 0;
    interfere = (message) => {
      if (!isCompletion(message) || conflicts === 2) return null;
      conflicts += 1;
      return { status: 409, code: "ConditionalRequestConflict" };
    };
    expect((await store.completeUpload(await stage("busy/a", "one"))).kind).toBe("completed");
    expect(conflicts).toBe(2);
  });

  it("and never stops being busy is unavailable, with the upload still there", async () => {
    interfere = (message) =>
      isCompletion(message) ? { status: 409, code: "ConditionalRequestConflict" } : null;
    const upload = await stage("busy/b", "one");
    await expect(store.completeUpload(upload)).rejects.toMatchObject({
      code: "destination.unavailable",
      details: { providerCode: "ConditionalRequestConflict", key: "busy/b" },
    });
    interfere = () => null;
    expect((await store.completeUpload(upload)).kind).toBe("completed");
  });

  it("and answers 503 once is asked a second time, unseen", async () => {
    let answered = 0;
    interfere = () => {
      answered += 1;
      return answered === 1 ? { status: 503, code: "SlowDown" } : null;
    };
    expect(await store.head("none")).toBeNull();
    expect(answered).toBeGreaterThan(1);
  });

  it("and has no space left is full", async () => {
    interfere = (message) =>
      message.method === "PUT" ? { status: 507, code: "XMinioStorageFull" } : null;
    await expect(stage("full/a", "x")).rejects.toMatchObject({ code: "destination.full" });
  });

  it("and does not answer is unavailable when the time is up", async () => {
    interfere = () => "hang";
    const startedAtMs = performance.now();
    await expect(store.head("a")).rejects.toMatchObject({
      code: "destination.unavailable",
      details: {
        providerCode: expect.stringMatching(/^(TimeoutError|ETIMEDOUT)$/),
        operation: "HeadObject",
      },
    });
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });
});
