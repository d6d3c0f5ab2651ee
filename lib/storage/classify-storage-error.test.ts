import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "@/lib/core/error";
import { classifyStorageError, type StorageContext } from "./classify-storage-error";

const context: StorageContext = {
  bucket: "lake",
  region: "eu-west-1",
  operation: "PutObject",
  key: "a/b",
};

/** An error as the SDK throws it for an answer with a body. */
function answered(code: string, status: number, extra: object = {}): Error {
  return Object.assign(new Error(`${code} happened`), {
    name: code,
    Code: code,
    $metadata: { httpStatusCode: status },
    ...extra,
  });
}

/** An error as the SDK throws it for an answer without a body, as to a HEAD. */
function headAnswered(status: number, headers: Record<string, string> = {}): Error {
  const name = status === 404 ? "NotFound" : status === 400 ? "BadRequest" : `${status}`;
  return Object.assign(new Error("UnknownError"), {
    name,
    $metadata: { httpStatusCode: status },
    $response: { statusCode: status, headers },
  });
}

const codeOf = (thrown: unknown) => classifyStorageError(thrown, context).code;

describe("a storage failure becomes the code that says what to do about it", () => {
  it.each([
    ["AccessDenied", 403, "destination.access_denied"],
    ["AllAccessDisabled", 403, "destination.access_denied"],
    ["InvalidAccessKeyId", 403, "destination.credentials_invalid"],
    ["SignatureDoesNotMatch", 403, "destination.credentials_invalid"],
    ["ExpiredToken", 400, "destination.credentials_invalid"],
    ["NoSuchBucket", 404, "destination.bucket_missing"],
    ["PermanentRedirect", 301, "destination.wrong_region"],
    ["IllegalLocationConstraintException", 400, "destination.wrong_region"],
    ["InsufficientStorage", 507, "destination.full"],
    ["XMinioStorageFull", 507, "destination.full"],
    ["QuotaExceeded", 403, "destination.full"],
    ["NoSuchUpload", 404, "destination.upload_gone"],
    ["SlowDown", 503, "destination.unavailable"],
    ["ServiceUnavailable", 503, "destination.unavailable"],
    ["InternalError", 500, "destination.unavailable"],
    ["RequestTimeTooSkewed", 403, "destination.unavailable"],
    ["EntityTooSmall", 400, "destination.unavailable"],
  ] as const)("%s (%i) is %s", (providerCode, status, code) => {
    const error = classifyStorageError(answered(providerCode, status), context);
    expect(error.code).toBe(code);
    expect(error.details).toEqual({
      bucket: "lake",
      region: "eu-west-1",
      operation: "PutObject",
      key: "a/b",
      providerCode,
      httpStatus: status,
    });
  });

  it("a 403 with a code of the store's own is still a refusal", () => {
    expect(codeOf(answered("XSomethingForbidden", 403))).toBe("destination.access_denied");
  });

  it.each([
    [301, "destination.wrong_region"],
    [401, "destination.credentials_invalid"],
    [403, "destination.access_denied"],
    [404, "destination.bucket_missing"],
    [500, "destination.unavailable"],
    [503, "destination.unavailable"],
    [507, "destination.full"],
  ] as const)("a HEAD answered %i without a body is %s", (status, code) => {
    expect(codeOf(headAnswered(status))).toBe(code);
  });

  it("a region in the answer is told, from the body and from the header", () => {
    const body = classifyStorageError(
      answered("AuthorizationHeaderMalformed", 400, { Region: "us-east-2" }),
      context,
    );
    const header = classifyStorageError(
      headAnswered(400, { "x-amz-bucket-region": "us-east-2" }),
      context,
    );
    for (const error of [body, header]) {
      expect(error.code).toBe("destination.wrong_region");
      expect(error.details.actualRegion).toBe("us-east-2");
    }
  });

  it("a malformed authorization that names no other region is a matter of the key", () => {
    expect(codeOf(answered("AuthorizationHeaderMalformed", 400))).toBe(
      "destination.credentials_invalid",
    );
  });

  it.each(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "EPIPE"])(
    "%s, however deep in the causes, is unavailable and named",
    (code) => {
      const system = Object.assign(new Error("connect"), { code });
      const both = Object.assign(new AggregateError([system]), { code: undefined });
      const outer = new Error("request failed", { cause: new Error("again", { cause: both }) });
      const error = classifyStorageError(outer, context);
      expect(error.code).toBe("destination.unavailable");
      expect(error.details.providerCode).toBe(code);
    },
  );

  it("a time-out is unavailable", () => {
    const timeout = Object.assign(new Error("too slow"), { name: "TimeoutError" });
    expect(classifyStorageError(timeout, context).details.providerCode).toBe("TimeoutError");
    expect(codeOf(timeout)).toBe("destination.unavailable");
  });

  it("an error that is classified already stays as it is", () => {
    const error = new AppError("destination.full", "full");
    expect(classifyStorageError(error, context)).toBe(error);
  });

  it("whatever is thrown becomes a destination error, and a circle of causes ends", () => {
    const circle: Error & { cause?: unknown } = new Error("round");
    circle.cause = circle;
    expect(codeOf(circle)).toBe("destination.unavailable");
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        const error = classifyStorageError(thrown, context);
        expect(error.code.startsWith("destination.")).toBe(true);
        expect(typeof error.details.providerCode).toBe("string");
      }),
    );
  });

  it("nothing of the SDK's request or answer is kept with the error", () => {
    const thrown = answered("SlowDown", 503, {
      $response: { headers: { authorization: "AWS4-HMAC-SHA256 secret" } },
      StringToSign: "secret",
    });
    const { cause } = classifyStorageError(thrown, context);
    expect(Object.getOwnPropertyNames(cause).sort()).toEqual(["message", "name", "stack"]);
  });
});
