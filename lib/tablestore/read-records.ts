import { Reader, Writer } from "protobufjs/light.js";
import { MessageError } from "./messages";

/** Numbers of ActionType, which the hot path compares without names. */
export const actionCode = { put: 1, update: 2, delete: 3 } as const;

/**
 * One record of a response: its action code, and where its PlainBuffer row is in the body,
 * [start, end). The old row image is [originStart, originEnd), or -1, -1 when there is none.
 */
export type RecordVisitor = (
  action: number,
  start: number,
  end: number,
  originStart: number,
  originEnd: number,
) => void;

export type ReadRecordsTail = {
  readonly nextToken: string;
  /** Null when the service did not say. */
  readonly mayMoreRecord: boolean | null;
};

const field = { records: 0x0a, nextToken: 0x12, mayMoreRecord: 0x18 } as const;
const recordField = { action: 0x08, record: 0x12, origin: 0x1a } as const;

/**
 * Walks the body of a ReadRecords response without making an object per record: this runs for every
 * record that is ever delivered. Rows are not looked into. Throws MessageError and nothing else,
 * except what `visit` throws.
 */
export function walkRecords(body: Uint8Array, visit: RecordVisitor): ReadRecordsTail {
  const reader = new Reader(body);
  let nextToken: string | null = null;
  let mayMoreRecord: boolean | null = null;
  while (reader.pos < reader.len) {
    reader.pos = walkUsualRecords(body, reader.pos, visit);
    if (reader.pos === reader.len) break;
    const tag = readTag(reader);
    if (tag === field.records) walkRecord(reader, visit);
    else if (tag === field.nextToken) nextToken = attempt(() => reader.stringVerify());
    else if (tag === field.mayMoreRecord) mayMoreRecord = attempt(() => reader.bool());
    else skipField(reader, tag);
  }
  if (nextToken === null) throw malformed("missing required 'nextToken'");
  return { nextToken, mayMoreRecord };
}

/**
 * Walks records for as long as each is what services send: action, row, and nothing else; gives where it
 * stopped. Anything unusual is left to `walkRecord`, which takes five times as long.
 */
function walkUsualRecords(body: Uint8Array, start: number, visit: RecordVisitor): number {
  let at = start;
  // Two tags, two lengths of up to four bytes, tag and action.
  while (at + 12 <= body.length && body[at] === field.records) {
    // A length of two varint bytes is the rule; of one to four, all that a response can hold.
    let lengthEnd = at + 1;
    let length = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = body[lengthEnd++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const end = lengthEnd + length;
    if (body[lengthEnd] !== recordField.action || body[lengthEnd + 2] !== recordField.record) break;
    const action = body[lengthEnd + 1] as number;
    let rowStart = lengthEnd + 3;
    let rowLength = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = body[rowStart++] as number;
      rowLength |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (!isAction(action) || rowStart + rowLength !== end || end > body.length) break;
    visit(action, rowStart, end, -1, -1);
    at = end;
  }
  return at;
}

function walkRecord(reader: Reader, visit: RecordVisitor): void {
  const recordEnd = enterBytes(reader, reader.len);
  let action = 0;
  let start = -1;
  let end = -1;
  let originStart = -1;
  let originEnd = -1;
  while (reader.pos < recordEnd) {
    const tag = readTag(reader);
    if (tag === recordField.action) {
      const code = readVarint(reader);
      // A value that the enum does not know counts as absent, as protobuf has it.
      if (isAction(code)) action = code;
    } else if (tag === recordField.record) {
      end = enterBytes(reader, recordEnd);
      start = reader.pos;
      reader.pos = end;
    } else if (tag === recordField.origin) {
      originEnd = enterBytes(reader, recordEnd);
      originStart = reader.pos;
      reader.pos = originEnd;
    } else skipField(reader, tag);
  }
  if (reader.pos !== recordEnd) throw malformed("a record runs over its end");
  if (!isAction(action)) throw malformed("missing required 'actionType'");
  if (start < 0) throw malformed("missing required 'record'");
  visit(action, start, end, originStart, originEnd);
}

function isAction(code: number): boolean {
  return code >= actionCode.put && code <= actionCode.delete;
}

/** Reads a length and gives where the bytes end; the reader then stands at their start. */
function enterBytes(reader: Reader, limit: number): number {
  const length = readLength(reader);
  const end = reader.pos + length;
  if (end > limit) throw malformed(`index out of range: ${reader.pos} + ${length} > ${limit}`);
  return end;
}

function readTag(reader: Reader): number {
  try {
    return reader.tag();
  } catch (cause) {
    throw malformed(messageOf(cause), cause);
  }
}

function readLength(reader: Reader): number {
  try {
    return reader.size();
  } catch (cause) {
    throw malformed(messageOf(cause), cause);
  }
}

function readVarint(reader: Reader): number {
  try {
    return reader.uint32();
  } catch (cause) {
    throw malformed(messageOf(cause), cause);
  }
}

function skipField(reader: Reader, tag: number): void {
  attempt(() => reader.skipType(tag & 7, undefined, tag >>> 3));
}

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw malformed(messageOf(cause), cause);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function malformed(reason: string, cause?: unknown): MessageError {
  return new MessageError("ReadRecordsResponse", reason, cause);
}

export type EncodableRecord = {
  /** One of `actionCode`. */
  readonly action: number;
  /** A PlainBuffer header and one row. */
  readonly record: Uint8Array;
  readonly originRecord?: Uint8Array | undefined;
};

/** Writes a ReadRecords response from rows that are PlainBuffer already. */
export function encodeReadRecordsResponse(
  records: Iterable<EncodableRecord>,
  tail: { nextToken: string; mayMoreRecord: boolean },
): Uint8Array {
  const writer = Writer.create();
  for (const { action, record, originRecord } of records) {
    const originLength = originRecord === undefined ? 0 : bytesFieldLength(originRecord);
    writer.uint32(field.records).uint32(2 + bytesFieldLength(record) + originLength);
    writer.uint32(recordField.action).uint32(action);
    writer.uint32(recordField.record).bytes(record);
    if (originRecord !== undefined) writer.uint32(recordField.origin).bytes(originRecord);
  }
  writer.uint32(field.nextToken).string(tail.nextToken);
  writer.uint32(field.mayMoreRecord).bool(tail.mayMoreRecord);
  return writer.finish();
}

/** Tag, length and bytes. */
function bytesFieldLength(bytes: Uint8Array): number {
  let lengthOfLength = 1;
  for (let rest = bytes.length >>> 7; rest > 0; rest >>>= 7) lengthOfLength++;
  return 1 + lengthOfLength + bytes.length;
}
