import { describe, expect, it } from "vitest";
import { createEventTimeParser, createZoneClock, isTimeZone, listTimeZones } from "./time-zone";

describe("time zones", () => {
  it.each([
    "UTC",
    "Europe/Berlin",
    "Asia/Shanghai",
    "Asia/Calcutta",
    "Etc/GMT+5",
    "america/new_york",
  ])("knows %s", (name) => expect(isTimeZone(name)).toBe(true));

  it.each(["", "Mars/Base", "+08:00", "-0500", "Europe/", "Berlin", "local", "../UTC"])(
    "refuses %j",
    (name) => {
      expect(isTimeZone(name)).toBe(false);
      expect(() => createZoneClock(name)).toThrow("Not a time zone");
    },
  );

  it("offers only zones that it accepts, UTC first and each once", () => {
    const zones = listTimeZones();
    expect(zones[0]).toBe("UTC");
    expect(zones.length).toBeGreaterThan(300);
    expect(new Set(zones).size).toBe(zones.length);
    expect(zones.filter((name) => !isTimeZone(name))).toEqual([]);
  });

  it("reads the wall clock of a zone", () => {
    const clock = createZoneClock("Asia/Kathmandu");
    expect(clock(Date.UTC(2020, 7, 31, 18, 16, 59) + 0.5)).toEqual({
      year: 2020,
      month: 9,
      day: 1,
      hour: 0,
      minute: 1,
    });
    expect(createZoneClock("UTC")(-1)).toEqual({
      year: 1969,
      month: 12,
      day: 31,
      hour: 23,
      minute: 59,
    });
  });
});

const valid: Record<(typeof formats)[number], [string, string][]> = {
  RFC822: [
    ["31 Aug 20 16:03 UTC", "2020-08-31T16:03:00Z"],
    ["31 Aug 20 16:03 MST", "2020-08-31T23:03:00Z"],
    ["31 Aug 20 16:03 +0800", "2020-08-31T08:03:00Z"],
    ["Mon, 31 Aug 20 16:03:07 GMT", "2020-08-31T16:03:07Z"],
    ["29 Feb 24 00:00 Z", "2024-02-29T00:00:00Z"],
    ["01 Jan 69 00:00 UT", "1969-01-01T00:00:00Z"],
    ["31 Dec 68 23:59 UT", "2068-12-31T23:59:00Z"],
    ["01 Jan 00 00:00 EDT", "2000-01-01T04:00:00Z"],
  ],
  RFC850: [
    ["Monday, 31-Aug-20 16:03:00 UTC", "2020-08-31T16:03:00Z"],
    ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Thursday, 29-Feb-24 23:59:59 -0330", "2024-03-01T03:29:59Z"],
  ],
  RFC1123: [
    ["Mon, 31 Aug 2020 16:03:00 UTC", "2020-08-31T16:03:00Z"],
    ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Tue, 29 Feb 2000 12:00:00 PST", "2000-02-29T20:00:00Z"],
    ["Mon, 31 Aug 2020 16:03:00 +0545", "2020-08-31T10:18:00Z"],
  ],
  RFC3339: [
    ["2020-08-31T16:03:00Z", "2020-08-31T16:03:00Z"],
    ["2020-08-31t16:03:00z", "2020-08-31T16:03:00Z"],
    ["2020-08-31T16:03:00+08:00", "2020-08-31T08:03:00Z"],
    ["2020-08-31T16:03:00-00:00", "2020-08-31T16:03:00Z"],
    ["2020-08-31T16:03:00.5Z", "2020-08-31T16:03:00.500Z"],
    ["2020-08-31T16:03:00.123999999Z", "2020-08-31T16:03:00.123Z"],
    ["2024-02-29T23:59:59.999-23:59", "2024-03-01T23:58:59.999Z"],
    ["0099-03-01T00:00:00Z", "0099-03-01T00:00:00Z"],
    ["1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.900Z"],
  ],
};

const invalid: Record<(typeof formats)[number], string[]> = {
  RFC822: [
    "31 Aug 2020 16:03 UTC",
    "30 Feb 20 16:03 UTC",
    "29 Feb 23 00:00 UTC",
    "31 Aug 20 24:00 UTC",
    "31 Aug 20 16:60 UTC",
    "31 aug 20 16:03 UTC",
    "1 Aug 20 16:03 UTC",
    "31 Aug 20 16:03 CET",
    "31 Aug 20 16:03 A",
    "31 Aug 20 16:03",
    "31 Aug 20 16:03 +2500",
    "Tue, 31 Aug 20 16:03 UTC",
    " 31 Aug 20 16:03 UTC",
    "31 Aug 20 16:03 UTC\n",
  ],
  RFC850: [
    "Mon, 31-Aug-20 16:03:00 UTC",
    "Sunday, 31-Aug-20 16:03:00 UTC",
    "Monday, 31-Aug-2020 16:03:00 UTC",
    "Monday, 31 Aug 20 16:03:00 UTC",
    "Thursday, 30-Feb-24 00:00:00 UTC",
  ],
  RFC1123: [
    "Mon, 31 Aug 20 16:03:00 UTC",
    "Monday, 31 Aug 2020 16:03:00 UTC",
    "31 Aug 2020 16:03:00 UTC",
    "Wed, 29 Feb 1900 12:00:00 GMT",
    "Mon, 31 Aug 2020 16:03:60 UTC",
    "Mon, 31 Aug 2020 16:03 UTC",
  ],
  RFC3339: [
    "2020-08-31 16:03:00Z",
    "2020-08-31T16:03:00",
    "2020-08-31T16:03Z",
    "2020-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2020-13-01T00:00:00Z",
    "2020-00-01T00:00:00Z",
    "2020-08-31T24:00:00Z",
    "2020-08-31T16:03:00+24:00",
    "2020-08-31T16:03:00+08:60",
    "2020-08-31T16:03:00+0800",
    "2016-12-31T23:59:60Z",
    "2020-08-31T16:03:00,5Z",
    "20-08-31T16:03:00Z",
    "1598889780",
    "",
    `2020-08-31T16:03:00.${"1".repeat(10_000)}Z`,
  ],
};

const formats = ["RFC822", "RFC850", "RFC1123", "RFC3339"] as const;

describe("createEventTimeParser", () => {
  for (const format of formats) {
    const parse = createEventTimeParser(format);

    it.each(valid[format])(`${format} reads %j`, (text, iso) => {
      expect(parse(text)).toBe(Date.parse(iso));
    });

    it.each(invalid[format])(`${format} refuses %j`, (text) => {
      expect(parse(text)).toBeNull();
    });

    it(`${format} refuses what the other formats write`, () => {
      for (const other of formats.filter((name) => name !== format)) {
        for (const [text] of valid[other]) expect(parse(text)).toBeNull();
      }
    });
  }

  it("reads Unix text as core does", () => {
    expect(createEventTimeParser("Unix")("1598889780")).toBe(Date.UTC(2020, 7, 31, 16, 3));
    expect(createEventTimeParser("Unix")("2020-08-31T16:03:00Z")).toBeNull();
  });
});
