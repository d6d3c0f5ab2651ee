import fc from "fast-check";
import { DateTime } from "luxon";
import { describe, expect, it } from "vitest";
import { createZoneClock } from "@/lib/platform/time-zone";
import { renderableFromMs, renderableThroughMs } from "./civil-minute";
import { createFolderClock } from "./partition";
import { readPrefixTemplate } from "./prefix-template";

/** Zones with odd offsets, skipped days, half-hour summer time, and local times of odd seconds before 1972. */
const zones = [
  "UTC",
  "Europe/Berlin",
  "Europe/Paris",
  "Europe/Amsterdam",
  "America/New_York",
  "America/St_Johns",
  "America/Caracas",
  "Africa/Monrovia",
  "Asia/Kathmandu",
  "Asia/Kolkata",
  "Asia/Pyongyang",
  "Asia/Shanghai",
  "Australia/Eucla",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Antarctica/Troll",
];
const layouts: [string, string][] = [
  ["$yyyy", "yyyy"],
  ["$yyyy$MM$dd", "yyyyMMdd"],
  ["$yyyy/$MM/$dd/$HH", "yyyy/MM/dd/HH"],
  ["$yyyy/$MM/$dd/$HH/$mm", "yyyy/MM/dd/HH/mm"],
];

const modern = fc.integer({ min: Date.UTC(1972, 0), max: Date.UTC(2100, 0) });
const any = fc.integer({ min: renderableFromMs, max: renderableThroughMs });
/** A start and small steps from it, so that the cache is entered, left and entered again. */
const walk = fc
  .tuple(
    fc.oneof(modern, any),
    fc.array(fc.integer({ min: -2_000_000, max: 4_000_000 }), { maxLength: 40 }),
  )
  .map(([start, steps]) => {
    let at = start;
    return steps.map((step) => {
      at = Math.min(Math.max(at + step, renderableFromMs), renderableThroughMs);
      return at;
    });
  });

describe("the cached rendering of partitions", () => {
  it("agrees with the naive rendering at every instant of every zone", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...layouts),
        walk,
        (zone, [prefix, format], instants) => {
          const template = readPrefixTemplate(prefix)!;
          const folderAt = createFolderClock(template, createZoneClock(zone));
          for (const instant of instants) {
            expect(folderAt(instant)).toBe(DateTime.fromMillis(instant, { zone }).toFormat(format));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("agrees with it around every change of offset since 1972", () => {
    for (const zone of zones) {
      for (const [prefix, format] of layouts.slice(2)) {
        const folderAt = createFolderClock(readPrefixTemplate(prefix)!, createZoneClock(zone));
        for (const change of offsetChanges(zone)) {
          for (const ms of [-900_000, -60_000, -1, 0, 1, 59_999, 60_000, 899_999, 900_000]) {
            const instant = change + ms;
            expect(folderAt(instant)).toBe(DateTime.fromMillis(instant, { zone }).toFormat(format));
          }
        }
      }
    }
  });
});

/** Instants at which the zone's offset changes, found by halving months. */
function offsetChanges(zone: string): number[] {
  const offsetAt = (ms: number) => DateTime.fromMillis(ms, { zone }).offset;
  const changes: number[] = [];
  const month = 30 * 86_400_000;
  for (let from = Date.UTC(1972, 0); from < Date.UTC(2026, 0); from += month) {
    let low = from;
    let high = from + month;
    if (offsetAt(low) === offsetAt(high)) continue;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === offsetAt(low)) low = middle;
      else high = middle;
    }
    changes.push(high);
  }
  return changes;
}
