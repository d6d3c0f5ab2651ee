/** The documented codes this store answers with, and their HTTP statuses. */
const statuses = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  InsufficientStorage: 507,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  NotModified: 304,
  PreconditionFailed: 412,
  RequestTimeout: 400,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3ErrorCode = keyof typeof statuses;

/** A refusal as S3 words it: `extra` are further elements of its XML (`Region`, `Condition`). */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: S3ErrorCode;
  readonly extra: Readonly<Record<string, string>>;

  constructor(code: S3ErrorCode, message: string, extra: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.extra = extra;
  }

  get status(): number {
    return statuses[this.code];
  }
}

export const noSuchBucket = (bucket: string) =>
  new S3Error("NoSuchBucket", "The specified bucket does not exist", { BucketName: bucket });
export const noSuchKey = (key: string) =>
  new S3Error("NoSuchKey", "The specified key does not exist.", { Key: key });
export const noSuchUpload = (uploadId: string) =>
  new S3Error("NoSuchUpload", "The upload does not exist, was aborted or is completed already", {
    UploadId: uploadId,
  });
export const notImplemented = (what: string) =>
  new S3Error("NotImplemented", `This store does not implement ${what}`);
export const invalidArgument = (name: string, value: string) =>
  new S3Error("InvalidArgument", `${name} is not valid`, {
    ArgumentName: name,
    ArgumentValue: value,
  });

/** What an unexpected failure looks like from outside; a full disk is told apart from a bug. */
export function toS3Error(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown;
  const code = (thrown as { code?: unknown } | null)?.code;
  // LevelDB passes the system's message on, but not its code.
  const text = thrown instanceof Error ? `${thrown.message} ${thrown.cause}` : "";
  if (code === "ENOSPC" || code === "EDQUOT" || text.includes("No space left on device")) {
    return new S3Error("InsufficientStorage", "No space is left on the disk of this store");
  }
  if (code === "EMFILE" || code === "ENFILE") {
    return new S3Error("SlowDown", "Too many files are open. Reduce your request rate");
  }
  return new S3Error("InternalError", "The store failed in a way it does not know");
}
