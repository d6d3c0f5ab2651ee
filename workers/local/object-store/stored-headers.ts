import type { StoredHeaders } from "./object-index";
import { invalidArgument, notImplemented, S3Error } from "./s3-error";
import { headerOf, type S3Request } from "./s3-request";

const kept = ["cache-control", "content-disposition", "content-language", "expires"] as const;
const metadataPrefix = "x-amz-meta-";
const metadataBytesMax = 2 * 1024;
const defaultContentType = "binary/octet-stream";

/** Headers that promise something this store would not keep. Ignoring them would be a lie. */
const refused = [
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-tagging",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-legal-hold",
  "x-amz-write-offset-bytes",
];

/** What is kept of a PUT's or an upload's headers. Fails when they are too long or cannot be kept. */
export function readStoredHeaders(request: S3Request): {
  headers: StoredHeaders;
  metadata: StoredHeaders;
} {
  for (const name of refused) {
    if (headerOf(request, name) !== undefined) throw notImplemented(`the header ${name}`);
  }
  const storageClass = headerOf(request, "x-amz-storage-class");
  if (storageClass !== undefined && storageClass !== "STANDARD") {
    throw invalidArgument("x-amz-storage-class", storageClass);
  }
  const headers: Record<string, string> = {};
  headers["content-type"] = headerOf(request, "content-type") ?? defaultContentType;
  for (const name of kept) {
    const value = headerOf(request, name);
    if (value !== undefined) headers[name] = value;
  }
  const encoding = withoutChunked(headerOf(request, "content-encoding"));
  if (encoding !== "") headers["content-encoding"] = encoding;
  return { headers, metadata: readMetadata(request) };
}

function readMetadata(request: S3Request): StoredHeaders {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const name of Object.keys(request.message.headers)) {
    if (!name.startsWith(metadataPrefix)) continue;
    const value = headerOf(request, name) ?? "";
    const short = name.slice(metadataPrefix.length);
    metadata[short] = value;
    bytes += short.length + value.length;
  }
  if (bytes > metadataBytesMax) {
    throw new S3Error("MetadataTooLarge", "Your metadata headers exceed the maximum allowed size", {
      Size: `${bytes}`,
      MaxSizeAllowed: `${metadataBytesMax}`,
    });
  }
  return metadata;
}

/** `aws-chunked` is how the body travelled, not what it is. */
function withoutChunked(encoding: string | undefined): string {
  return (encoding ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "" && item !== "aws-chunked")
    .join(",");
}

export function metadataHeaders(metadata: StoredHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`${metadataPrefix}${name}`, value]),
  );
}
