import { DateTime, FixedOffsetZone, IANAZone } from "luxon";
import type { ZoneClock } from "@/lib/core/civil-minute";
import { AppError } from "@/lib/core/error";
import { type EventTimeParser, parseUnixText } from "@/lib/core/event-time";
import type { EventTimeFormat } from "@/lib/core/task";

/** An IANA name that this runtime's zone data knows, in any case; not an offset such as `+08:00`. */
export function isTimeZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && IANAZone.isValidZone(name);
}

/** The zones offered to people: UTC, then the IANA names in order. `isTimeZone` accepts aliases too. */
export function listTimeZones(): string[] {
  const names = new Set(Intl.supportedValuesOf("timeZone"));
  names.delete("UTC");
  return ["UTC", ...[...names].sort()];
}

/** The wall clock of a zone. Throws `request.invalid` for a name that `isTimeZone` refuses. */
export function createZoneClock(zoneName: string): ZoneClock {
  if (!isTimeZone(zoneName)) {
    throw new AppError("request.invalid", "Not a time zone", { details: { timeZone: zoneName } });
  }
  const zone = IANAZone.create(zoneName);
  return (epochMs) => {
    const { year, month, day, hour, minute } = DateTime.fromMillis(Math.floor(epochMs), { zone });
    return { year, month, day, hour, minute };
  };
}

/**
 * Reads the text of an event-time column. The format names are those of Go's time layouts, and the
 * layouts are those of the standards behind them:
 *
 * | format  | example                               | also                                     |
 * |---------|---------------------------------------|------------------------------------------|
 * | RFC822  | `02 Jan 06 15:04 MST`                 | a day name before, seconds, `+0800`      |
 * | RFC850  | `Monday, 02-Jan-06 15:04:05 MST`      | `+0800`                                  |
 * | RFC1123 | `Mon, 02 Jan 2006 15:04:05 MST`       | `+0800`                                  |
 * | RFC3339 | `2006-01-02T15:04:05.999Z`            | an offset, any number of decimals        |
 * | Unix    | `1598889780`                          | see core/event-time.ts                   |
 *
 * Strict: a date that does not exist, a day name that is not the date's, a leap second, or an unknown
 * zone gives null. Two-digit years are 1969–2068, as in Go. Only the zone names that RFC 822 defines
 * are known: any other abbreviation is ambiguous (CST is also China's), so its rows are better dirty
 * than hours off. Decimals beyond milliseconds are cut.
 */
export function createEventTimeParser(format: EventTimeFormat): EventTimeParser {
  if (format === "Unix") return parseUnixText;
  const layout = layouts[format];
  return (text) => {
    const match = text.length <= textLengthMax ? layout.exec(text) : null;
    return match?.groups ? instantOf(match.groups) : null;
  };
}

/** Longer than any real value; keeps a hostile cell from being walked. */
const textLengthMax = 64;

const time = "(?<hour>\\d\\d):(?<minute>\\d\\d)";
const seconds = ":(?<second>\\d\\d)";
const namedZone = "(?<zone>[A-Z]{1,3}|[+-]\\d{4})";
const shortDay = "(?<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun), ";
const longDay = "(?<weekday>Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), ";
const month = "(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";

const layouts: Readonly<Record<Exclude<EventTimeFormat, "Unix">, RegExp>> = {
  RFC822: new RegExp(
    `^(?:${shortDay})?(?<day>\\d\\d) ${month} (?<year>\\d\\d) ${time}(?:${seconds})? ${namedZone}$`,
  ),
  RFC850: new RegExp(
    `^${longDay}(?<day>\\d\\d)-${month}-(?<year>\\d\\d) ${time}${seconds} ${namedZone}$`,
  ),
  RFC1123: new RegExp(
    `^${shortDay}(?<day>\\d\\d) ${month} (?<year>\\d{4}) ${time}${seconds} ${namedZone}$`,
  ),
  RFC3339: new RegExp(
    `^(?<year>\\d{4})-(?<month>\\d\\d)-(?<day>\\d\\d)[Tt]${time}${seconds}(?:\\.(?<fraction>\\d+))?(?<zone>[Zz]|[+-]\\d\\d:\\d\\d)$`,
  ),
};

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** RFC 822, 5.1: hours from UTC. Its one-letter military zones are left out: the RFC has their signs wrong. */
const zoneHours = new Map([
  ["UT", 0],
  ["UTC", 0],
  ["GMT", 0],
  ["Z", 0],
  ["EST", -5],
  ["EDT", -4],
  ["CST", -6],
  ["CDT", -5],
  ["MST", -7],
  ["MDT", -6],
  ["PST", -8],
  ["PDT", -7],
]);

type Parts = Readonly<Record<string, string | undefined>>;

function instantOf(parts: Parts): number | null {
  const offsetMinutes = readOffset(parts.zone ?? "");
  const hour = Number(parts.hour);
  // Luxon takes 24:00 for the next day's start; none of these layouts has it.
  if (offsetMinutes === null || hour > 23) return null;
  const monthName = parts.month ?? "";
  const at = DateTime.fromObject(
    {
      year: readYear(parts.year ?? ""),
      month: /\d/.test(monthName) ? Number(monthName) : months.indexOf(monthName) + 1,
      day: Number(parts.day),
      hour,
      minute: Number(parts.minute),
      second: Number(parts.second ?? 0),
      millisecond: Number((parts.fraction ?? "").slice(0, 3).padEnd(3, "0")),
    },
    { zone: FixedOffsetZone.instance(offsetMinutes) },
  );
  if (!at.isValid) return null;
  const weekday = parts.weekday?.slice(0, 3);
  if (weekday !== undefined && weekdays[at.weekday - 1] !== weekday) return null;
  return at.toMillis();
}

function readYear(text: string): number {
  const year = Number(text);
  if (text.length !== 2) return year;
  return year >= 69 ? 1900 + year : 2000 + year;
}

function readOffset(zone: string): number | null {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  if (!match) {
    const hours = zoneHours.get(zone.toUpperCase());
    return hours === undefined ? null : hours * 60;
  }
  const [, sign, hours, minutes] = match;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  const total = Number(hours) * 60 + Number(minutes);
  return sign === "-" ? -total : total;
}
