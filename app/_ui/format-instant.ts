const format = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
});

/** `20 Nov 2026, 22:49:12 UTC`. */
export function formatInstant(at: string): string {
  return `${format.format(new Date(at))} UTC`;
}
