import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findFreePort } from "@/lib/platform/free-port";
import { createTestClient, testKey } from "./testing/start-test-store";

const Bucket = "killed";
const rounds = 10;
const writers = 6;
const partBytes = 5 * 1024 * 1024;

let directory: string;
let port: number;
let server: ChildProcess;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "culvert-object-store-kill-"));
  port = await findFreePort("127.0.0.1");
});
afterAll(async () => {
  server.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const main = path.join(import.meta.dirname, "main.ts");
  server = spawn(process.execPath, ["--import", "tsx", main], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      LOG_LEVEL: "error",
      OBJECT_STORE_PORT: `${port}`,
      OBJECT_STORE_DATA: directory,
      OBJECT_STORE_ACCESS_KEY_ID: testKey.accessKeyId,
      OBJECT_STORE_SECRET_ACCESS_KEY: testKey.secretAccessKey,
    },
  });
  let output = "";
  server.stderr?.on("data", (data: Buffer) => {
    output += data;
  });
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    if (answer?.status === 200) return;
    if (server.exitCode !== null) throw new Error(`The object store did not start: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function kill(): Promise<void> {
  const gone = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGKILL");
  await gone;
}

const digest = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

/** What the store said it did: the digest of each key's acknowledged content, null once deleted. */
type Acknowledged = Map<string, string | null>;
/** What it may have done without having said so. */
type Possible = Map<string, Set<string | null>>;

/** Writes, overwrites, deletes and uploads in parts until the connection breaks. */
async function writeUntilKilled(
  client: S3Client,
  name: string,
  acknowledged: Acknowledged,
  possible: Possible,
): Promise<void> {
  const attempt = async (Key: string, wanted: string | null, work: () => Promise<unknown>) => {
    possible.set(Key, (possible.get(Key) ?? new Set()).add(wanted));
    await work();
    acknowledged.set(Key, wanted);
    possible.set(Key, new Set());
  };
  try {
    for (let number = 0; ; number += 1) {
      const Key = `${name}/${number % 7}`;
      const Body = randomBytes(1 + ((number * 7919) % 400_000));
      await attempt(Key, digest(Body), () =>
        client.send(new PutObjectCommand({ Bucket, Key, Body })),
      );
      if (number % 5 === 4) {
        await attempt(Key, null, () => client.send(new DeleteObjectCommand({ Bucket, Key })));
      }
      if (number % 6 === 1) await uploadInParts(client, `${name}/parts-${number % 3}`, attempt);
    }
  } catch {
    // The process was killed under this request: whatever it was doing may or may not have counted.
  }
}

async function uploadInParts(
  client: S3Client,
  Key: string,
  attempt: (Key: string, wanted: string, work: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const bodies = [randomBytes(partBytes), randomBytes(1000)];
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const part = await client.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }),
    );
    Parts.push({ PartNumber, ETag: part.ETag });
  }
  const MultipartUpload = { Parts };
  await attempt(Key, digest(Buffer.concat(bodies)), () =>
    client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload })),
  );
}

async function contentOf(client: S3Client, Key: string): Promise<string | null> {
  try {
    const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
    return digest(await answer.Body!.transformToByteArray());
  } catch (error) {
    if ((error as Error).name === "NoSuchKey") return null;
    throw error;
  }
}

async function filesOnDisk(): Promise<number> {
  const entries = await readdir(path.join(directory, "data"), {
    recursive: true,
    withFileTypes: true,
  });
  return entries.filter((entry) => entry.isFile()).length;
}

/** One file for each object, one more for the second part of each multipart object, and the open parts. */
async function filesExpected(client: S3Client): Promise<number> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  const second = Contents.filter((entry) => entry.ETag?.includes("-")).length;
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  let open = 0;
  for (const { Key, UploadId } of Uploads) {
    const listed = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    open += listed.Parts?.length ?? 0;
  }
  return Contents.length + second + open;
}

it(`keeps everything it acknowledged, whole, through ${rounds} kills in the middle of writing`, async () => {
  const acknowledged: Acknowledged = new Map();
  let checked = 0;
  for (let round = 0; round < rounds; round += 1) {
    await start();
    const client = createTestClient(`http://127.0.0.1:${port}`);
    if (round === 0) await client.send(new CreateBucketCommand({ Bucket }));
    const possible: Possible = new Map();
    const writing = Array.from({ length: writers }, (_, writer) =>
      writeUntilKilled(client, `w${writer}`, acknowledged, possible),
    );
    const enough = acknowledged.size + 3;
    const startedAtMs = performance.now();
    const delayMs = 150 + round * 60;
    while (performance.now() - startedAtMs < delayMs || acknowledged.size < Math.min(enough, 10)) {
      if (performance.now() - startedAtMs > 20_000) throw new Error("Nothing is acknowledged");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await kill();
    await Promise.all(writing);
    client.destroy();

    await start();
    const reader = createTestClient(`http://127.0.0.1:${port}`);
    const listed = await reader.send(new ListObjectsV2Command({ Bucket }));
    const visible = new Set(listed.Contents?.map((entry) => entry.Key));
    for (const key of new Set([...acknowledged.keys(), ...possible.keys()])) {
      const found = await contentOf(reader, key);
      const allowed = [acknowledged.get(key) ?? null, ...(possible.get(key) ?? [])];
      expect(allowed, `${key} in round ${round}`).toContain(found);
      expect(visible.has(key), `${key} listed in round ${round}`).toBe(found !== null);
      // What an unacknowledged request did is settled now, and must stay.
      acknowledged.set(key, found);
      checked += 1;
    }
    for (const key of visible) expect(acknowledged.has(key ?? "")).toBe(true);
    expect(await filesOnDisk()).toBe(await filesExpected(reader));
    reader.destroy();
    await kill();
  }
  expect(checked).toBeGreaterThan(rounds * writers);
}, 180_000);
