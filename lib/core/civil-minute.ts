/** A wall-clock minute in some time zone, proleptic Gregorian: month 1–12, day 1–31. */
export type CivilMinute = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
};

/** Tells the wall-clock minute of an instant (epoch ms, integer) in one time zone. */
export type ZoneClock = (epochMs: number) => CivilMinute;

/**
 * Instants that a folder can name: `$yyyy` has four digits, so the years 1 to 9999, less a day at
 * both ends because a time zone may shift the year.
 */
export const renderableFromMs = -62_135_510_400_000;
export const renderableThroughMs = 253_402_214_400_000;

export function isRenderable(epochMs: number): boolean {
  return epochMs >= renderableFromMs && epochMs <= renderableThroughMs;
}
