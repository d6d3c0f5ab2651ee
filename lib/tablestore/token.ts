import { decodeMessage, encodeMessage, MessageError } from "./messages";

/** What stands in a token's place at the end of a channel. */
export const finishedToken = "finished";

/**
 * What a token says. Official clients parse it: a stream token must have an iterator and a base
 * token must not, or they poll an idle channel without pause (reference: wire protocol 4.2).
 */
export type TunnelToken =
  | {
      readonly kind: "base";
      /** Cursor of the scan; null at its start. */
      readonly primaryKey: Uint8Array | null;
      readonly totalCount: bigint;
    }
  | {
      readonly kind: "stream";
      /** Never empty. */
      readonly iterator: string;
      readonly timestampNs: bigint;
      readonly totalCount: bigint;
    };

export function encodeToken(token: TunnelToken): string {
  const content = encodeMessage(
    "TokenContentV2",
    token.kind === "base"
      ? { primaryKey: token.primaryKey ?? undefined, totalCount: token.totalCount }
      : {
          iterator: token.iterator,
          timestamp: token.timestampNs,
          totalCount: token.totalCount,
        },
  );
  return Buffer.from(encodeMessage("Token", { version: 2n, content })).toString("base64");
}

/** Reads a token of version 1 or 2. Throws MessageError for anything else, `finished` included. */
export function parseToken(text: string): TunnelToken {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new MessageError("Token", "not base64");
  const { version, content } = decodeMessage("Token", bytes);
  if (version !== 1n && version !== 2n) throw new MessageError("Token", "unknown version");
  const { iterator, primaryKey, timestamp, totalCount } = decodeMessage("TokenContentV2", content);
  return iterator === undefined || iterator === ""
    ? { kind: "base", primaryKey: primaryKey ?? null, totalCount: totalCount ?? 0n }
    : {
        kind: "stream",
        iterator,
        timestampNs: timestamp ?? 0n,
        totalCount: totalCount ?? 0n,
      };
}
