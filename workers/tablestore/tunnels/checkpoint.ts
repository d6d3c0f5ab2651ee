/** A channel's durable position: where a new reader begins, and how often it was set. */
export type StoredCheckpoint = { readonly token: string; readonly sequenceNumber: number };

/**
 * `store`: it is the next one. `repeat`: the last one came again, as after a lost answer; nothing to
 * do. `mismatch`: somebody else has set one since; the caller has to read it again.
 */
export type CheckpointDecision = "store" | "repeat" | "mismatch";

export function decideCheckpoint(
  stored: StoredCheckpoint,
  requested: { readonly token: string; readonly sequenceNumber: bigint },
): CheckpointDecision {
  const last = BigInt(stored.sequenceNumber);
  if (requested.sequenceNumber === last + 1n) return "store";
  return requested.sequenceNumber === last && requested.token === stored.token
    ? "repeat"
    : "mismatch";
}
