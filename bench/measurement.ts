/** What one run of one contender came to. */
export type Measurement = {
  readonly contender: string;
  readonly ms: number;
  /** User and system time of the whole process, native threads and garbage collection included. */
  readonly cpuMs: number;
  /** Longest time that the event loop could do nothing else. */
  readonly longestCallMs: number;
  readonly bytesOut: number;
  readonly idleMb: number;
  readonly peakMb: number;
};

/** Medians over the rounds. */
export type Summary = Measurement & { readonly rounds: number };

export function summarise(measurements: readonly Measurement[]): Summary[] {
  const names = [...new Set(measurements.map(({ contender }) => contender))];
  return names.map((contender) => {
    const runs = measurements.filter((one) => one.contender === contender);
    const over = (field: Exclude<keyof Measurement, "contender">) =>
      median(runs.map((run) => run[field]));
    return {
      contender,
      rounds: runs.length,
      ms: over("ms"),
      cpuMs: over("cpuMs"),
      longestCallMs: over("longestCallMs"),
      bytesOut: over("bytesOut"),
      idleMb: over("idleMb"),
      peakMb: over("peakMb"),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
