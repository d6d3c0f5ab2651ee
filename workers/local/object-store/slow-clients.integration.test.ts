import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { CreateBucketCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { presign } from "./testing/presign";
import { createTestClient, startTestStore } from "./testing/start-test-store";

const Bucket = "slow";
let store: Awaited<ReturnType<typeof startTestStore>>;
let client: S3Client;

beforeAll(async () => {
  store = await startTestStore({ traffic: { windowMs: 150, bytesMin: 1024 } });
  client = createTestClient(store.endpoint);
  await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  client.destroy();
  await store.close();
});

async function openSocket(): Promise<{ socket: Socket; closed: Promise<void> }> {
  const socket = connect(store.port, "127.0.0.1");
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, closed };
}

async function beginPut(key: string): Promise<{ socket: Socket; closed: Promise<void> }> {
  const url = new URL(await presign(client, { method: "PUT", bucket: Bucket, key }));
  const opened = await openSocket();
  opened.socket.write(
    `PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 1000000\r\n\r\n`,
  );
  return opened;
}

async function files(): Promise<number> {
  const entries = await readdir(path.join(store.directory, "data"), {
    recursive: true,
    withFileTypes: true,
  });
  return entries.filter((entry) => entry.isFile()).length;
}

describe("a client that does not move", () => {
  it("is cut off when it stops in the middle of a body, and leaves no file", async () => {
    const before = await files();
    const stalled = await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const put = await beginPut(`stalled-${number}`);
        put.socket.write(randomBytes(5_000));
        return put.closed;
      }),
    );
    expect(stalled.length).toBe(20);
    await expect.poll(files, { timeout: 5_000 }).toBe(before);
  });

  it("is cut off when it sends a byte now and then", async () => {
    const { socket, closed } = await beginPut("trickle");
    const timer = setInterval(() => socket.write("x"), 20);
    await closed;
    clearInterval(timer);
  });

  it("is cut off when it does not read what it asked for", async () => {
    const Body = randomBytes(32 * 1024 * 1024);
    await client.send(new PutObjectCommand({ Bucket, Key: "large", Body }));
    const url = new URL(await presign(client, { method: "GET", bucket: Bucket, key: "large" }));
    const { socket, closed } = await openSocket();
    socket.pause();
    socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
    // A paused socket learns that it was closed only when it reads on.
    await new Promise((resolve) => setTimeout(resolve, 700));
    let received = 0;
    socket.on("data", (data: Buffer) => {
      received += data.length;
    });
    socket.resume();
    await closed;
    expect(received).toBeLessThan(Body.length);
  });

  it("does not keep others from being served", async () => {
    const stalled = await Promise.all(Array.from({ length: 100 }, (_, n) => beginPut(`many-${n}`)));
    const Body = randomBytes(2 * 1024 * 1024);
    await client.send(new PutObjectCommand({ Bucket, Key: "served", Body }));
    await Promise.all(stalled.map(({ closed }) => closed));
  });

  it("may take its time when it does move", async () => {
    const url = new URL(await presign(client, { method: "PUT", bucket: Bucket, key: "steady" }));
    const { socket } = await openSocket();
    const Body = randomBytes(40_000);
    const answer = new Promise<string>((resolve) => {
      socket.once("data", (data: Buffer) => resolve(data.toString("latin1")));
    });
    socket.write(
      `PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: ${Body.length}\r\n\r\n`,
    );
    for (let at = 0; at < Body.length; at += 2_000) {
      socket.write(Body.subarray(at, at + 2_000));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(await answer).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  });
});
