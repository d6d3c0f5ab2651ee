import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { parseRequest } from "./s3-request";
import { type Verifier, verifySignature } from "./signature-v4";

/** The worked examples of AWS's documentation of Signature Version 4 for S3. */
const verifier: Verifier = {
  keys: [
    {
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
  ],
  region: "us-east-1",
  nowMs: Date.UTC(2013, 4, 24),
};
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const minuteMs = 60_000;

function request(method: string, url: string, headers: Record<string, string>) {
  return parseRequest({ method, url, headers } as unknown as IncomingMessage);
}

function rangedGet(headers: Record<string, string> = {}, url = "/test.txt") {
  return request("GET", url, {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": emptyHash,
    "x-amz-date": "20130524T000000Z",
    authorization: [
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date",
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ].join(","),
    ...headers,
  });
}

const presignedQuery = [
  "X-Amz-Algorithm=AWS4-HMAC-SHA256",
  "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request",
  "X-Amz-Date=20130524T000000Z",
  "X-Amz-Expires=86400",
  "X-Amz-SignedHeaders=host",
  "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
].join("&");
const presignedGet = (url = `/test.txt?${presignedQuery}`) =>
  request("GET", url, { host: "examplebucket.s3.amazonaws.com" });

const codeOf = (wanted: ReturnType<typeof request>, facts: Partial<Verifier> = {}) => {
  try {
    verifySignature(wanted, { ...verifier, ...facts });
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return "verified";
};

describe("a signature in the header", () => {
  it("is verified as AWS documents it: GET with a range", () => {
    const verified = verifySignature(rangedGet(), verifier);
    expect(verified.key.accessKeyId).toBe("AKIAIOSFODNN7EXAMPLE");
    expect(verified.payload).toEqual({ kind: "sha256", hex: emptyHash });
  });

  it("is verified as AWS documents it: PUT of a key with a character to encode", () => {
    const put = request("PUT", "/test%24file.text", {
      host: "examplebucket.s3.amazonaws.com",
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    });
    expect(codeOf(put)).toBe("verified");
  });

  it("does not cover another method, path, query, header or hash", () => {
    expect(codeOf(rangedGet({}, "/test2.txt"))).toBe("SignatureDoesNotMatch");
    expect(codeOf(rangedGet({}, "/test.txt?acl"))).toBe("SignatureDoesNotMatch");
    expect(codeOf(rangedGet({ range: "bytes=0-10" }))).toBe("SignatureDoesNotMatch");
    const hash = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    expect(codeOf(rangedGet(hash))).toBe("SignatureDoesNotMatch");
  });

  it("leaves no x-amz- header out", () => {
    expect(codeOf(rangedGet({ "x-amz-meta-added": "on the way" }))).toBe("AccessDenied");
  });

  it("holds for 15 minutes either way, and then the clock is at fault", () => {
    for (const sign of [-1, 1]) {
      const at = (minutes: number) => ({ nowMs: verifier.nowMs + sign * minutes * minuteMs });
      expect(codeOf(rangedGet(), at(15))).toBe("verified");
      expect(codeOf(rangedGet(), at(15.01))).toBe("RequestTimeTooSkewed");
    }
  });

  it("for another region is refused with the region that was meant", () => {
    try {
      verifySignature(rangedGet(), { ...verifier, region: "eu-west-1" });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "AuthorizationHeaderMalformed",
        extra: { Region: "eu-west-1" },
      });
    }
  });

  it("of an unknown key, or none, or of another kind is refused", () => {
    expect(codeOf(rangedGet(), { keys: [] })).toBe("InvalidAccessKeyId");
    expect(codeOf(request("GET", "/test.txt", { host: "h" }))).toBe("AccessDenied");
    expect(codeOf(rangedGet({ authorization: "AWS AKIA:abc" }))).toBe("InvalidRequest");
    expect(codeOf(rangedGet({ authorization: "AWS4-HMAC-SHA256 x" }))).toBe(
      "AuthorizationHeaderMalformed",
    );
  });
});

describe("a presigned URL", () => {
  it("is verified as AWS documents it, and its body is not signed", () => {
    expect(verifySignature(presignedGet(), verifier).payload).toEqual({ kind: "unsigned" });
  });

  it("holds until it expires", () => {
    const dayMs = 24 * 60 * minuteMs;
    expect(codeOf(presignedGet(), { nowMs: verifier.nowMs + dayMs })).toBe("verified");
    expect(codeOf(presignedGet(), { nowMs: verifier.nowMs + dayMs + 1 })).toBe("AccessDenied");
    expect(codeOf(presignedGet(), { nowMs: verifier.nowMs - 16 * minuteMs })).toBe("AccessDenied");
  });

  it("cannot be stretched or turned to another key", () => {
    const longer = presignedQuery.replace("86400", "604800");
    expect(codeOf(presignedGet(`/test.txt?${longer}`))).toBe("SignatureDoesNotMatch");
    expect(codeOf(presignedGet(`/other.txt?${presignedQuery}`))).toBe("SignatureDoesNotMatch");
    const tooLong = presignedQuery.replace("86400", "604801");
    expect(codeOf(presignedGet(`/test.txt?${tooLong}`))).toBe("AuthorizationQueryParametersError");
  });
});
