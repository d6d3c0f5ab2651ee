import type { HttpFault, ProxiedRequest } from "./http-proxy";

/** What delivery asks of a bucket, by the name that its errors carry. */
export function s3Operation({ method, url }: ProxiedRequest): string {
  const has = (name: string) => url.searchParams.has(name);
  if (method === "POST")
    return has("uploads") ? "CreateMultipartUpload" : "CompleteMultipartUpload";
  if (method === "PUT") return has("partNumber") ? "UploadPart" : "PutObject";
  if (method === "DELETE") return has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
  if (method === "HEAD") return "HeadObject";
  return has("list-type") ? "ListObjectsV2" : "GetObject";
}

/** Fails the first `times` requests that are meant, and no later one. */
export function firstTimes(
  times: number,
  isMeant: (request: ProxiedRequest) => boolean,
  fault: HttpFault,
): (request: ProxiedRequest) => HttpFault | null {
  let left = times;
  return (request) => (isMeant(request) && left-- > 0 ? fault : null);
}
