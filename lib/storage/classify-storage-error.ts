import { AppError } from "@/lib/core/error";
import type { ErrorCode } from "@/lib/core/error-codes";
import type { ErrorDetails } from "@/lib/core/error-kind";

/** What was asked of the store when it failed. `region` is the configured one. */
export type StorageContext = {
  readonly bucket: string;
  readonly region: string;
  readonly operation: string;
  readonly key?: string;
};

/** Codes that S3 and stores like it document, by what a person has to do about them. */
const codesByProviderCode: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: "destination.access_denied",
  AllAccessDisabled: "destination.access_denied",
  AccountProblem: "destination.access_denied",
  Forbidden: "destination.access_denied",
  InvalidAccessKeyId: "destination.credentials_invalid",
  SignatureDoesNotMatch: "destination.credentials_invalid",
  ExpiredToken: "destination.credentials_invalid",
  InvalidToken: "destination.credentials_invalid",
  TokenRefreshRequired: "destination.credentials_invalid",
  CredentialsProviderError: "destination.credentials_invalid",
  NoSuchBucket: "destination.bucket_missing",
  InvalidBucketName: "destination.bucket_missing",
  PermanentRedirect: "destination.wrong_region",
  TemporaryRedirect: "destination.wrong_region",
  AuthorizationHeaderMalformed: "destination.wrong_region",
  AuthorizationQueryParametersError: "destination.wrong_region",
  IllegalLocationConstraintException: "destination.wrong_region",
  InsufficientStorage: "destination.full",
  QuotaExceeded: "destination.full",
  QuotaExceededException: "destination.full",
  XMinioStorageFull: "destination.full",
  XMinioAdminBucketQuotaExceeded: "destination.full",
  NoSuchUpload: "destination.upload_gone",
  // Answered with 403, but no permission helps: one of the two clocks is wrong.
  RequestTimeTooSkewed: "destination.unavailable",
};

/**
 * For codes that are on no list, and for HEAD, whose answers carry no body and so no code. Nothing
 * here for 400: a refused token and a wrong region look the same but for the region header.
 */
const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  301: "destination.wrong_region",
  307: "destination.wrong_region",
  401: "destination.credentials_invalid",
  403: "destination.access_denied",
  507: "destination.full",
};

/** Names that the SDK makes up when the store sent no code. */
const codelessName =
  /^(\d{3}|Error|TypeError|AggregateError|Unknown|UnknownError|NotFound|BadRequest)$/;

const causesMax = 8;

type StorageFailure = {
  /** The store's own code, or the system's (`ECONNREFUSED`), or the error's name. */
  readonly providerCode: string | null;
  readonly httpStatus: number | null;
  readonly actualRegion: string | null;
};

/**
 * Turns whatever the SDK threw into an AppError with a `destination.*` code. Decided by an
 * allow-list of codes and statuses; what is on no list is `destination.unavailable`, which is
 * retried, and its details name the provider's code. The SDK's error itself is not kept: it holds
 * the request with its credentials' traces, and causes end in logs.
 */
export function classifyStorageError(thrown: unknown, context: StorageContext): AppError {
  if (thrown instanceof AppError) return thrown;
  const failure = readStorageFailure(thrown);
  const code = codeOf(failure, context);
  const details: ErrorDetails = {
    bucket: context.bucket,
    region: context.region,
    operation: context.operation,
    providerCode: failure.providerCode ?? String(failure.httpStatus ?? "no answer"),
    ...(context.key === undefined ? {} : { key: context.key }),
    ...(failure.httpStatus === null ? {} : { httpStatus: failure.httpStatus }),
    ...(failure.actualRegion === null ? {} : { actualRegion: failure.actualRegion }),
  };
  const message = `${context.operation} on bucket ${context.bucket} failed: ${details.providerCode}`;
  return new AppError(code, message, { details, cause: withoutRequest(thrown) });
}

function codeOf(failure: StorageFailure, context: StorageContext): ErrorCode {
  const { providerCode, httpStatus, actualRegion } = failure;
  const named = providerCode === null ? undefined : codesByProviderCode[providerCode];
  if (named === "destination.wrong_region" && !saysAnotherRegion(failure, context)) {
    // A malformed header without a region is a key with a slash in it or the like.
    return "destination.credentials_invalid";
  }
  if (named !== undefined) return named;
  if (actualRegion !== null && actualRegion !== context.region && (httpStatus ?? 0) >= 300) {
    return "destination.wrong_region";
  }
  // A 404 without a code comes from a bucket only: `head` knows its own.
  if (providerCode === null && httpStatus === 404) return "destination.bucket_missing";
  return codesByStatus[httpStatus ?? 0] ?? "destination.unavailable";
}

function saysAnotherRegion(failure: StorageFailure, context: StorageContext): boolean {
  if (!failure.providerCode?.startsWith("Authorization")) return true;
  return failure.actualRegion !== null && failure.actualRegion !== context.region;
}

/** Collects code, status and region along the chain of causes: the outer error often names none. */
export function readStorageFailure(thrown: unknown): StorageFailure {
  let providerCode: string | null = null;
  let httpStatus: number | null = null;
  let actualRegion: string | null = null;
  for (const error of causeChain(thrown)) {
    providerCode ??= providerCodeOf(error);
    httpStatus ??= numberAt(recordAt(error, "$metadata"), "httpStatusCode");
    const headers = recordAt(recordAt(error, "$response"), "headers");
    actualRegion ??= stringAt(error, "Region") ?? stringAt(headers, "x-amz-bucket-region");
  }
  return { providerCode, httpStatus, actualRegion };
}

function* causeChain(thrown: unknown): Generator<Record<string, unknown>> {
  const waiting: unknown[] = [thrown];
  for (let seen = 0; waiting.length > 0 && seen < causesMax; seen += 1) {
    const error = waiting.shift();
    if (typeof error !== "object" || error === null) continue;
    const record = error as Record<string, unknown>;
    yield record;
    waiting.push(record.cause);
    // A refused connection tried over IPv4 and IPv6 is one error with two inside.
    if (Array.isArray(record.errors)) waiting.push(...(record.errors as unknown[]));
  }
}

function providerCodeOf(error: Record<string, unknown>): string | null {
  for (const field of ["Code", "code", "name"]) {
    const text = stringAt(error, field);
    if (text !== null && !codelessName.test(text)) return text;
  }
  return null;
}

function withoutRequest(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(`A ${typeof thrown} was thrown`);
  const cause = new Error(thrown.message);
  cause.name = thrown.name;
  if (thrown.stack !== undefined) cause.stack = thrown.stack;
  return cause;
}

function recordAt(value: unknown, field: string): Record<string, unknown> | null {
  if (typeof value !== "object" || value === null) return null;
  const found = (value as Record<string, unknown>)[field];
  return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : null;
}

function stringAt(value: Record<string, unknown> | null, field: string): string | null {
  const found = value?.[field];
  return typeof found === "string" && found !== "" ? found : null;
}

function numberAt(value: Record<string, unknown> | null, field: string): number | null {
  const found = value?.[field];
  return typeof found === "number" ? found : null;
}
