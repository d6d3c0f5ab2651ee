import {
  CreateBucketCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestClient, startTestStore } from "./testing/start-test-store";

let store: Awaited<ReturnType<typeof startTestStore>>;
let client: S3Client;

beforeAll(async () => {
  store = await startTestStore();
  client = createTestClient(store.endpoint);
});
afterAll(async () => {
  client.destroy();
  await store.close();
});

describe("listings", () => {
  it("agree with a plain model of S3, whatever keys, prefix, delimiter and page size", async () => {
    const unit = fc.constantFrom("a", "b", "/", "é", "😀", "～", "~", " ");
    const word = fc.string({ unit, minLength: 1, maxLength: 5 });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(word, { maxLength: 12 }),
        fc.string({ unit, maxLength: 2 }),
        fc.constantFrom("", "/", "a", "ab"),
        fc.integer({ min: 1, max: 4 }),
        async (keys, Prefix, Delimiter, MaxKeys) => {
          number += 1;
          const name = `model-${number}`;
          await client.send(new CreateBucketCommand({ Bucket: name }));
          for (const Key of keys) {
            await client.send(new PutObjectCommand({ Bucket: name, Key, Body: "x" }));
          }
          const request = { Bucket: name, Prefix, Delimiter, MaxKeys };
          const expected = modelList(keys, Prefix, Delimiter);
          expect(await listAllV2(request)).toEqual(expected);
          expect(await listAllV1(request)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  type Listing = { Bucket: string; Prefix: string; Delimiter: string; MaxKeys: number };
  type Page = Pick<ListObjectsV2CommandOutput, "Contents" | "CommonPrefixes">;
  const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const entriesOf = (page: Page, MaxKeys: number): string[] => {
    const keys = (page.Contents ?? []).map((entry) => `key ${entry.Key}`);
    const folders = (page.CommonPrefixes ?? []).map((entry) => `folder ${entry.Prefix}`);
    expect(keys.length + folders.length).toBeLessThanOrEqual(MaxKeys);
    return [...keys, ...folders];
  };

  function modelList(keys: readonly string[], prefix: string, delimiter: string): string[] {
    const found = new Set<string>();
    for (const key of keys.filter((key) => key.startsWith(prefix))) {
      const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      found.add(at < 0 ? `key ${key}` : `folder ${key.slice(0, at + delimiter.length)}`);
    }
    return [...found].sort(bytes);
  }

  async function listAllV2(request: Listing): Promise<string[]> {
    const found: string[] = [];
    let token = {};
    for (;;) {
      const page = await client.send(new ListObjectsV2Command({ ...request, ...token }));
      found.push(...entriesOf(page, request.MaxKeys));
      if (!page.IsTruncated) return found.sort(bytes);
      token = { ContinuationToken: page.NextContinuationToken };
    }
  }

  async function listAllV1(request: Listing): Promise<string[]> {
    const found: string[] = [];
    let marker = {};
    for (;;) {
      const page = await client.send(new ListObjectsCommand({ ...request, ...marker }));
      found.push(...entriesOf(page, request.MaxKeys));
      if (!page.IsTruncated) return found.sort(bytes);
      marker = { Marker: page.NextMarker ?? page.Contents!.at(-1)!.Key! };
    }
  }
});
