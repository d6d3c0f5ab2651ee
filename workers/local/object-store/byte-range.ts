import { S3Error } from "./s3-error";

/** Bytes [start, end). */
export type ByteRange = { readonly start: number; readonly end: number };

/**
 * Reads a Range header of one range: `bytes=a-b`, `bytes=a-`, `bytes=-n`. Anything else, several
 * ranges too, is passed over as S3 does, and the whole object answers (null). A range that begins
 * beyond the end fails with InvalidRange.
 */
export function parseByteRange(header: string | undefined, sizeBytes: number): ByteRange | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  const start = first === "" ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return null;
  if (start >= sizeBytes || end <= start) {
    throw new S3Error("InvalidRange", "The requested range is not satisfiable", {
      RangeRequested: header ?? "",
      ActualObjectSize: `${sizeBytes}`,
    });
  }
  return { start, end };
}
