import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { AccessKey } from "./access-keys";
import { S3Error } from "./s3-error";
import { headerOf, type S3Request } from "./s3-request";

/** What the signature says of the body. */
export type PayloadKind =
  | { readonly kind: "sha256"; readonly hex: string }
  | { readonly kind: "unsigned" }
  | { readonly kind: "chunked"; readonly signed: boolean; readonly trailer: boolean };

/** A request whose signature was right. The rest is what signed chunks go on from. */
export type Verified = {
  readonly key: AccessKey;
  readonly payload: PayloadKind;
  readonly amzDate: string;
  readonly scope: string;
  readonly signature: string;
  readonly signingKey: Buffer;
};

/** The facts a verification takes besides the request. */
export type Verifier = {
  readonly keys: readonly AccessKey[];
  readonly region: string;
  readonly nowMs: number;
};

type Claim = {
  readonly presigned: boolean;
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly amzDate: string;
  readonly payloadHash: string;
};

const algorithm = "AWS4-HMAC-SHA256";
const skewMaxMs = 15 * 60 * 1000;
const expiresMaxSeconds = 7 * 24 * 3600;
const signedHeadersMax = 100;

/**
 * Checks AWS Signature Version 4, in the header or in a presigned URL. Fails with the code that S3
 * answers: AccessDenied for no signature, AuthorizationHeaderMalformed with the region for another
 * region, RequestTimeTooSkewed beyond 15 minutes, InvalidAccessKeyId, SignatureDoesNotMatch.
 */
export function verifySignature(request: S3Request, verifier: Verifier): Verified {
  const claim = readClaim(request);
  checkRegion(claim, verifier.region);
  const key = verifier.keys.find((known) => known.accessKeyId === claim.accessKeyId);
  if (key === undefined) {
    throw new S3Error(
      "InvalidAccessKeyId",
      "The AWS Access Key Id you provided does not exist in our records.",
      { AWSAccessKeyId: claim.accessKeyId },
    );
  }
  checkSignedHeaders(request, claim);
  const scope = `${claim.date}/${claim.region}/s3/aws4_request`;
  const signingKey = deriveSigningKey(key.secretAccessKey, claim.date, claim.region);
  const toSign = [algorithm, claim.amzDate, scope, sha256Hex(canonicalRequest(request, claim))];
  const expected = hmac(signingKey, toSign.join("\n")).toString("hex");
  if (!equalTexts(expected, claim.signature)) throw signatureMismatch();
  checkTime(request, claim, verifier.nowMs);
  const payload = payloadKind(claim.payloadHash);
  return { key, payload, amzDate: claim.amzDate, scope, signature: claim.signature, signingKey };
}

export const signatureMismatch = () =>
  new S3Error(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  );

function readClaim(request: S3Request): Claim {
  const authorization = headerOf(request, "authorization");
  if (authorization !== undefined) return readHeaderClaim(request, authorization);
  if (request.query.has("X-Amz-Signature")) return readQueryClaim(request);
  throw new S3Error("AccessDenied", "Access Denied");
}

function readHeaderClaim(request: S3Request, authorization: string): Claim {
  const malformed = (message: string) => new S3Error("AuthorizationHeaderMalformed", message);
  if (!authorization.startsWith(`${algorithm} `)) {
    throw new S3Error("InvalidRequest", `The authorization mechanism must be ${algorithm}.`);
  }
  const fields = new Map<string, string>();
  for (const pair of authorization.slice(algorithm.length).split(",")) {
    const [name, ...value] = pair.trim().split("=");
    fields.set(name ?? "", value.join("="));
  }
  const credential = splitCredential(fields.get("Credential") ?? "");
  const signature = fields.get("Signature");
  const signedHeaders = fields.get("SignedHeaders");
  if (credential === null || signature === undefined || signedHeaders === undefined) {
    throw malformed("The authorization header is malformed.");
  }
  const payloadHash = headerOf(request, "x-amz-content-sha256");
  if (payloadHash === undefined) {
    throw new S3Error("InvalidRequest", "Missing required header: x-amz-content-sha256");
  }
  const amzDate = headerOf(request, "x-amz-date") ?? toAmzDate(headerOf(request, "date") ?? "");
  if (parseAmzDate(amzDate) === null || !amzDate.startsWith(credential.date)) {
    throw new S3Error("AccessDenied", "The request needs a valid x-amz-date or Date header");
  }
  return {
    presigned: false,
    ...credential,
    signedHeaders: signedHeaders.split(";"),
    signature,
    amzDate,
    payloadHash,
  };
}

function readQueryClaim(request: S3Request): Claim {
  const malformed = (message: string) => new S3Error("AuthorizationQueryParametersError", message);
  const field = (name: string) => request.query.get(name) ?? "";
  const credential = splitCredential(field("X-Amz-Credential"));
  const amzDate = field("X-Amz-Date");
  if (field("X-Amz-Algorithm") !== algorithm || credential === null) {
    throw malformed("The query does not hold a valid X-Amz-Algorithm and X-Amz-Credential.");
  }
  if (parseAmzDate(amzDate) === null || !amzDate.startsWith(credential.date)) {
    throw malformed("X-Amz-Date must be a time in ISO 8601 on the credential's day.");
  }
  const expires = field("X-Amz-Expires");
  if (!/^\d{1,6}$/.test(expires) || Number(expires) < 1 || Number(expires) > expiresMaxSeconds) {
    throw malformed("X-Amz-Expires must be between 1 and 604800 seconds.");
  }
  return {
    presigned: true,
    ...credential,
    signedHeaders: field("X-Amz-SignedHeaders").split(";"),
    signature: field("X-Amz-Signature"),
    amzDate,
    payloadHash:
      request.query.get("X-Amz-Content-Sha256") ??
      headerOf(request, "x-amz-content-sha256") ??
      "UNSIGNED-PAYLOAD",
  };
}

/** `<key>/<yyyymmdd>/<region>/s3/aws4_request`; the key itself may hold slashes. */
function splitCredential(text: string) {
  const match = /^(.+)\/(\d{8})\/([^/]+)\/s3\/aws4_request$/.exec(text);
  if (match === null) return null;
  const [, accessKeyId = "", date = "", region = ""] = match;
  return { accessKeyId, date, region };
}

function checkRegion(claim: Claim, region: string): void {
  if (claim.region === region) return;
  throw new S3Error(
    claim.presigned ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed",
    `The authorization header is malformed; the region '${claim.region}' is wrong; expecting '${region}'`,
    { Region: region },
  );
}

/** An unsigned x-amz-* header could be added by anybody on the way, and would change what happens. */
function checkSignedHeaders(request: S3Request, claim: Claim): void {
  const signed = new Set(claim.signedHeaders);
  if (!signed.has("host") || claim.signedHeaders.length > signedHeadersMax) {
    throw new S3Error("AccessDenied", "The host header must be signed");
  }
  const unsigned = Object.keys(request.message.headers).filter(
    (name) => name.startsWith("x-amz-") && !signed.has(name) && !isPresignedHash(name, claim),
  );
  if (unsigned.length > 0) {
    throw new S3Error(
      "AccessDenied",
      "There were headers present in the request which were not signed",
      { HeadersNotSigned: unsigned.join(", ") },
    );
  }
}

/** A presigned URL is signed before the body is known; its hash may come in a header of its own. */
const isPresignedHash = (name: string, claim: Claim) =>
  claim.presigned && name === "x-amz-content-sha256";

function checkTime(request: S3Request, claim: Claim, nowMs: number): void {
  const atMs = parseAmzDate(claim.amzDate) ?? 0;
  if (!claim.presigned) {
    if (Math.abs(nowMs - atMs) <= skewMaxMs) return;
    throw new S3Error(
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      {
        RequestTime: claim.amzDate,
        ServerTime: new Date(nowMs).toISOString(),
        MaxAllowedSkewMilliseconds: `${skewMaxMs}`,
      },
    );
  }
  if (atMs - nowMs > skewMaxMs) throw new S3Error("AccessDenied", "Request is not valid yet");
  if (nowMs > atMs + Number(request.query.get("X-Amz-Expires")) * 1000) {
    throw new S3Error("AccessDenied", "Request has expired");
  }
}

function payloadKind(hash: string): PayloadKind {
  switch (hash) {
    case "UNSIGNED-PAYLOAD":
      return { kind: "unsigned" };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunked", signed: false, trailer: true };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { kind: "chunked", signed: true, trailer: false };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunked", signed: true, trailer: true };
    default:
      if (/^[0-9a-fA-F]{64}$/.test(hash)) return { kind: "sha256", hex: hash.toLowerCase() };
      throw new S3Error("InvalidArgument", "x-amz-content-sha256 must be a hash or a known name");
  }
}

/** Header bytes are signed as they were sent; Node gives them as Latin-1. */
function canonicalRequest(request: S3Request, claim: Claim): Buffer {
  const headers = claim.signedHeaders.map((name) => {
    const value = (headerOf(request, name) ?? "").trim().replace(/ {2,}/g, " ");
    return `${name}:${value}\n`;
  });
  const lines = [
    request.method,
    request.path.split("/").map(reencode).join("/"),
    canonicalQuery(request),
    headers.join(""),
    claim.signedHeaders.join(";"),
    claim.payloadHash,
  ];
  return Buffer.from(lines.join("\n"), "latin1");
}

function canonicalQuery(request: S3Request): string {
  return request.queryPairs
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [encodeStrictly(name), encodeStrictly(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Clients differ in what they leave unencoded on the wire; all sign the strict form. */
function reencode(segment: string): string {
  try {
    return encodeStrictly(decodeURIComponent(segment));
  } catch {
    throw new S3Error("InvalidURI", "Could not parse the specified URI.");
  }
}

export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function deriveSigningKey(secret: string, date: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), "s3"), "aws4_request");
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256Hex(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

export function equalTexts(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function parseAmzDate(text: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? null : atMs;
}

function toAmzDate(httpDate: string): string {
  const atMs = Date.parse(httpDate);
  if (Number.isNaN(atMs)) return "";
  return `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}
