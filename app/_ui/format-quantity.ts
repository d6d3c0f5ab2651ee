const whole = new Intl.NumberFormat("en");
const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 1234567 → 1,234,567. Counts are shown exactly, never rounded. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** 1 → `1 row`, 2 → `2 rows`; for words that only take an s. */
export function formatNumber(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** 1536 → 1.5 KiB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** 95 → 1 min 35 s. Two units at most: more is noise. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3_600)
    return total % 60 === 0 ? `${total / 60} min` : `${Math.floor(total / 60)} min ${total % 60} s`;
  if (total < 86_400)
    return `${Math.floor(total / 3_600)} h ${Math.floor((total % 3_600) / 60)} min`;
  return `${Math.floor(total / 86_400)} d ${Math.floor((total % 86_400) / 3_600)} h`;
}
