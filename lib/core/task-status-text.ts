const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** A length of time as people say it, in the largest unit it fills twice: `90 seconds`, `5 hours`. */
export function describeDuration(ms: number): string {
  const length = Math.max(0, ms);
  const [name, unitMs] =
    units.find(([, size]) => length >= 2 * size) ?? (["second", 1_000] as const);
  const count = Math.floor(length / unitMs);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
