import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { presign } from "./testing/presign";
import { createTestClient, startTestStore, testKey, testRegion } from "./testing/start-test-store";

const Bucket = "conformance";
const hello = "a/hello.txt";
const special = "dir one/ü+%20 #?&.txt";

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

const put = (Key: string, Body: string | Buffer) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body }));
const get = async (Key: string, extra = {}) => {
  const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...extra }));
  return { ...answer, bytes: Buffer.from(await answer.Body!.transformToByteArray()) };
};
async function failureOf(work: Promise<unknown>): Promise<{ name: string; status: number }> {
  try {
    await work;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode: number } };
    return { name, status: $metadata?.httpStatusCode ?? 0 };
  }
  throw new Error("The request was expected to fail");
}

describe("the S3 protocol as the AWS SDK speaks it", () => {
  it("1 creates a bucket", async () => {
    await client.send(new CreateBucketCommand({ Bucket }));
  });

  it("2 keeps a string's body, content type and metadata (CRC32 in a header)", async () => {
    const Metadata = { owner: "culvert", "two-words": "yes" };
    const ContentType = "text/plain; charset=utf-8";
    await client.send(
      new PutObjectCommand({ Bucket, Key: hello, Body: "hello", ContentType, Metadata }),
    );
    const answer = await get(hello);
    expect(answer.bytes.toString()).toBe("hello");
    expect(answer.ContentType).toBe(ContentType);
    expect(answer.Metadata).toEqual(Metadata);
  });

  it("3 keeps a stream (aws-chunked with a CRC32 trailer)", async () => {
    const data = randomBytes(300_000);
    const Body = Readable.from([data.subarray(0, 100_001), data.subarray(100_001)]);
    await client.send(
      new PutObjectCommand({ Bucket, Key: "a/stream", Body, ContentLength: data.length }),
    );
    expect((await get("a/stream")).bytes.equals(data)).toBe(true);
  });

  it("4 refuses a wrong CRC32", async () => {
    const failure = await failureOf(
      client.send(
        new PutObjectCommand({ Bucket, Key: "a/wrong", Body: "hello", ChecksumCRC32: "AAAAAA==" }),
      ),
    );
    expect(failure).toEqual({ name: "BadDigest", status: 400 });
    expect((await failureOf(get("a/wrong"))).name).toBe("NoSuchKey");
  });

  it("5 keeps an empty body", async () => {
    await put("a/empty", "");
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "a/empty" }));
    expect(head.ContentLength).toBe(0);
    expect((await get("a/empty")).bytes.length).toBe(0);
  });

  it("6 keeps a key of spaces, unicode and reserved characters", async () => {
    await put(special, "special");
    const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "dir one/" }));
    expect(list.Contents?.map((entry) => entry.Key)).toEqual([special]);
    expect((await get(special)).bytes.toString()).toBe("special");
  });

  it("7 keeps co/x beside co/x/y", async () => {
    await put("co/x", "outer");
    await put("co/x/y", "inner");
    expect((await get("co/x")).bytes.toString()).toBe("outer");
    expect((await get("co/x/y")).bytes.toString()).toBe("inner");
  });

  it("8 puts a multipart upload of the SDK's own uploader together", async () => {
    const data = randomBytes(17 * 1024 * 1024);
    const upload = new Upload({
      client,
      partSize: 5 * 1024 * 1024,
      params: { Bucket, Key: "a/large", Body: Readable.from(slices(data, 65_536)) },
    });
    const result = await upload.done();
    expect(result.ETag).toMatch(/-4"$/);
    expect((await get("a/large")).bytes.equals(data)).toBe(true);
  });

  it("9 lists and aborts an upload", async () => {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: "a/aborted" }),
    );
    const open = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(open.Uploads?.map((upload) => [upload.Key, upload.UploadId])).toEqual([
      ["a/aborted", UploadId],
    ]);
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: "a/aborted", UploadId }));
    const after = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(after.Uploads ?? []).toEqual([]);
  });

  it("10 lists folders with a delimiter", async () => {
    const list = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
    expect(list.CommonPrefixes?.map((entry) => entry.Prefix)).toEqual(["a/", "co/", "dir one/"]);
  });

  it("11 pages with continuation tokens", async () => {
    for (let number = 0; number < 25; number += 1) await put(pageKey(number), "x");
    const pages: string[][] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: "p/",
          MaxKeys: 10,
          ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
        }),
      );
      pages.push(page.Contents!.map((entry) => entry.Key!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, number) => pageKey(number)));
  });

  it("12 starts after a key", async () => {
    const list = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: "p/", StartAfter: "p/019" }),
    );
    expect(list.KeyCount).toBe(5);
  });

  it("13 writes a new key under If-None-Match: *", async () => {
    await client.send(
      new PutObjectCommand({ Bucket, Key: "c/new", Body: "first", IfNoneMatch: "*" }),
    );
  });

  it("14 refuses an existing key under If-None-Match: *", async () => {
    const again = client.send(
      new PutObjectCommand({ Bucket, Key: "c/new", Body: "second", IfNoneMatch: "*" }),
    );
    expect(await failureOf(again)).toEqual({ name: "PreconditionFailed", status: 412 });
    expect((await get("c/new")).bytes.toString()).toBe("first");
  });

  it("15 lets exactly one of 20 racing writers win under If-None-Match: *", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, number) =>
        client.send(
          new PutObjectCommand({ Bucket, Key: "c/race", Body: `${number}`, IfNoneMatch: "*" }),
        ),
      ),
    );
    const winners = outcomes.flatMap((outcome, number) =>
      outcome.status === "fulfilled" ? [`${number}`] : [],
    );
    expect(winners).toEqual([(await get("c/race")).bytes.toString()]);
  });

  it("16 replaces under If-Match only what it matches", async () => {
    const { ETag } = await put("c/match", "one");
    const replace = (body: string) =>
      client.send(new PutObjectCommand({ Bucket, Key: "c/match", Body: body, IfMatch: ETag! }));
    await replace("two");
    expect(await failureOf(replace("three"))).toEqual({ name: "PreconditionFailed", status: 412 });
  });

  it("17 knows an existing bucket", async () => {
    const head = await client.send(new HeadBucketCommand({ Bucket }));
    expect(head.BucketRegion).toBe(testRegion);
  });

  it("18 does not know a missing bucket", async () => {
    const failure = await failureOf(client.send(new HeadBucketCommand({ Bucket: "missing" })));
    expect(failure).toEqual({ name: "NotFound", status: 404 });
  });

  it("19 refuses an object for a missing bucket", async () => {
    const failure = await failureOf(
      client.send(new PutObjectCommand({ Bucket: "missing", Key: "x", Body: "x" })),
    );
    expect(failure).toEqual({ name: "NoSuchBucket", status: 404 });
  });

  it("20 does not know a missing key", async () => {
    expect(await failureOf(get("a/none"))).toEqual({ name: "NoSuchKey", status: 404 });
  });

  it("21 refuses a wrong secret", async () => {
    const credentials = { ...testKey, secretAccessKey: "another-secret" };
    const failure = await asOther({ credentials }, (other) =>
      other.send(new GetObjectCommand({ Bucket, Key: hello })),
    );
    expect(failure).toEqual({ name: "SignatureDoesNotMatch", status: 403 });
  });

  it("22 refuses an unknown access key", async () => {
    const credentials = { ...testKey, accessKeyId: "unknown-key" };
    const failure = await asOther({ credentials }, (other) =>
      other.send(new GetObjectCommand({ Bucket, Key: hello })),
    );
    expect(failure).toEqual({ name: "InvalidAccessKeyId", status: 403 });
  });

  it("23 refuses a request without a signature", async () => {
    const answer = await fetch(`${store.endpoint}/${Bucket}/${hello}`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("<Code>AccessDenied</Code>");
  });

  it("24 answers a presigned GET, and only for the key it was signed for", async () => {
    const url = await presign(client, { method: "GET", bucket: Bucket, key: hello });
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([200, "hello"]);
    expect((await fetch(url.replace("hello.txt", "empty"))).status).toBe(403);
  });

  it("25 takes a presigned PUT", async () => {
    const url = await presign(client, { method: "PUT", bucket: Bucket, key: "a/presigned" });
    expect((await fetch(url, { method: "PUT", body: "presigned" })).status).toBe(200);
    expect((await get("a/presigned")).bytes.toString()).toBe("presigned");
  });

  it("26 deletes several objects at once, absent ones too", async () => {
    const keys = [pageKey(0), pageKey(1), special, "p/absent"];
    const result = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
    );
    expect(result.Deleted?.map((entry) => entry.Key)).toEqual(keys);
    const left = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "p/" }));
    expect(left.KeyCount).toBe(23);
  });

  it("27 deletes an absent object without complaint", async () => {
    await client.send(new DeleteObjectCommand({ Bucket, Key: "a/none" }));
  });

  it("28 answers a range", async () => {
    const answer = await get(hello, { Range: "bytes=1-3" });
    expect(answer.$metadata.httpStatusCode).toBe(206);
    expect(answer.bytes.toString()).toBe("ell");
    expect(answer.ContentRange).toBe("bytes 1-3/5");
  });

  it("29 answers a suffix range", async () => {
    expect((await get(hello, { Range: "bytes=-2" })).bytes.toString()).toBe("lo");
  });

  it("30 refuses a range out of bounds", async () => {
    const failure = await failureOf(get(hello, { Range: "bytes=5-9" }));
    expect(failure).toEqual({ name: "InvalidRange", status: 416 });
  });

  it("31 answers 304 to If-None-Match with the ETag", async () => {
    const { ETag } = await get(hello);
    expect((await failureOf(get(hello, { IfNoneMatch: ETag }))).status).toBe(304);
  });

  it("32 copies an object", async () => {
    await client.send(
      new CopyObjectCommand({ Bucket, Key: "a/copy", CopySource: `${Bucket}/${hello}` }),
    );
    await client.send(new DeleteObjectCommand({ Bucket, Key: hello }));
    const copy = await get("a/copy");
    expect(copy.bytes.toString()).toBe("hello");
    expect(copy.Metadata).toEqual({ owner: "culvert", "two-words": "yes" });
  });

  it("33 lists buckets", async () => {
    const list = await client.send(new ListBucketsCommand({}));
    expect(list.Buckets?.map((entry) => entry.Name)).toEqual([Bucket]);
  });

  it("34 gives a checksum back when asked", async () => {
    const answer = await get("a/copy", { ChecksumMode: "ENABLED" });
    expect(answer.ChecksumCRC32).toBe("NhCmhg==");
  });
});

const pageKey = (number: number) => `p/${String(number).padStart(3, "0")}`;

function* slices(data: Buffer, bytes: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += bytes) yield data.subarray(at, at + bytes);
}

async function asOther(
  overrides: Parameters<typeof createTestClient>[1],
  work: (other: S3Client) => Promise<unknown>,
) {
  const other = createTestClient(store.endpoint, overrides);
  try {
    return await failureOf(work(other));
  } finally {
    other.destroy();
  }
}
