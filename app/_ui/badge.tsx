import type { ReactNode } from "react";
import { classNames } from "./class-names";

export type Tone = "neutral" | "good" | "warn" | "bad" | "busy";

const tones: Record<Tone, { box: string; dot: string }> = {
  neutral: { box: "bg-sunken text-ink-muted", dot: "bg-ink-faint" },
  good: { box: "bg-good-soft text-good", dot: "bg-good" },
  warn: { box: "bg-warn-soft text-warn", dot: "bg-warn" },
  bad: { box: "bg-bad-soft text-bad", dot: "bg-bad" },
  busy: { box: "bg-busy-soft text-busy", dot: "bg-busy motion-safe:animate-pulse" },
};

/** A short state in words; the dot only repeats what the word says, colour is never the only sign. */
export function Badge({
  tone = "neutral",
  dot = false,
  children,
  className,
}: {
  tone?: Tone;
  dot?: boolean;
  children: ReactNode;
  className?: string;
}) {
  return (
    <span
      className={classNames(
        "inline-flex items-center gap-1.5 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap",
        tones[tone].box,
        className,
      )}
    >
      {dot && <span aria-hidden className={classNames("size-1.5 rounded-full", tones[tone].dot)} />}
      {children}
    </span>
  );
}
