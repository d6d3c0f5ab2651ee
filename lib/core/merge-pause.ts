/** What a worker knows of how busy it and its machine are. */
export type LoadFacts = {
  /** What deliveries hold of the worker's memory: it grows when they cannot keep up. */
  readonly openBytes: number;
  readonly budgetBytes: number;
  /** The machine's load average over a minute, divided by its cores; a merge itself adds up to one core. */
  readonly loadPerCore: number;
};

/** Merging goes on again below this much of what made it pause, so that it does not flutter. */
const resumeFraction = 2 / 3;
const openFractionMax = 1 / 2;

/**
 * Whether merging has to wait: deliveries hold more than half of the worker's memory, or the machine has
 * more to do than `loadMax` a core. Asked before a merge and between its steps; a step that runs is at
 * the lowest priority and is not broken off.
 */
export function pausesMerging(facts: LoadFacts, loadMax: number, isPaused: boolean): boolean {
  const share = isPaused ? resumeFraction : 1;
  const { openBytes, budgetBytes, loadPerCore } = facts;
  return openBytes > share * openFractionMax * budgetBytes || loadPerCore > share * loadMax;
}
