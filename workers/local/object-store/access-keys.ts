import { S3Error } from "./s3-error";

/** `readOnly` and `buckets` narrow a key down, so that refusals can be tried out. */
export type AccessKey = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly readOnly?: boolean | undefined;
  /** Absent: all of them. */
  readonly buckets?: readonly string[] | undefined;
};

export function mayUseBucket(key: AccessKey, bucket: string): boolean {
  return key.buckets === undefined || key.buckets.includes(bucket);
}

/** Fails with AccessDenied, before the store says whether bucket or key exist. */
export function checkPermission(key: AccessKey, method: string, bucket: string | null): void {
  const writes = method !== "GET" && method !== "HEAD";
  const refused = (writes && key.readOnly) || (bucket !== null && !mayUseBucket(key, bucket));
  if (refused) throw new S3Error("AccessDenied", "Access Denied");
}
