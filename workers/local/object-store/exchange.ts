import type { ServerResponse } from "node:http";
import { S3Error } from "./s3-error";
import { headerOf, type S3Request } from "./s3-request";
import type { Verified } from "./signature-v4";
import type { Store } from "./store";
import { writeXml, type XmlFields } from "./xml";

/** A request with its right signature, and where its answer goes. */
export type Exchange = {
  readonly store: Store;
  readonly request: S3Request;
  readonly verified: Verified;
  readonly response: ServerResponse;
};

export type Operation = (exchange: Exchange) => Promise<void>;

export function bucketOf({ request }: Exchange): string {
  if (request.bucket === null) throw new S3Error("InvalidURI", "The request names no bucket");
  return request.bucket;
}

export function targetOf(exchange: Exchange): { bucket: string; key: string } {
  if (exchange.request.key === null) throw new S3Error("InvalidURI", "The request names no key");
  return { bucket: bucketOf(exchange), key: exchange.request.key };
}

export function sendXml({ response }: Exchange, root: string, fields: XmlFields | string): void {
  const body = Buffer.from(writeXml(root, fields));
  response.writeHead(200, { "content-type": "application/xml", "content-length": body.length });
  response.end(body);
}

export function sendEmpty(
  { response }: Exchange,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, status === 204 ? headers : { "content-length": 0, ...headers });
  response.end();
}

export function writePreconditions({ request }: Exchange) {
  return {
    ifMatch: headerOf(request, "if-match"),
    ifNoneMatch: headerOf(request, "if-none-match"),
  };
}

export const quoted = (etag: string) => `"${etag}"`;
export const isoTime = (atMs: number) => new Date(atMs).toISOString();
