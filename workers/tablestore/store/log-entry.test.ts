import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePlainRow } from "@/lib/tablestore/decode-plain-buffer";
import { encodePlainRow } from "@/lib/tablestore/encode-plain-buffer";
import { decodeMessage } from "@/lib/tablestore/messages";
import {
  frameBaseRecord,
  type LogRecord,
  packLogEntry,
  recordCountOfEntry,
  timestampOfEntry,
} from "./log-entry";

const row = (name: string, length: number) =>
  Buffer.from(
    encodePlainRow({
      primaryKey: [
        { name, value: { type: "integer", value: 1n }, operation: null, timestampMs: null },
      ],
      attributes: [
        {
          name: "c",
          value: { type: "string", value: "x".repeat(length) },
          operation: null,
          timestampMs: 5n,
        },
      ],
      deleteMarker: false,
      extension: null,
    }),
  );
/** Comparing text is quick where comparing arrays of bytes is not. */
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const decodeRecords = (framed: Buffer) =>
  decodeMessage("ReadRecordsResponse", Buffer.concat([framed, Buffer.from("1200", "hex")])).records;

describe("a packed entry", () => {
  it("is the records of a response, each with its place in the channel", () => {
    // Lengths around those where a length takes one byte more.
    const length = fc.oneof(fc.nat({ max: 400 }), fc.integer({ min: 16_200, max: 16_500 }));
    const record = fc.record({
      action: fc.constantFrom(1 as const, 2 as const, 3 as const),
      length,
      reserve: fc.constantFrom(0, 6),
      originLength: fc.option(length),
    });
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
        (drafts, timestampUs) => {
          const records = drafts.map(
            ({ action, length, reserve, originLength }): LogRecord => ({
              action,
              bytes: Buffer.concat([Buffer.alloc(reserve, 9), row("pk", length)]),
              start: reserve,
              origin: originLength === null ? null : row("old", originLength),
            }),
          );
          const entry = packLogEntry(records, timestampUs);
          expect(timestampOfEntry(entry)).toBe(timestampUs);
          expect(recordCountOfEntry(entry)).toBe(records.length);
          const decoded = decodeRecords(entry.subarray(12));
          expect(decoded.length).toBe(records.length);
          for (const [index, { actionType, record, originRecord }] of decoded.entries()) {
            const { action, bytes, start, origin } = records[index] as LogRecord;
            expect(actionType).toBe(["PUT_ROW", "UPDATE_ROW", "DELETE_ROW"][action - 1]);
            expect(decodePlainRow(record)).toEqual({
              ...decodePlainRow(bytes.subarray(start)),
              extension: { epoch: 0, timestampUs: BigInt(timestampUs), rowIndex: index },
            });
            expect(originRecord === undefined ? null : hex(originRecord)).toBe(
              origin && hex(origin),
            );
          }
        },
      ),
    );
  });

  it("has the documented bytes", () => {
    const bytes = Buffer.from(
      "7500000001030403000000706b3105060000000301000000610a19030403000000706b3205090000000001000000000000000ae802030401000000630506000000030100000078077b68e5cf8b0100000ac3098c",
      "hex",
    );
    const [record] = decodeRecords(
      packLogEntry([{ action: 1, bytes, start: 0, origin: null }], 1_700_000_000_123_456).subarray(
        12,
      ),
    );
    expect(Buffer.from(record!.record).toString("hex")).toBe(
      "7500000001030403000000706b3105060000000301000000610a19030403000000706b3205090000000001000000000000000ae802030401000000630506000000030100000078077b68e5cf8b0100000ac30b180000000c130000000d000000000e40222018240a06000f00000000098c",
    );
  });
});

it("a base record is a put without a place in the stream", () => {
  const bytes = row("pk", 200);
  const [record] = decodeRecords(frameBaseRecord(bytes));
  expect(record?.actionType).toBe("PUT_ROW");
  expect(Buffer.from(record!.record)).toEqual(bytes);
});
