"use client";

import { useEffect, useState } from "react";
import { formatDuration } from "./format-quantity";

const everyMs = 1_000;
const exact = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
});

/** "12 s ago", kept true while the page is open; the exact instant in UTC on hover and for copying. */
export function TimeAgo({ at, empty = "–" }: { at: string | null; empty?: string }) {
  const [nowMs, setNowMs] = useState<number | null>(null);
  useEffect(() => {
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, []);
  if (at === null) return <span className="text-ink-faint">{empty}</span>;
  const seconds = nowMs === null ? null : (nowMs - Date.parse(at)) / 1_000;
  const label =
    seconds === null
      ? exact.format(new Date(at))
      : seconds < -1
        ? `in ${formatDuration(-seconds)}`
        : seconds < 2
          ? "just now"
          : `${formatDuration(seconds)} ago`;
  return (
    <time
      dateTime={at}
      title={`${exact.format(new Date(at))} UTC`}
      className="whitespace-nowrap tabular-nums"
    >
      {label}
    </time>
  );
}
