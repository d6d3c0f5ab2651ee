import { describe, expect, it } from "vitest";
import { createEventTimeParser, createZoneClock } from "@/lib/platform/time-zone";
import type { ZoneClock } from "./civil-minute";
import { createFolderClock, createPartitioner } from "./partition";
import type { EventTimeCell } from "./ports/row-target";
import { readPrefixTemplate } from "./prefix-template";
import type { DirtyValue } from "./record";

const hours = "year=$yyyy/month=$MM/day=$dd/hour=$HH";
const utc = createZoneClock("UTC");
const at = (iso: string) => Date.parse(iso);

function folderClock(prefix: string, zone: ZoneClock) {
  const template = readPrefixTemplate(prefix);
  if (template === null) throw new Error("not a template");
  return createFolderClock(template, zone);
}

function collectDirt() {
  const found: DirtyValue[] = [];
  return { found, dirtyEventTime: (describeIt: () => DirtyValue) => void found.push(describeIt()) };
}

describe("createFolderClock", () => {
  it("changes the folder with the first millisecond of the next one", () => {
    const folderAt = folderClock("$yyyy/$MM/$dd/$HH/$mm", utc);
    expect(folderAt(at("2020-08-31T16:03:59.999Z"))).toBe("2020/08/31/16/03");
    expect(folderAt(at("2020-08-31T16:04:00.000Z"))).toBe("2020/08/31/16/04");
    expect(folderAt(at("2020-08-31T16:03:00.000Z"))).toBe("2020/08/31/16/03");
  });

  it("follows the clock of the zone across a change to summer time and back", () => {
    const folderAt = folderClock(hours, createZoneClock("Europe/Berlin"));
    const hourOf = (iso: string) => folderAt(at(iso)).slice(-14);
    expect(hourOf("2024-03-31T00:59:59.999Z")).toBe("day=31/hour=01");
    expect(hourOf("2024-03-31T01:00:00.000Z")).toBe("day=31/hour=03");
    expect(hourOf("2024-10-27T00:59:59.999Z")).toBe("day=27/hour=02");
    expect(hourOf("2024-10-27T01:00:00.000Z")).toBe("day=27/hour=02");
    expect(hourOf("2024-10-27T02:00:00.000Z")).toBe("day=27/hour=03");
  });

  it.each([
    [
      "Asia/Kathmandu",
      "2024-01-01T18:14:59.999Z",
      "2024-01-01",
      "2024-01-01T18:15:00.000Z",
      "2024-01-02",
    ],
    [
      "Asia/Kolkata",
      "2024-01-01T18:29:59.999Z",
      "2024-01-01",
      "2024-01-01T18:30:00.000Z",
      "2024-01-02",
    ],
    [
      "Australia/Lord_Howe",
      "2024-10-05T13:29:59.999Z",
      "2024-10-05",
      "2024-10-05T13:30:00.000Z",
      "2024-10-06",
    ],
    [
      "Pacific/Apia",
      "2011-12-30T09:59:59.999Z",
      "2011-12-29",
      "2011-12-30T10:00:00.000Z",
      "2011-12-31",
    ],
  ])("changes the day of %s where its offset says", (zone, before, dayBefore, after, dayAfter) => {
    const folderAt = folderClock("$yyyy-$MM-$dd", createZoneClock(zone));
    expect(folderAt(at(before))).toBe(dayBefore);
    expect(folderAt(at(after))).toBe(dayAfter);
  });

  it("asks the zone twice per quarter hour and not per record", () => {
    let asked = 0;
    const counting: ZoneClock = (epochMs) => {
      asked += 1;
      return utc(epochMs);
    };
    const folderAt = folderClock(hours, counting);
    const start = at("2024-01-01T00:00:00Z");
    for (let ms = 0; ms < 3_600_000; ms += 25) folderAt(start + ms);
    for (let ms = 3_599_975; ms >= 0; ms -= 1_025) folderAt(start + ms);
    expect(asked).toBe(8);
  });

  it("hands out the very same string while the folder does not change", () => {
    const folderAt = folderClock("d=$yyyy$MM$dd", utc);
    const first = folderAt(at("2024-01-01T00:00:00Z"));
    expect(Object.is(folderAt(at("2024-01-01T23:59:59Z")), first)).toBe(true);
  });

  it("needs no clock for a prefix without variables", () => {
    const folderAt = folderClock("lake/orders", utc);
    expect(folderAt(Number.NaN)).toBe("lake/orders");
  });

  it("takes the nearest nameable instant for a write time that no folder can name", () => {
    const folderAt = folderClock("$yyyy$MM$dd", utc);
    expect(folderAt(Number.POSITIVE_INFINITY)).toBe("99991231");
    expect(folderAt(Number.MAX_SAFE_INTEGER)).toBe("99991231");
    expect(folderAt(-9e15)).toBe("00010102");
  });

  it("refuses a time that is no number, which only a bug can bring", () => {
    expect(() => folderClock("$yyyy", utc)(Number.NaN)).toThrow("time is a number");
  });
});

describe("createPartitioner", () => {
  const writtenAtMs = at("2020-08-31T16:03:00Z");
  const text = (value: string): EventTimeCell => ({ type: "string", text: value });

  it("goes by the write time when the task has no event-time column", () => {
    const partitioner = createPartitioner({ prefix: hours, eventTime: null }, utc, null);
    expect(partitioner.folderOf(writtenAtMs, undefined, collectDirt())).toBe(
      "year=2020/month=08/day=31/hour=16",
    );
  });

  it("goes by the event time where the row has a usable one", () => {
    const eventTime = { column: "at", format: "RFC3339" } as const;
    const partitioner = createPartitioner(
      { prefix: "d=$yyyy$MM$dd", eventTime },
      createZoneClock("Asia/Shanghai"),
      createEventTimeParser("RFC3339"),
    );
    const dirt = collectDirt();
    expect(partitioner.folderOf(writtenAtMs, text("2019-12-31T16:00:00Z"), dirt)).toBe(
      "d=20200101",
    );
    expect(dirt.found).toEqual([]);
  });

  it("goes by the write time and tells a dirty value where it has none", () => {
    const eventTime = { column: "at", format: "Unix" } as const;
    const partitioner = createPartitioner(
      { prefix: "d=$yyyy$MM$dd", eventTime },
      utc,
      createEventTimeParser("Unix"),
    );
    const dirt = collectDirt();
    const cells: (EventTimeCell | null)[] = [
      null,
      text("y".repeat(1_000)),
      { type: "double", value: Number.NaN },
      { type: "integer", value: -99_999_999_999n },
    ];
    for (const cell of cells)
      expect(partitioner.folderOf(writtenAtMs, cell, dirt)).toBe("d=20200831");
    expect(dirt.found).toEqual([
      {
        column: "at",
        reason: "event_time_missing",
        expected: "Unix",
        actual: null,
        value: null,
        key: null,
        position: null,
      },
      {
        column: "at",
        reason: "event_time_unreadable",
        expected: "Unix",
        actual: "string",
        value: "y".repeat(256),
        key: null,
        position: null,
      },
      {
        column: "at",
        reason: "event_time_unreadable",
        expected: "Unix",
        actual: "double",
        value: "NaN",
        key: null,
        position: null,
      },
      {
        column: "at",
        reason: "event_time_unreadable",
        expected: "Unix",
        actual: "integer",
        value: "-99999999999",
        key: null,
        position: null,
      },
    ]);
  });
});
