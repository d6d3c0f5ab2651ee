import { createHash } from "node:crypto";
import { S3Error } from "./s3-error";
import { equalTexts, hmac, sha256Hex, signatureMismatch, type Verified } from "./signature-v4";

/**
 * The aws-chunked framing, in the order of the wire:
 *
 *   header ─▶ data ─▶ data's CRLF ─▶ header … ─▶ header of size 0 ─▶ trailer lines ─▶ end
 *
 * Chunks are passed on as they arrive and their signature is checked at their end, so a caller
 * must not act on the data before `decode` has returned. Trailers, names in lower case, are filled
 * into the map that was given.
 */
export type ChunkedBodyOptions = {
  /** Absent: chunks are not signed. */
  readonly signing?: Pick<Verified, "amzDate" | "scope" | "signature" | "signingKey">;
  readonly expectsTrailer: boolean;
  readonly trailers: Map<string, string>;
};

const headerBytesMax = 512;
const trailerBytesMax = 8 * 1024;
const chunkBytesMax = 5 * 1024 ** 3;
const emptyHash = sha256Hex("");

export async function* decodeChunkedBody(
  source: AsyncIterable<Buffer>,
  options: ChunkedBodyOptions,
): AsyncGenerator<Buffer, void> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    yield* decodeChunks(createByteReader(iterator), options);
  } finally {
    await iterator.return?.();
  }
}

async function* decodeChunks(
  bytes: ByteReader,
  options: ChunkedBodyOptions,
): AsyncGenerator<Buffer, void> {
  let previous = options.signing?.signature ?? "";
  for (;;) {
    const header = await bytes.line(headerBytesMax);
    const { size, signature } = parseChunkHeader(header);
    const hash = options.signing === undefined ? null : createHash("sha256");
    for (let left = size; left > 0; ) {
      const data = await bytes.some(left);
      left -= data.length;
      hash?.update(data);
      yield data;
    }
    if (options.signing !== undefined) {
      const contentHash = hash?.digest("hex") ?? emptyHash;
      checkChunk(options.signing, { previous, signature, contentHash });
      previous = signature;
    }
    if (size === 0) break;
    if ((await bytes.line(0)) !== "") throw malformedChunk();
  }
  await readTrailers(bytes, options, previous);
}

function parseChunkHeader(header: string): { size: number; signature: string } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?\s*$/.exec(header);
  const size = Number.parseInt(match?.[1] ?? "", 16);
  if (match === null || !(size <= chunkBytesMax)) throw malformedChunk();
  return { size, signature: match[2] ?? "" };
}

type Signing = NonNullable<ChunkedBodyOptions["signing"]>;

function checkChunk(
  signing: Signing,
  chunk: { previous: string; signature: string; contentHash: string },
): void {
  const toSign = [
    "AWS4-HMAC-SHA256-PAYLOAD",
    signing.amzDate,
    signing.scope,
    chunk.previous,
    emptyHash,
    chunk.contentHash,
  ];
  const expected = hmac(signing.signingKey, toSign.join("\n")).toString("hex");
  if (!equalTexts(expected, chunk.signature)) throw signatureMismatch();
}

async function readTrailers(
  bytes: ByteReader,
  options: ChunkedBodyOptions,
  previous: string,
): Promise<void> {
  const lines: string[] = [];
  let left = trailerBytesMax;
  for (;;) {
    const line = bytes.ended() ? "" : await bytes.line(left);
    if (line === "") break;
    left -= line.length;
    if (left <= 0) throw malformedChunk();
    lines.push(line);
  }
  const signed: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw malformedChunk();
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    options.trailers.set(name, value);
    if (name !== "x-amz-trailer-signature") signed.push(`${name}:${value}\n`);
  }
  if (!options.expectsTrailer || options.signing === undefined) return;
  const toSign = [
    "AWS4-HMAC-SHA256-TRAILER",
    options.signing.amzDate,
    options.signing.scope,
    previous,
    sha256Hex(signed.join("")),
  ];
  const expected = hmac(options.signing.signingKey, toSign.join("\n")).toString("hex");
  if (!equalTexts(expected, options.trailers.get("x-amz-trailer-signature") ?? "")) {
    throw signatureMismatch();
  }
}

type ByteReader = {
  /** The next line without its end; fails when it is longer than `max` bytes. */
  line(max: number): Promise<string>;
  /** Between 1 and `max` bytes. */
  some(max: number): Promise<Buffer>;
  ended(): boolean;
};

function createByteReader(iterator: AsyncIterator<Buffer>): ByteReader {
  let buffer: Buffer = Buffer.alloc(0);
  let done = false;
  const fill = async () => {
    const next = await iterator.next();
    if (next.done) done = true;
    else buffer = buffer.length === 0 ? next.value : Buffer.concat([buffer, next.value]);
  };
  return {
    ended: () => done && buffer.length === 0,
    async line(max) {
      for (;;) {
        const end = buffer.indexOf(10);
        if (end >= 0) {
          const text = buffer.toString("latin1", 0, end).replace(/\r$/, "");
          if (text.length > max) throw malformedChunk();
          buffer = buffer.subarray(end + 1);
          return text;
        }
        if (buffer.length > max + 2) throw malformedChunk();
        if (done) {
          // Some clients leave out the empty line that closes the trailer.
          if (buffer.length === 0 && max > headerBytesMax) return "";
          throw incompleteBody();
        }
        await fill();
      }
    },
    async some(max) {
      while (buffer.length === 0) {
        if (done) throw incompleteBody();
        await fill();
      }
      const data = buffer.subarray(0, max);
      buffer = buffer.subarray(data.length);
      return data;
    },
  };
}

export const incompleteBody = () =>
  new S3Error(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header",
  );
const malformedChunk = () =>
  new S3Error("InvalidRequest", "The aws-chunked framing of the body is malformed");
