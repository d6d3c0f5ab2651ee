import type { IncomingMessage } from "node:http";
import { S3Error } from "./s3-error";

/** A request taken apart, nothing of it verified. Path style only: `/<bucket>/<key>`. */
export type S3Request = {
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  readonly bucket: string | null;
  readonly key: string | null;
  /** Decoded, in the order they were sent. */
  readonly queryPairs: readonly (readonly [string, string])[];
  readonly query: ReadonlyMap<string, string>;
  readonly message: IncomingMessage;
};

const keyBytesMax = 1024;
const queryPairsMax = 64;

/**
 * The path is never normalised: `..` and empty segments are parts of a key like any other, and
 * since no path on disk is made from a key, they lead nowhere.
 */
export function parseRequest(message: IncomingMessage): S3Request {
  const target = message.url ?? "/";
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const queryPairs = mark < 0 ? [] : parseQuery(target.slice(mark + 1));
  if (!path.startsWith("/")) throw new S3Error("InvalidURI", "Could not parse the specified URI.");
  const slash = path.indexOf("/", 1);
  const bucket = decodeComponent(slash < 0 ? path.slice(1) : path.slice(1, slash));
  const key = slash < 0 ? "" : decodeComponent(path.slice(slash + 1));
  if (Buffer.byteLength(key) > keyBytesMax) {
    throw new S3Error("KeyTooLongError", "Your key is too long", {
      Size: `${Buffer.byteLength(key)}`,
      MaxSizeAllowed: `${keyBytesMax}`,
    });
  }
  return {
    method: message.method ?? "GET",
    path,
    bucket: bucket === "" ? null : bucket,
    key: key === "" ? null : key,
    queryPairs,
    query: new Map(queryPairs),
    message,
  };
}

function parseQuery(text: string): [string, string][] {
  const pairs = text.split("&").filter((pair) => pair !== "");
  if (pairs.length > queryPairsMax) throw new S3Error("InvalidURI", "Too many query parameters");
  return pairs.map((pair) => {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const value = equals < 0 ? "" : pair.slice(equals + 1);
    return [decodeQuery(name), decodeQuery(value)];
  });
}

const decodeQuery = (text: string) => decodeComponent(text.replaceAll("+", "%20"));

/** Names are UTF-8; what is not would be listed as something that cannot be asked for again. */
export function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error("InvalidURI", "The specified URI does not decode to UTF-8.");
  }
}

export function headerOf(request: S3Request, name: string): string | undefined {
  const value = request.message.headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

/** A whole number of a query parameter; `fallback` when it is absent. */
export function queryNumber(
  request: S3Request,
  name: string,
  limits: { fallback: number; min: number; max: number },
): number {
  const text = request.query.get(name);
  if (text === undefined || text === "") return limits.fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < limits.min || value > limits.max) {
    throw new S3Error(
      "InvalidArgument",
      `${name} must be a whole number between ${limits.min} and ${limits.max}`,
      { ArgumentName: name, ArgumentValue: text },
    );
  }
  return value;
}
