import { createHash } from "node:crypto";
import { combineCrcs, createCrc32, createCrc32c, createCrc64Nvme } from "./crc";
import { invalidArgument, notImplemented, S3Error } from "./s3-error";
import { headerOf, type S3Request } from "./s3-request";

export const checksumAlgorithms = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** COMPOSITE: a checksum over the parts' checksums. FULL_OBJECT: over the object's bytes. */
export type ChecksumType = "COMPOSITE" | "FULL_OBJECT";

/** `value` is base64; a composite one ends in `-<parts>`. */
export type Checksum = {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly type: ChecksumType;
};

const digestBytes = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 } as const;

export type RunningDigest = { update(data: Uint8Array): unknown; digest(): Buffer };

export function createChecksum(algorithm: ChecksumAlgorithm): RunningDigest {
  switch (algorithm) {
    case "CRC32":
      return createCrc32();
    case "CRC32C":
      return createCrc32c();
    case "CRC64NVME":
      return createCrc64Nvme();
    case "SHA1":
      return createHash("sha1");
    case "SHA256":
      return createHash("sha256");
  }
}

export const checksumHeader = (algorithm: ChecksumAlgorithm) =>
  `x-amz-checksum-${algorithm.toLowerCase()}`;
export const checksumElement = (algorithm: ChecksumAlgorithm) => `Checksum${algorithm}` as const;

export function parseAlgorithm(text: string | undefined): ChecksumAlgorithm | null {
  if (text === undefined || text === "") return null;
  const found = checksumAlgorithms.find((name) => name === text.toUpperCase());
  if (found === undefined) throw notImplemented(`the checksum algorithm ${text}`);
  return found;
}

/** What a request promises of its body: a value now, or one in the trailer. */
export type DeclaredChecksum = {
  readonly algorithm: ChecksumAlgorithm;
  /** null: it comes in the trailer. */
  readonly value: string | null;
};

export function readDeclaredChecksum(request: S3Request): DeclaredChecksum | null {
  const found = checksumAlgorithms.filter((a) => headerOf(request, checksumHeader(a)));
  const [first] = found;
  if (found.length > 1) {
    throw new S3Error("InvalidRequest", "Expecting a single x-amz-checksum- header");
  }
  const trailer = headerOf(request, "x-amz-trailer")?.trim().toLowerCase();
  if (first !== undefined) {
    const value = headerOf(request, checksumHeader(first)) ?? "";
    return { algorithm: first, value: checkedValue(first, value) };
  }
  if (trailer === undefined) return null;
  const promised = checksumAlgorithms.find((a) => checksumHeader(a) === trailer);
  if (promised === undefined) throw invalidArgument("x-amz-trailer", trailer);
  return { algorithm: promised, value: null };
}

/** Fails with InvalidRequest unless the text is a digest of that algorithm in base64. */
export function checkedValue(algorithm: ChecksumAlgorithm, value: string): string {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length === digestBytes[algorithm] && bytes.toString("base64") === value) return value;
  throw new S3Error("InvalidRequest", `Value for ${checksumHeader(algorithm)} header is invalid.`);
}

/** S3's defaults: only CRC64NVME covers a multipart object as a whole unless asked otherwise. */
export function readChecksumType(
  text: string | undefined,
  algorithm: ChecksumAlgorithm,
): ChecksumType {
  const fullOnly = algorithm === "CRC64NVME";
  if (text === undefined) return fullOnly ? "FULL_OBJECT" : "COMPOSITE";
  const isSha = algorithm.startsWith("SHA");
  if (text === "FULL_OBJECT" && !isSha) return text;
  if (text === "COMPOSITE" && !fullOnly) return text;
  throw new S3Error(
    "InvalidRequest",
    `The ${text} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

/** The checksum of a completed upload from its parts', in their order. */
export function combineChecksums(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: readonly { readonly value: string; readonly sizeBytes: number }[],
): Checksum {
  const digests: Buffer[] = parts.map((part) => Buffer.from(part.value, "base64"));
  if (type === "COMPOSITE") {
    const digest = createChecksum(algorithm);
    for (const part of digests) digest.update(part);
    return { algorithm, type, value: `${digest.digest().toString("base64")}-${parts.length}` };
  }
  if (algorithm === "SHA1" || algorithm === "SHA256") throw notImplemented("that checksum type");
  const whole = digests.reduce((first, second, index) =>
    combineCrcs(algorithm, first, second, parts[index]?.sizeBytes ?? 0),
  );
  return { algorithm, type, value: whole.toString("base64") };
}
