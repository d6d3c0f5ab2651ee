import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { AppError, invariant } from "@/lib/core/error";
import type {
  CompleteOutcome,
  ObjectHead,
  ObjectStore,
  UploadedPart,
} from "@/lib/core/ports/object-store";
import { classifyStorageError, readStorageFailure } from "./classify-storage-error";
import { joinPartToken, splitPartToken } from "./part-token";
import { createS3Client, type S3StoreConfig } from "./s3-client";

const completionAttemptsMax = 4;
const conflictDelayMs = 100;
const listLimitMax = 1000;
/** Never visible: the upload under this name is given up again. */
const probeKeyName = ".culvert-probe";

type Parts = Parameters<ObjectStore["completeUpload"]>[0];

/**
 * One bucket over the S3 protocol. Completion is conditional (`If-None-Match: *`). Only AWS is
 * known to honour that header on a completion: others may refuse it (501) or take no notice, so
 * everywhere else the key is looked at first. Safe for concurrent use; `close` frees its sockets.
 */
export function createS3ObjectStore(config: S3StoreConfig): ObjectStore {
  return new S3ObjectStore(config);
}

class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #config: S3StoreConfig;
  readonly #bucket: string;
  readonly #sendsCrc32: boolean;
  readonly #looksFirst: boolean;
  #takesCondition = true;

  constructor(config: S3StoreConfig) {
    this.#client = createS3Client(config);
    this.#config = config;
    this.#bucket = config.bucket;
    this.#sendsCrc32 = config.requestChecksumCalculation !== "WHEN_REQUIRED";
    this.#looksFirst = config.endpoint !== undefined;
  }

  async createUpload(request: {
    key: string;
    metadata: Readonly<Record<string, string>>;
    contentType: string;
  }): Promise<string> {
    const answer = await this.#run("CreateMultipartUpload", request.key, () =>
      this.#client.send(
        new CreateMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: request.key,
          Metadata: { ...request.metadata },
          ContentType: request.contentType,
          ...(this.#sendsCrc32 ? { ChecksumAlgorithm: "CRC32" } : {}),
        }),
      ),
    );
    return this.#required(answer.UploadId, "CreateMultipartUpload", request.key);
  }

  async uploadPart(request: {
    key: string;
    uploadId: string;
    partNumber: number;
    body: Uint8Array;
  }): Promise<UploadedPart> {
    const { key, body } = request;
    const answer = await this.#run("UploadPart", key, () =>
      this.#client.send(
        new UploadPartCommand({
          Bucket: this.#bucket,
          Key: key,
          UploadId: request.uploadId,
          PartNumber: request.partNumber,
          Body: body,
          ContentLength: body.byteLength,
          ...(this.#sendsCrc32
            ? { ChecksumAlgorithm: "CRC32" }
            : { ContentMD5: createHash("md5").update(body).digest("base64") }),
        }),
      ),
    );
    const etag = this.#required(answer.ETag, "UploadPart", key);
    return { partNumber: request.partNumber, etag: joinPartToken(etag, answer.ChecksumCRC32) };
  }

  async completeUpload(request: Parts): Promise<CompleteOutcome> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#looksFirst || !this.#takesCondition) {
        // Whether the bucket is there at all, the completion says itself.
        if ((await this.#headKey(request.key)) !== null) return { kind: "key_taken" };
      }
      const outcome = await this.#completeOnce(request, this.#takesCondition);
      if (outcome !== "again") return outcome;
      if (attempt >= completionAttemptsMax) throw this.#conflict(request.key);
    }
  }

  /** `again` when the store does not know the condition, or a write to the same key was under way. */
  async #completeOnce(request: Parts, conditional: boolean): Promise<CompleteOutcome | "again"> {
    try {
      const answer = await this.#client.send(
        new CompleteMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: request.key,
          UploadId: request.uploadId,
          MultipartUpload: { Parts: request.parts.map(toCompletedPart) },
          ...(conditional ? { IfNoneMatch: "*" } : {}),
        }),
      );
      return { kind: "completed", etag: answer.ETag ?? "" };
    } catch (error) {
      const { providerCode, httpStatus } = readStorageFailure(error);
      if (providerCode === "NoSuchUpload") return { kind: "upload_gone" };
      if (httpStatus === 412) return { kind: "key_taken" };
      if (conditional && (httpStatus === 501 || providerCode === "NotImplemented")) {
        this.#takesCondition = false;
        return "again";
      }
      if (providerCode === "ConditionalRequestConflict") {
        await new Promise((resolve) => setTimeout(resolve, conflictDelayMs));
        return "again";
      }
      throw this.#classify(error, "CompleteMultipartUpload", request.key);
    }
  }

  async abortUpload(request: { key: string; uploadId: string }): Promise<void> {
    try {
      await this.#client.send(
        new AbortMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: request.key,
          UploadId: request.uploadId,
        }),
      );
    } catch (error) {
      if (readStorageFailure(error).providerCode === "NoSuchUpload") return;
      throw this.#classify(error, "AbortMultipartUpload", request.key);
    }
  }

  async head(key: string): Promise<ObjectHead | null> {
    const head = await this.#headKey(key);
    if (head !== null) return head;
    // A 404 to HEAD says the same of a missing key and of a missing bucket, and the second must
    // never be taken for the first: delivery would believe that its objects were deleted.
    await this.#run("ListObjectsV2", key, () =>
      this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: key, MaxKeys: 1 }),
      ),
    );
    return null;
  }

  /** Null when the store says 404 for whatever reason. */
  async #headKey(key: string): Promise<ObjectHead | null> {
    try {
      const answer = await this.#client.send(
        new HeadObjectCommand({ Bucket: this.#bucket, Key: key }),
      );
      const sizeBytes = answer.ContentLength ?? 0;
      return { sizeBytes, etag: answer.ETag ?? "", metadata: answer.Metadata ?? {} };
    } catch (error) {
      if (readStorageFailure(error).httpStatus !== 404) {
        throw this.#classify(error, "HeadObject", key);
      }
      return null;
    }
  }

  async remove(key: string): Promise<void> {
    await this.#run("DeleteObject", key, () =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })),
    );
  }

  async read(key: string, range?: { start: number; end: number }): Promise<Uint8Array | null> {
    if (range !== undefined && range.end <= range.start) {
      return (await this.head(key)) === null ? null : new Uint8Array();
    }
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
        }),
      );
      return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (error) {
      const { providerCode, httpStatus } = readStorageFailure(error);
      if (providerCode === "NoSuchKey") return null;
      if (httpStatus === 416) return new Uint8Array();
      throw this.#classify(error, "GetObject", key);
    }
  }

  async list(request: { prefix: string; after?: string; limit?: number }): Promise<{
    objects: { key: string; sizeBytes: number; etag: string }[];
    next: string | null;
  }> {
    const limit = request.limit ?? listLimitMax;
    invariant(limit >= 1 && limit <= listLimitMax, "A list page holds 1 to 1000 objects");
    const answer = await this.#run("ListObjectsV2", undefined, () =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: request.prefix,
          MaxKeys: limit,
          // XML cannot hold every character that a key can.
          EncodingType: "url",
          ...(request.after === undefined ? {} : { StartAfter: request.after }),
        }),
      ),
    );
    const decode = answer.EncodingType === "url" ? decodeListedKey : (key: string) => key;
    const objects = (answer.Contents ?? []).map((entry) => ({
      key: decode(entry.Key ?? ""),
      sizeBytes: entry.Size ?? 0,
      etag: entry.ETag ?? "",
    }));
    const last = objects.at(-1);
    return { objects, next: answer.IsTruncated && last !== undefined ? last.key : null };
  }

  async checkBucket(prefix = ""): Promise<void> {
    // Not HeadBucket: a refusal without a body does not say whether key, region or policy is wrong.
    await this.list({ prefix, limit: 1 });
    const key = `${prefix}${probeKeyName}`;
    const contentType = "application/octet-stream";
    const uploadId = await this.createUpload({ key, metadata: {}, contentType });
    await this.abortUpload({ key, uploadId });
  }

  close(): void {
    this.#client.destroy();
  }

  async #run<T>(operation: string, key: string | undefined, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw this.#classify(error, operation, key);
    }
  }

  #classify(error: unknown, operation: string, key: string | undefined): AppError {
    const { bucket, region } = this.#config;
    return classifyStorageError(error, {
      bucket,
      region,
      operation,
      ...(key === undefined ? {} : { key }),
    });
  }

  #required(value: string | undefined, operation: string, key: string): string {
    if (value !== undefined && value !== "") return value;
    throw this.#classify(new Error("The answer lacks what it has to hold"), operation, key);
  }

  #conflict(key: string): AppError {
    const details = {
      bucket: this.#bucket,
      region: this.#config.region,
      operation: "CompleteMultipartUpload",
      key,
      providerCode: "ConditionalRequestConflict",
    };
    return new AppError("destination.unavailable", `Writes to ${key} keep conflicting`, {
      details,
    });
  }
}

function toCompletedPart(part: UploadedPart) {
  const { etag, crc32 } = splitPartToken(part.etag);
  return {
    PartNumber: part.partNumber,
    ETag: etag,
    ...(crc32 === undefined ? {} : { ChecksumCRC32: crc32 }),
  };
}

/** `encoding-type=url` writes a space as `+` on some stores and as `%20` on others. */
function decodeListedKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll("+", "%20"));
}
