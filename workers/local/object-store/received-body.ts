import { createHash } from "node:crypto";
import {
  type Checksum,
  type ChecksumAlgorithm,
  checkedValue,
  checksumHeader,
  createChecksum,
  readDeclaredChecksum,
} from "./checksums";
import { type ChunkedBodyOptions, decodeChunkedBody, incompleteBody } from "./chunked-body";
import { S3Error } from "./s3-error";
import { headerOf, type S3Request } from "./s3-request";
import type { Verified } from "./signature-v4";

/** A body that arrived whole and is what its sender meant it to be. */
export type ReceivedBody = {
  readonly sizeBytes: number;
  readonly md5Hex: string;
  readonly checksum: Omit<Checksum, "type"> | null;
};

export const objectBytesMax = 5 * 1024 ** 3;

export type ReceiveOptions = {
  readonly compute?: ChecksumAlgorithm | undefined;
  readonly bytesMax?: number;
  /** A completion's x-amz-checksum-* headers speak of the object, not of the XML that is its body. */
  readonly checksumsAreOfAnother?: boolean;
};

/**
 * Streams the body to `write`, a piece at a time, and checks everything the request says of it:
 * length, payload hash, chunk signatures, Content-MD5 and x-amz-checksum-*. Nothing that `write`
 * was given may count before this returns. `compute` asks for a checksum even if none was sent.
 */
export async function receiveBody(
  request: S3Request,
  verified: Verified,
  write: (data: Buffer) => Promise<void>,
  options: ReceiveOptions = {},
): Promise<ReceivedBody> {
  const lengthBytes = declaredLength(request, verified);
  const bytesMax = options.bytesMax ?? objectBytesMax;
  if (lengthBytes > bytesMax) throw tooLarge(bytesMax);
  const declared = options.checksumsAreOfAnother ? null : readDeclaredChecksum(request);
  const algorithm = declared?.algorithm ?? options.compute;
  const trailers = new Map<string, string>();
  const md5 = createHash("md5");
  const sha256 = verified.payload.kind === "sha256" ? createHash("sha256") : null;
  const checksum = algorithm === undefined ? null : createChecksum(algorithm);
  let sizeBytes = 0;
  for await (const data of bodyOf(request, verified, trailers)) {
    sizeBytes += data.length;
    if (sizeBytes > lengthBytes) throw incompleteBody();
    md5.update(data);
    sha256?.update(data);
    checksum?.update(data);
    await write(data);
  }
  if (sizeBytes !== lengthBytes) throw incompleteBody();
  if (verified.payload.kind === "sha256" && sha256?.digest("hex") !== verified.payload.hex) {
    throw new S3Error(
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const md5Digest = md5.digest();
  checkContentMd5(request, md5Digest);
  const value = checksum?.digest().toString("base64");
  if (declared !== null) {
    const promised = declared.value ?? trailerValue(trailers, declared.algorithm);
    if (promised !== value) {
      throw new S3Error(
        "BadDigest",
        `The ${declared.algorithm} you specified did not match the calculated checksum.`,
      );
    }
  }
  return {
    sizeBytes,
    md5Hex: md5Digest.toString("hex"),
    checksum: algorithm === undefined || value === undefined ? null : { algorithm, value },
  };
}

/** The whole body as text, for the small XML documents. */
export async function receiveText(
  request: S3Request,
  verified: Verified,
  options: ReceiveOptions & { readonly bytesMax: number },
): Promise<string> {
  const pieces: Buffer[] = [];
  const hasBody = headerOf(request, "content-length") ?? headerOf(request, "transfer-encoding");
  if (hasBody === undefined) return "";
  await receiveBody(
    request,
    verified,
    async (data) => {
      pieces.push(data);
    },
    options,
  );
  return Buffer.concat(pieces).toString("utf8");
}

function bodyOf(
  request: S3Request,
  verified: Verified,
  trailers: Map<string, string>,
): AsyncIterable<Buffer> {
  const { payload } = verified;
  // Without destroying it: the answer to a refused body goes out on the same connection.
  const source = request.message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  if (payload.kind !== "chunked") return source;
  const options: ChunkedBodyOptions = {
    expectsTrailer: payload.trailer,
    trailers,
    ...(payload.signed ? { signing: verified } : {}),
  };
  return decodeChunkedBody(source, options);
}

function declaredLength(request: S3Request, verified: Verified): number {
  const chunked = verified.payload.kind === "chunked";
  const text = headerOf(request, chunked ? "x-amz-decoded-content-length" : "content-length");
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw new S3Error(
      "MissingContentLength",
      "You must provide the Content-Length HTTP header, or x-amz-decoded-content-length with a chunked body.",
    );
  }
  return Number(text);
}

function checkContentMd5(request: S3Request, digest: Buffer): void {
  const sent = headerOf(request, "content-md5");
  if (sent === undefined) return;
  const bytes = Buffer.from(sent, "base64");
  if (bytes.length !== 16) {
    throw new S3Error("InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  if (!bytes.equals(digest)) {
    throw new S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.");
  }
}

function trailerValue(trailers: ReadonlyMap<string, string>, algorithm: ChecksumAlgorithm) {
  return checkedValue(algorithm, trailers.get(checksumHeader(algorithm)) ?? "");
}

const tooLarge = (bytesMax: number) =>
  new S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
    MaxSizeAllowed: `${bytesMax}`,
  });
