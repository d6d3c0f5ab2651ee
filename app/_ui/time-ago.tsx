"use client";

import { useEffect, useState } from "react";
import { formatInstant } from "./format-instant";
import { formatDuration } from "./format-quantity";

const everyMs = 1_000;

/** "12 s ago", kept true while the page is open; the exact instant in UTC on hover and for copying. */
export function TimeAgo({
  at,
  empty = "–",
  past,
}: {
  at: string | null;
  empty?: string;
  /** What to say once the instant is over, for things to come. */
  past?: string;
}) {
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
      ? formatInstant(at)
      : seconds < -1
        ? `in ${formatDuration(-seconds)}`
        : (past ?? (seconds < 2 ? "just now" : `${formatDuration(seconds)} ago`));
  return (
    <time dateTime={at} title={formatInstant(at)} className="whitespace-nowrap tabular-nums">
      {label}
    </time>
  );
}
