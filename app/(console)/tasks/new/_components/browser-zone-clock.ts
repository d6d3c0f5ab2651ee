import type { ZoneClock } from "@/lib/core/civil-minute";

/** The wall clock of a zone by this browser's own data; null for a name it does not know. */
export function browserZoneClock(timeZone: string): ZoneClock | null {
  const format = openFormat(timeZone);
  if (format === null) return null;
  return (epochMs) => {
    const parts = new Map(
      format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    return {
      year: part("year"),
      month: part("month"),
      day: part("day"),
      hour: part("hour"),
      minute: part("minute"),
    };
  };
}

function openFormat(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-GB", {
      timeZone,
      calendar: "iso8601",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  } catch (thrown) {
    // RangeError is how Intl says that it does not know a zone.
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}
