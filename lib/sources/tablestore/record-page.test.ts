import { describe, expect, it } from "vitest";
import { AppError } from "@/lib/core/error";
import { encodeMessage } from "@/lib/tablestore/messages";
import { actionCode, encodeReadRecordsResponse } from "@/lib/tablestore/read-records";
import { TablestoreRecordPage } from "./record-page";

const more = { nextToken: "next", mayMoreRecord: true };
function recordsOf(count: number, bytes: number) {
  return Array.from({ length: count }, (_, index) => ({
    action: [actionCode.put, actionCode.update, actionCode.delete][index % 3] as number,
    record: new Uint8Array(bytes).fill(index % 251),
  }));
}

describe("a page of records", () => {
  it("finds every record's action and row, far more of them than its first guess", () => {
    const records = recordsOf(5000, 3);
    const page = new TablestoreRecordPage(encodeReadRecordsResponse(records, more));
    expect(page.recordCount).toBe(5000);
    expect(page.byteLength).toBe(page.body.length);
    const found = Array.from({ length: page.recordCount }, (_, index) => ({
      action: page.actions[index],
      record: new Uint8Array(page.body.subarray(page.starts[index], page.ends[index])),
    }));
    expect(found).toEqual(records);
  });

  it("ends the channel at the token `finished`, whatever it says of more", () => {
    const last = { nextToken: "finished", mayMoreRecord: true };
    const page = new TablestoreRecordPage(encodeReadRecordsResponse(recordsOf(2, 9), last));
    expect(page).toMatchObject({ recordCount: 2, finished: true, mayHaveMore: false });
  });

  it("believes the service on whether there is more", () => {
    const page = new TablestoreRecordPage(encodeReadRecordsResponse([], more));
    expect(page).toMatchObject({ next: "next", finished: false, mayHaveMore: true });
    const none = { nextToken: "next", mayMoreRecord: false };
    const full = new TablestoreRecordPage(encodeReadRecordsResponse(recordsOf(501, 1), none));
    expect(full.mayHaveMore).toBe(false);
  });

  it("goes by size when the service does not say", () => {
    const record = new Uint8Array(10);
    const records = (count: number) =>
      Array.from({ length: count }, () => ({ actionType: "PUT_ROW", record }) as const);
    const pageOf = (count: number) =>
      new TablestoreRecordPage(
        encodeMessage("ReadRecordsResponse", { records: records(count), nextToken: "n" }),
      );
    expect(pageOf(500).mayHaveMore).toBe(false);
    expect(pageOf(501).mayHaveMore).toBe(true);
  });

  it.each([
    ["nothing", []],
    ["a record cut short", [0x0a, 0x05, 0x08, 0x01]],
    ["a record with an unknown action", [0x0a, 0x04, 0x08, 0x09, 0x12, 0x00, 0x12, 0x01, 0x6e]],
    ["a record without a row", [0x0a, 0x02, 0x08, 0x01, 0x12, 0x01, 0x6e]],
  ])("refuses %s as corrupt", (_, bytes) => {
    let thrown: unknown;
    try {
      new TablestoreRecordPage(Uint8Array.from(bytes));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject({ code: "source.record_corrupt" });
  });
});
