import { bucketOf, type Exchange, isoTime, quoted, sendXml } from "../exchange";
import { type ListEntry, listObjects } from "../listing";
import type { ObjectRecord } from "../object-index";
import { invalidArgument } from "../s3-error";
import { queryNumber } from "../s3-request";
import { encodeStrictly } from "../signature-v4";
import { requireBucket } from "../store";

const pageMax = 1000;

export async function listObjectsV2(exchange: Exchange): Promise<void> {
  const { query } = exchange.request;
  const listing = readListing(exchange);
  const token = query.get("continuation-token");
  const startAfter = query.get("start-after") ?? "";
  const after = token === undefined ? startAfter : decodeToken(token);
  const page = await listObjects(exchange.store.index, { ...listing, after });
  const last = page.entries.at(-1);
  const owner = query.get("fetch-owner") === "true";
  sendXml(exchange, "ListBucketResult", {
    ...listing.echo,
    StartAfter: startAfter === "" ? undefined : listing.encode(startAfter),
    ContinuationToken: token,
    KeyCount: page.entries.length,
    IsTruncated: page.truncated,
    NextContinuationToken:
      page.truncated && last !== undefined ? encodeToken(nameOf(last)) : undefined,
    ...writeEntries(page.entries, listing.encode, owner),
  });
}

export async function listObjectsV1(exchange: Exchange): Promise<void> {
  const listing = readListing(exchange);
  const marker = exchange.request.query.get("marker") ?? "";
  const page = await listObjects(exchange.store.index, { ...listing, after: marker });
  const last = page.entries.at(-1);
  // S3 gives NextMarker only with a delimiter; without one the last key serves.
  const next = page.truncated && listing.delimiter !== "" && last !== undefined;
  sendXml(exchange, "ListBucketResult", {
    ...listing.echo,
    Marker: listing.encode(marker),
    NextMarker: next ? listing.encode(nameOf(last)) : undefined,
    IsTruncated: page.truncated,
    ...writeEntries(page.entries, listing.encode, true),
  });
}

function readListing(exchange: Exchange) {
  const bucket = bucketOf(exchange);
  requireBucket(exchange.store, bucket);
  const { query } = exchange.request;
  const encoding = readEncoding(exchange);
  const encode = encodingOf(encoding);
  const limits = { fallback: pageMax, min: 0, max: 2_147_483_647 };
  const wanted = queryNumber(exchange.request, "max-keys", limits);
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const limit = Math.min(wanted, pageMax);
  const echo = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: limit,
    EncodingType: encoding,
  };
  return { bucket, prefix, delimiter, limit, encode, echo };
}

/** `encoding-type=url` is the only way to list names that XML cannot hold. */
export function readEncoding(exchange: Exchange): "url" | undefined {
  const encoding = exchange.request.query.get("encoding-type");
  if (encoding === undefined || encoding === "") return undefined;
  if (encoding !== "url") throw invalidArgument("encoding-type", encoding);
  return encoding;
}

export function encodingOf(encoding: "url" | undefined): (text: string) => string {
  if (encoding === undefined) return (text) => text;
  return (text) => encodeStrictly(text).replaceAll("%2F", "/");
}

function writeEntries(
  entries: readonly ListEntry[],
  encode: (text: string) => string,
  owner: boolean,
) {
  const contents = [];
  const prefixes = [];
  for (const entry of entries) {
    if (entry.kind === "prefix") prefixes.push({ Prefix: encode(entry.prefix) });
    else contents.push(writeObject(encode(entry.key), entry.record, owner));
  }
  return { Contents: contents, CommonPrefixes: prefixes };
}

function writeObject(key: string, record: ObjectRecord, owner: boolean) {
  const { checksum } = record;
  return {
    Key: key,
    LastModified: isoTime(record.modifiedAtMs),
    ETag: quoted(record.etag),
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    Size: record.sizeBytes,
    Owner: owner ? { ID: "culvert", DisplayName: "culvert" } : undefined,
    StorageClass: "STANDARD",
  };
}

const nameOf = (entry: ListEntry) => (entry.kind === "object" ? entry.key : entry.prefix);
const encodeToken = (name: string) => Buffer.from(name).toString("base64url");

function decodeToken(token: string): string {
  const bytes = Buffer.from(token, "base64url");
  const name = bytes.toString("utf8");
  if (token === "" || bytes.toString("base64url") !== token || name.includes("\uFFFD")) {
    throw invalidArgument("continuation-token", token);
  }
  return name;
}
