import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "@/lib/platform/clock";
import { presign } from "./testing/presign";
import { createTestClient, startTestStore, testKey, testRegion } from "./testing/start-test-store";

const Bucket = "access";
const readerKey = { accessKeyId: "reader", secretAccessKey: "reader-secret" };
const narrowKey = { accessKeyId: "narrow", secretAccessKey: "narrow-secret" };

let nowMs = Date.now();
let store: Awaited<ReturnType<typeof startTestStore>>;
let client: S3Client;
let reader: S3Client;
let narrow: S3Client;

beforeAll(async () => {
  store = await startTestStore({
    clock: { ...systemClock, now: () => nowMs },
    keys: [testKey, { ...readerKey, readOnly: true }, { ...narrowKey, buckets: ["narrow"] }],
  });
  client = createTestClient(store.endpoint);
  reader = createTestClient(store.endpoint, { credentials: readerKey });
  narrow = createTestClient(store.endpoint, { credentials: narrowKey });
  await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  for (const opened of [client, reader, narrow]) opened.destroy();
  await store.close();
});

const nameOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "no failure";
  } catch (error) {
    return (error as Error).name;
  }
};

describe("access", () => {
  it("of a key that may only read ends where writing begins", async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: "access/a", Body: "x" }));
    await reader.send(new GetObjectCommand({ Bucket, Key: "access/a" }));
    const write = new PutObjectCommand({ Bucket, Key: "access/b", Body: "x" });
    expect(await nameOf(reader.send(write))).toBe("AccessDenied");
    const begin = new CreateMultipartUploadCommand({ Bucket, Key: "access/b" });
    expect(await nameOf(reader.send(begin))).toBe("AccessDenied");
  });

  it("of a key for other buckets does not even learn what is there", async () => {
    const read = new GetObjectCommand({ Bucket, Key: "access/a" });
    expect(await nameOf(narrow.send(read))).toBe("AccessDenied");
    const nothing = new GetObjectCommand({ Bucket: "no-such-bucket", Key: "a" });
    expect(await nameOf(narrow.send(nothing))).toBe("AccessDenied");
    await narrow.send(new CreateBucketCommand({ Bucket: "narrow" }));
    const CopySource = `${Bucket}/access/a`;
    const copy = new CopyObjectCommand({ Bucket: "narrow", Key: "a", CopySource });
    expect(await nameOf(narrow.send(copy))).toBe("AccessDenied");
    const { Buckets } = await narrow.send(new ListBucketsCommand({}));
    expect(Buckets?.map((bucket) => bucket.Name)).toEqual(["narrow"]);
  });

  it("with a clock 15 minutes off is refused with the server's time", async () => {
    nowMs = Date.now() + 16 * 60_000;
    // A client of its own, because the SDK corrects its clock after such an answer.
    const skewed = createTestClient(store.endpoint);
    const answer = await nameOf(skewed.send(new ListBucketsCommand({})));
    nowMs = Date.now();
    skewed.destroy();
    expect(answer).toBe("RequestTimeTooSkewed");
  });

  it("for another region is refused with the right one", async () => {
    const abroad = createTestClient(store.endpoint, { region: "eu-west-1" });
    const failure = await abroad.send(new ListBucketsCommand({})).catch((error) => error);
    abroad.destroy();
    expect(failure).toMatchObject({ name: "AuthorizationHeaderMalformed", Region: testRegion });
  });

  it("by presigned URL may ask for other headers in the answer", async () => {
    const url = await presign(client, {
      method: "GET",
      bucket: Bucket,
      key: "access/a",
      query: { "response-content-type": "text/csv", "response-content-disposition": "inline" },
    });
    const answer = await fetch(url);
    expect(answer.headers.get("content-type")).toBe("text/csv");
    expect(answer.headers.get("content-disposition")).toBe("inline");
    expect((await fetch(url.replace("text%2Fcsv", "text%2Fhtml"))).status).toBe(403);
  });
});
