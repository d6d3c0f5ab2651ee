import { MessageError } from "@/lib/tablestore/messages";
import { encodeToken, finishedToken, parseToken } from "@/lib/tablestore/token";
import { parameterInvalid } from "../refusal";
import { encodeRow, type KeySection } from "../store/cell";
import type { KeySchema } from "../store/key-schema";
import { parseRow } from "../store/parse-row";

/** A position in a channel of this server. Clients see it as a token. */
export type Position =
  | {
      readonly kind: "base";
      /** Database key of the last row that was looked at; null at the start. */
      readonly afterKey: Buffer | null;
      readonly totalCount: number;
    }
  | {
      readonly kind: "stream";
      /** The next record's. */
      readonly sequence: number;
      /** Write time of the last record before it, µs. */
      readonly timestampUs: number;
      readonly totalCount: number;
    }
  | { readonly kind: "finished" };

export function baseToken(lastKey: KeySection | null, totalCount: number): string {
  return encodeToken({
    kind: "base",
    primaryKey: lastKey === null ? null : encodeRow(lastKey, []),
    totalCount: BigInt(totalCount),
  });
}

export function streamToken(
  ordinal: number,
  position: { sequence: number; timestampUs: number; totalCount: number },
): string {
  return encodeToken({
    kind: "stream",
    iterator: `${ordinal}:${position.sequence}`,
    timestampNs: BigInt(position.timestampUs) * 1000n,
    totalCount: BigInt(position.totalCount),
  });
}

/** Reads a token that a client brings back. Refuses one of another kind of channel, or not of here. */
export function readPosition(
  token: string,
  channel:
    | { readonly kind: "base"; readonly schema: KeySchema }
    | { readonly kind: "stream"; readonly ordinal: number },
): Position {
  if (token === finishedToken) return { kind: "finished" };
  const parsed = parse(token);
  const totalCount = Number(parsed.totalCount);
  if (parsed.kind === "base" && channel.kind === "base") {
    const { primaryKey } = parsed;
    const isStart = primaryKey === null || primaryKey.length === 0;
    const afterKey = isStart ? null : rowKeyIn(primaryKey, channel.schema);
    return { kind: "base", afterKey, totalCount };
  }
  if (parsed.kind === "stream" && channel.kind === "stream") {
    const [, ordinal, sequence] = /^(\d{1,10}):(\d{1,15})$/.exec(parsed.iterator) ?? [];
    if (Number(ordinal) === channel.ordinal) {
      return {
        kind: "stream",
        sequence: Number(sequence),
        timestampUs: Number(parsed.timestampNs / 1000n),
        totalCount,
      };
    }
  }
  throw invalidToken();
}

function parse(token: string): ReturnType<typeof parseToken> {
  try {
    return parseToken(token);
  } catch (error) {
    if (error instanceof MessageError) throw invalidToken();
    throw error;
  }
}

function rowKeyIn(primaryKey: Uint8Array, schema: KeySchema): Buffer {
  const bytes = Buffer.from(primaryKey.buffer, primaryKey.byteOffset, primaryKey.byteLength);
  const { rowKey } = parseRow(bytes, schema, "key", {
    nowMs: 0,
    nextAutoIncrement: () => {
      throw invalidToken();
    },
  });
  return rowKey.bytes;
}

function invalidToken(): Error {
  return parameterInvalid("The token is not one of this channel.");
}
