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

const durationUnits = [
  { unit: "d", seconds: 86_400 },
  { unit: "h", seconds: 3_600 },
  { unit: "min", seconds: 60 },
  { unit: "s", seconds: 1 },
] as const;

/** 95 → 1 min 35 s. Two units at most: more is noise; and none of nothing. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const first = durationUnits.findIndex((unit) => total >= unit.seconds);
  const [larger, smaller] = durationUnits.slice(first === -1 ? -1 : first);
  if (!larger) return `${total} s`;
  const rest = smaller ? Math.floor((total % larger.seconds) / smaller.seconds) : 0;
  const whole = `${Math.floor(total / larger.seconds)} ${larger.unit}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smaller?.unit}`;
}
