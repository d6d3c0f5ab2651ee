import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { presign } from "./testing/presign";
import { createTestClient, startTestStore } from "./testing/start-test-store";

const Bucket = "details";
const mebibyte = 1024 * 1024;

let store: Awaited<ReturnType<typeof startTestStore>>;
let client: S3Client;

beforeAll(async () => {
  store = await startTestStore();
  client = createTestClient(store.endpoint);
  await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  client.destroy();
  await store.close();
});

const put = (Key: string, Body: string | Buffer, extra = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...extra }));
const textOf = async (Key: string, extra = {}) => {
  const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...extra }));
  return answer.Body!.transformToString();
};
const nameOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "no failure";
  } catch (error) {
    return (error as Error).name;
  }
};
async function beginUpload(
  Key: string,
  bodies: readonly Buffer[],
  extra: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: "FULL_OBJECT" } = {},
) {
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ...extra }),
  );
  const Parts: { PartNumber: number; ETag: string }[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const part = await client.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...extra }),
    );
    Parts.push({ PartNumber, ETag: part.ETag! });
  }
  return { Bucket, Key, UploadId, MultipartUpload: { Parts } };
}
const complete = (upload: Awaited<ReturnType<typeof beginUpload>>, extra = {}) =>
  client.send(new CompleteMultipartUploadCommand({ ...upload, ...extra }));
async function filesOnDisk(): Promise<number> {
  const found = await readdir(path.join(store.directory, "data"), {
    recursive: true,
    withFileTypes: true,
  });
  return found.filter((entry) => entry.isFile()).length;
}

describe("a completion", () => {
  it("under If-None-Match: * is refused on a taken key, and the upload stays open", async () => {
    await put("complete/taken", "there already");
    const upload = await beginUpload("complete/taken", [Buffer.from("late")]);
    expect(await nameOf(complete(upload, { IfNoneMatch: "*" }))).toBe("PreconditionFailed");
    expect(await textOf("complete/taken")).toBe("there already");
    expect((await client.send(new ListPartsCommand(upload))).Parts?.length).toBe(1);
    await complete(upload);
    expect(await textOf("complete/taken")).toBe("late");
  });

  it("wants its parts in order, with their ETags, none of them too short", async () => {
    const upload = await beginUpload("complete/strict", [Buffer.from("a"), Buffer.from("b")]);
    const [first, second] = upload.MultipartUpload.Parts;
    const attempt = (Parts: object[]) => nameOf(complete(upload, { MultipartUpload: { Parts } }));
    expect(await attempt([second!, first!])).toBe("InvalidPartOrder");
    expect(await attempt([{ ...first!, ETag: '"00"' }])).toBe("InvalidPart");
    expect(await attempt([{ ...first!, PartNumber: 9 }])).toBe("InvalidPart");
    expect(await attempt([first!, second!])).toBe("EntityTooSmall");
    expect(await attempt([])).toBe("MalformedXML");
    expect((await complete(upload, { MultipartUpload: { Parts: [second] } })).ETag).toMatch(/-1"$/);
    expect(await textOf("complete/strict")).toBe("b");
    expect(await nameOf(complete(upload))).toBe("NoSuchUpload");
  });

  it("of an upload begun with a checksum wants each part's, as S3 does", async () => {
    const upload = await beginUpload("complete/crc", [Buffer.from("x")], {
      ChecksumAlgorithm: "CRC32",
    });
    expect(await nameOf(complete(upload))).toBe("InvalidRequest");
  });

  it("combines CRC64NVME and CRC32 into checksums of the whole object", async () => {
    const bodies = [randomBytes(5 * mebibyte), randomBytes(123_457)];
    for (const ChecksumAlgorithm of ["CRC64NVME", "CRC32"] as const) {
      const Key = `complete/${ChecksumAlgorithm}`;
      const upload = await beginUpload(Key, bodies, {
        ChecksumAlgorithm,
        ChecksumType: "FULL_OBJECT",
      });
      const completed = await complete(upload);
      // The SDK recomputes it over what it reads, and fails if it differs.
      const answer = await client.send(
        new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }),
      );
      const bytes = Buffer.from(await answer.Body!.transformToByteArray());
      expect(bytes.equals(Buffer.concat(bodies))).toBe(true);
      expect(answer[`Checksum${ChecksumAlgorithm}`]).toBeDefined();
      expect(answer[`Checksum${ChecksumAlgorithm}`]).toBe(
        completed[`Checksum${ChecksumAlgorithm}`],
      );
    }
  });

  it("races another of the same upload, and one of them finds it gone", async () => {
    const upload = await beginUpload("complete/twice", [Buffer.from("once")]);
    const names = await Promise.all([nameOf(complete(upload)), nameOf(complete(upload))]);
    expect(names.sort()).toEqual(["NoSuchUpload", "no failure"]);
  });
});

describe("uploads and parts", () => {
  it("are listed page by page and leave nothing on disk when aborted", async () => {
    const before = await filesOnDisk();
    const uploads = [];
    for (const key of ["u/a", "u/a", "u/b/c", "u/b/d", "u/e"]) {
      uploads.push(await beginUpload(key, [randomBytes(1000), randomBytes(1000)]));
    }
    const found: string[] = [];
    let marker = {};
    for (;;) {
      const page = await client.send(
        new ListMultipartUploadsCommand({ Bucket, Prefix: "u/", MaxUploads: 2, ...marker }),
      );
      found.push(...(page.Uploads ?? []).map((upload) => `${upload.Key} ${upload.UploadId}`));
      if (!page.IsTruncated) break;
      marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
    expect(found.sort()).toEqual(uploads.map(({ Key, UploadId }) => `${Key} ${UploadId}`).sort());
    const folders = await client.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix: "u/", Delimiter: "/" }),
    );
    expect(folders.CommonPrefixes).toEqual([{ Prefix: "u/b/" }]);
    expect(folders.Uploads?.length).toBe(3);
    const [first] = uploads;
    const parts = await client.send(new ListPartsCommand({ ...first!, MaxParts: 1 }));
    expect([parts.IsTruncated, parts.NextPartNumberMarker]).toEqual([true, "1"]);
    for (const upload of uploads) await client.send(new AbortMultipartUploadCommand(upload));
    expect(await filesOnDisk()).toBe(before);
  });

  it("can be made of ranges of an object that is there", async () => {
    const body = randomBytes(6 * mebibyte);
    await put("ranges/source", body);
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: "ranges/copy" }),
    );
    const Parts = [];
    const cuts = [`0-${5 * mebibyte - 1}`, `${5 * mebibyte}-${body.length - 1}`];
    for (const [index, cut] of cuts.entries()) {
      const PartNumber = index + 1;
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: "ranges/copy",
          UploadId,
          PartNumber,
          CopySource: `${Bucket}/ranges/source`,
          CopySourceRange: `bytes=${cut}`,
        }),
      );
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    const upload = { Bucket, Key: "ranges/copy", UploadId, MultipartUpload: { Parts } };
    await client.send(new CompleteMultipartUploadCommand(upload));
    const answer = await client.send(new GetObjectCommand({ Bucket, Key: "ranges/copy" }));
    expect(Buffer.from(await answer.Body!.transformToByteArray()).equals(body)).toBe(true);
    const part = await client.send(
      new GetObjectCommand({ Bucket, Key: "ranges/copy", PartNumber: 2 }),
    );
    expect([part.PartsCount, part.ContentLength]).toEqual([2, mebibyte]);
    await part.Body!.transformToByteArray();
  });
});

describe("objects", () => {
  it("are read whole while they are overwritten and deleted", async () => {
    const body = randomBytes(16 * mebibyte);
    await put("reading", body);
    const answer = await client.send(new GetObjectCommand({ Bucket, Key: "reading" }));
    const before = await filesOnDisk();
    await put("reading", "another");
    expect(await filesOnDisk()).toBe(before + 1);
    const bytes = await answer.Body!.transformToByteArray();
    expect(body.equals(bytes)).toBe(true);
    expect(await textOf("reading")).toBe("another");
    await expect.poll(filesOnDisk).toBe(before);
  });

  it("of any name stay inside the data directory", async () => {
    const around = path.dirname(store.directory);
    const before = await readdir(around);
    const keys = [
      "../escape",
      "../../escape",
      "a/../b",
      "./c",
      "/d",
      "//e",
      "f/",
      "..",
      "~",
      "x\\y",
    ];
    for (const key of keys) await put(key, key);
    for (const key of keys) expect(await textOf(key)).toBe(key);
    const created = (await readdir(around)).filter((name) => !before.includes(name));
    expect(created.filter((name) => name.includes("escape"))).toEqual([]);
    expect((await readdir(store.directory)).sort()).toEqual(["data", "index"]);
  });

  it("keep control characters in their names, listed under encoding-type=url", async () => {
    const key = "control/\u0001\t\n\u007f￾";
    await put(key, "x");
    const list = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: "control/", EncodingType: "url" }),
    );
    expect(decodeURIComponent(list.Contents![0]!.Key!)).toBe(key);
    expect(await textOf(key)).toBe("x");
  });

  it("may have a key of 1024 bytes and no more", async () => {
    await put("k".repeat(1024), "x");
    expect(await nameOf(put("k".repeat(1025), "x"))).toBe("KeyTooLongError");
  });

  it("keep their headers, and a copy keeps or replaces them", async () => {
    const headers = { CacheControl: "no-store", ContentLanguage: "de", ContentType: "text/x" };
    await put("headers/a", "x", headers);
    const CopySource = `${Bucket}/headers/a`;
    await client.send(new CopyObjectCommand({ Bucket, Key: "headers/b", CopySource }));
    const replaced = { MetadataDirective: "REPLACE", ContentType: "text/y" } as const;
    await client.send(new CopyObjectCommand({ Bucket, Key: "headers/c", CopySource, ...replaced }));
    const head = (Key: string) => client.send(new HeadObjectCommand({ Bucket, Key }));
    expect(await head("headers/b")).toMatchObject(headers);
    expect((await head("headers/c")).ContentType).toBe("text/y");
    expect((await head("headers/c")).CacheControl).toBeUndefined();
    const self = new CopyObjectCommand({ Bucket, Key: "headers/a", CopySource });
    expect(await nameOf(client.send(self))).toBe("InvalidRequest");
  });

  it("refuse metadata beyond 2 KiB, a wrong Content-MD5, and what the store would not keep", async () => {
    expect(await nameOf(put("refused", "x", { Metadata: { a: "b".repeat(2048) } }))).toBe(
      "MetadataTooLarge",
    );
    const ContentMD5 = Buffer.alloc(16).toString("base64");
    expect(await nameOf(put("refused", "x", { ContentMD5 }))).toBe("BadDigest");
    expect(await nameOf(put("refused", "x", { ServerSideEncryption: "AES256" }))).toBe(
      "NotImplemented",
    );
    const tagging = new PutObjectTaggingCommand({
      Bucket,
      Key: "headers/a",
      Tagging: { TagSet: [] },
    });
    expect(await nameOf(client.send(tagging))).toBe("NotImplemented");
    expect(await textOf("headers/a")).toBe("x");
  });
});

describe("buckets", () => {
  it("with objects are not deleted, and empty ones take their open uploads along", async () => {
    await client.send(new CreateBucketCommand({ Bucket: "doomed" }));
    await client.send(new PutObjectCommand({ Bucket: "doomed", Key: "a", Body: "x" }));
    const remove = () => client.send(new DeleteBucketCommand({ Bucket: "doomed" }));
    expect(await nameOf(remove())).toBe("BucketNotEmpty");
    const before = await filesOnDisk();
    await client.send(new CopyObjectCommand({ Bucket, Key: "moved", CopySource: "doomed/a" }));
    const url = await presign(client, { method: "DELETE", bucket: "doomed", key: "a" });
    expect((await fetch(url, { method: "DELETE" })).status).toBe(204);
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket: "doomed", Key: "b" }),
    );
    await client.send(
      new UploadPartCommand({ Bucket: "doomed", Key: "b", UploadId, PartNumber: 1, Body: "x" }),
    );
    await remove();
    expect(await filesOnDisk()).toBe(before);
    expect(await textOf("moved")).toBe("x");
    expect(await nameOf(remove())).toBe("NoSuchBucket");
  });

  it("have a name that S3 allows, are made once, and in this region only", async () => {
    const create = (name: string, LocationConstraint?: "eu-west-1") =>
      nameOf(
        client.send(
          new CreateBucketCommand({
            Bucket: name,
            ...(LocationConstraint ? { CreateBucketConfiguration: { LocationConstraint } } : {}),
          }),
        ),
      );
    expect(await create("Capitals")).toBe("InvalidBucketName");
    expect(await create("10.0.0.1")).toBe("InvalidBucketName");
    expect(await create(Bucket)).toBe("BucketAlreadyOwnedByYou");
    expect(await create("abroad", "eu-west-1")).toBe("IllegalLocationConstraintException");
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket }));
    expect(LocationConstraint ?? "").toBe("");
  });
});

describe("the service", () => {
  it("says that it is healthy without a signature", async () => {
    expect((await fetch(`${store.endpoint}/health`)).status).toBe(200);
  });

  it("answers errors as S3 words them, with the id of the request", async () => {
    const answer = await fetch(`${store.endpoint}/${Bucket}/a%20b`);
    const id = answer.headers.get("x-amz-request-id");
    expect(await answer.text()).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message><Resource>/${Bucket}/a%20b</Resource><RequestId>${id}</RequestId></Error>`,
    );
  });

  it("tells a client that is still sending why it was refused", async () => {
    const body = Buffer.alloc(8 * mebibyte);
    const answer = await fetch(`${store.endpoint}/${Bucket}/refused`, { method: "PUT", body });
    expect(answer.status).toBe(403);
  });

  it("refuses a second process on the same directory", async () => {
    await expect(startTestStore({ dataDirectory: store.directory })).rejects.toThrow();
  });

  it("serves what it has after a restart", async () => {
    await put("kept", "x", { Metadata: { a: "b" } });
    const upload = await beginUpload("kept-upload", [Buffer.from("part")]);
    await store.restart();
    expect(await textOf("kept")).toBe("x");
    await complete(upload);
    expect(await textOf("kept-upload")).toBe("part");
  });
});
