import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, MessageError } from "./messages";
import { actionCode, encodeReadRecordsResponse, walkRecords } from "./read-records";

const actions = [actionCode.put, actionCode.update, actionCode.delete];
const names = ["PUT_ROW", "UPDATE_ROW", "DELETE_ROW"] as const;
const records = fc.array(
  fc.record(
    {
      action: fc.constantFrom(...actions),
      record: fc.uint8Array({ maxLength: 300 }),
      originRecord: fc.uint8Array({ maxLength: 200 }),
    },
    { requiredKeys: ["action", "record"] },
  ),
);

function walk(body: Uint8Array) {
  const found: { action: number; record: Uint8Array; originRecord?: Uint8Array }[] = [];
  const slice = (start: number, end: number) => new Uint8Array(body.subarray(start, end));
  const tail = walkRecords(body, (action, start, end, originStart, originEnd) => {
    const origin = originStart < 0 ? {} : { originRecord: slice(originStart, originEnd) };
    found.push({ action, record: slice(start, end), ...origin });
  });
  return { found, tail };
}

describe("ReadRecords responses", () => {
  it("are walked and written as protobuf has them", () => {
    fc.assert(
      fc.property(records, fc.string(), fc.boolean(), (list, nextToken, mayMoreRecord) => {
        const body = encodeReadRecordsResponse(list, { nextToken, mayMoreRecord });
        const byProtobuf = encodeMessage("ReadRecordsResponse", {
          records: list.map(({ action, ...rest }) => ({
            actionType: names[action - 1] as (typeof names)[number],
            ...rest,
          })),
          nextToken,
          mayMoreRecord,
        });
        expect(Buffer.compare(body, byProtobuf)).toBe(0);
        expect(walk(body)).toEqual({ found: list, tail: { nextToken, mayMoreRecord } });
      }),
    );
  });

  it("may leave out whether there is more, and hold fields that nobody knows yet", () => {
    const known = encodeMessage("ReadRecordsResponse", { nextToken: "n" });
    const unknown = [0x9a, 0x06, 0x01, 0x00, 0x22, 0x01, 0x00];
    const { tail } = walk(Uint8Array.from([...unknown, ...known]));
    expect(tail).toEqual({ nextToken: "n", mayMoreRecord: null });
  });

  it("are accepted exactly when protobuf accepts them, whatever happens to their bytes", () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    let refused = 0;
    fc.assert(
      fc.property(records, change, fc.nat(), (list, { at, byte }, cut) => {
        const good = encodeReadRecordsResponse(list, { nextToken: "n", mayMoreRecord: false });
        const body = good.slice(0, good.length - (cut % 3 === 0 ? cut % good.length : 0));
        if (body.length > 0) body[at % body.length] = byte;
        const walked = outcomeOf(() => walk(body).found.length);
        const decoded = outcomeOf(() => decodeMessage("ReadRecordsResponse", body).records.length);
        expect(walked).toBe(decoded);
        if (walked === "refused") refused++;
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(0);
  });
});

function outcomeOf(read: () => number): number | "refused" {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(MessageError);
    return "refused";
  }
}
