import type { Operation } from "./exchange";
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
} from "./operations/buckets";
import { completeUpload } from "./operations/complete-upload";
import { copyObject, uploadPartCopy } from "./operations/copy-object";
import { deleteObject, deleteObjects } from "./operations/delete-objects";
import { getObject, headObject } from "./operations/get-object";
import { listObjectsV1, listObjectsV2 } from "./operations/list-objects";
import { listParts, listUploads } from "./operations/list-uploads";
import { abortUpload, createUpload, uploadPart } from "./operations/multipart-uploads";
import { putObject } from "./operations/put-object";
import { notImplemented, S3Error } from "./s3-error";
import { headerOf, type S3Request } from "./s3-request";

/** Parameters that turn a plain-looking request into another operation, none of which is here. */
const foreign = new Set([
  ...["accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering"],
  ...["inventory", "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock"],
  ...["ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication", "select"],
  ...["requestPayment", "restore", "retention", "tagging", "torrent", "versionId", "versions"],
  ...["website", "append", "rename", "renameObject", "metadataTable"],
]);

/**
 * Picks the operation. A parameter that asks for something else is refused and not passed over:
 * a PUT of `?tagging` that was taken for a PUT of the object would replace its bytes with XML.
 */
export function routeRequest(request: S3Request): Operation {
  for (const name of request.query.keys()) {
    if (foreign.has(name)) throw notImplemented(`?${name}`);
  }
  const operation =
    request.bucket === null
      ? routeService(request)
      : request.key === null
        ? routeBucket(request)
        : routeObject(request);
  if (operation !== null) return operation;
  throw new S3Error("MethodNotAllowed", "The specified method is not allowed here.", {
    Method: request.method,
  });
}

function routeService({ method }: S3Request): Operation | null {
  return method === "GET" ? listBuckets : null;
}

function routeBucket({ method, query }: S3Request): Operation | null {
  switch (method) {
    case "GET":
      if (query.has("location")) return getBucketLocation;
      if (query.has("versioning")) return getBucketVersioning;
      if (query.has("uploads")) return listUploads;
      return query.get("list-type") === "2" ? listObjectsV2 : listObjectsV1;
    case "HEAD":
      return headBucket;
    case "PUT":
      if (query.has("versioning")) throw notImplemented("versions");
      return createBucket;
    case "DELETE":
      return deleteBucket;
    case "POST":
      return query.has("delete") ? deleteObjects : null;
    default:
      return null;
  }
}

function routeObject(request: S3Request): Operation | null {
  const { method, query } = request;
  const copies = headerOf(request, "x-amz-copy-source") !== undefined;
  switch (method) {
    case "GET":
      return query.has("uploadId") ? listParts : getObject;
    case "HEAD":
      return headObject;
    case "PUT":
      if (query.has("uploadId")) return copies ? uploadPartCopy : uploadPart;
      return copies ? copyObject : putObject;
    case "DELETE":
      return query.has("uploadId") ? abortUpload : deleteObject;
    case "POST":
      if (query.has("uploads")) return createUpload;
      return query.has("uploadId") ? completeUpload : null;
    default:
      return null;
  }
}
