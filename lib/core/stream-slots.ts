/**
 * Slots: the right to send. A flush holds one while its rows come in and are read; while it waits for
 * its window it holds none. The numbers are the modelled service's own.
 */
export const slotLimits = {
  /** Granted to all open sessions of the installation together. */
  granted: 500,
  /** What a session gets that leaves the number to us. */
  automatic: 32,
  /** In use on one partition at a time. */
  perPartition: 32,
  requestsPerSecond: 10,
  bytesPerSecond: 1024 * 1024,
} as const;

/**
 * How many slots a new session gets: as many as it asked for, or what is left of the automatic number
 * when it asked for 0. Null when that many are not left.
 */
export function grantSlots(asked: number, granted: number): number | null {
  const left = slotLimits.granted - granted;
  const wanted = asked === 0 ? Math.min(slotLimits.automatic, left) : asked;
  return wanted > 0 && wanted <= left ? wanted : null;
}
