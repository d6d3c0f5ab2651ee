import { noSuchKey, notImplemented, S3Error } from "./s3-error";

/** Values of the conditional headers; absent ones are undefined. */
export type Preconditions = {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
};

type Existing = { readonly etag: string; readonly modifiedAtMs: number };

const preconditionFailed = (condition: string) =>
  new S3Error(
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
    { Condition: condition },
  );

/** RFC 9110 section 13.2.2: If-Match outranks If-Unmodified-Since, If-None-Match outranks If-Modified-Since. */
export function checkReadPreconditions(existing: Existing, wanted: Preconditions): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = wanted;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, existing.etag)) throw preconditionFailed("If-Match");
  } else if (isAfter(existing, ifUnmodifiedSince) === true) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, existing.etag)) throw new S3Error("NotModified", "Not Modified");
  } else if (isAfter(existing, ifModifiedSince) === false) {
    throw new S3Error("NotModified", "Not Modified");
  }
}

/** The same conditions on the source of a copy, where none of them means "unchanged, use yours". */
export function checkCopyPreconditions(existing: Existing, wanted: Preconditions): void {
  try {
    checkReadPreconditions(existing, wanted);
  } catch (error) {
    if (error instanceof S3Error && error.code === "NotModified") {
      throw preconditionFailed("x-amz-copy-source-If-None-Match");
    }
    throw error;
  }
}

/** Writes know only "nothing may be there" and "exactly this must be there". Call under the key's lock. */
export function checkWritePreconditions(
  key: string,
  existing: Existing | null,
  wanted: Pick<Preconditions, "ifMatch" | "ifNoneMatch">,
): void {
  if (wanted.ifNoneMatch !== undefined) {
    if (wanted.ifNoneMatch.trim() !== "*") throw notImplemented("If-None-Match with an ETag");
    if (existing !== null) throw preconditionFailed("If-None-Match");
  }
  if (wanted.ifMatch !== undefined) {
    if (existing === null) throw noSuchKey(key);
    if (!matches(wanted.ifMatch, existing.etag)) throw preconditionFailed("If-Match");
  }
}

function matches(header: string, etag: string): boolean {
  return header.split(",").some((item) => {
    const text = item.trim().replace(/^W\//, "");
    return text === "*" || text.replace(/^"|"$/g, "") === etag;
  });
}

/** null when the header is absent or no date. HTTP dates have whole seconds. */
function isAfter(existing: Existing, header: string | undefined): boolean | null {
  const limitMs = Date.parse(header ?? "");
  if (Number.isNaN(limitMs)) return null;
  return Math.floor(existing.modifiedAtMs / 1000) > Math.floor(limitMs / 1000);
}
