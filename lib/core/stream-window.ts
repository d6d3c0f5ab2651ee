import type { FlushSettings } from "./stream-session";

/** Packs of one dataset, partition and schema version that become one object and one commit. */
export type StreamWindow = {
  readonly packs: number;
  readonly bytes: number;
  /** The least that any of its packs' sessions asks for. */
  readonly bytesMax: number;
  readonly sealAtMs: number;
};

/** What one decide writes down; more would hold the dataset's row for too long. */
export const windowPacksMax = 1_000;

/** `nowMs` is of a clock that never goes back, when the pack had come whole. */
export function addPack(
  window: StreamWindow | null,
  pack: { readonly bytes: number; readonly flush: FlushSettings },
  nowMs: number,
): StreamWindow {
  const sealAtMs = nowMs + pack.flush.milliseconds;
  return {
    packs: (window?.packs ?? 0) + 1,
    bytes: (window?.bytes ?? 0) + pack.bytes,
    bytesMax: Math.min(window?.bytesMax ?? pack.flush.bytes, pack.flush.bytes),
    sealAtMs: Math.min(window?.sealAtMs ?? sealAtMs, sealAtMs),
  };
}

/** How long the window takes more packs; 0: it is to be sealed. */
export function openForMs(window: StreamWindow, nowMs: number): number {
  if (window.packs >= windowPacksMax || window.bytes >= window.bytesMax) return 0;
  return Math.max(0, window.sealAtMs - nowMs);
}
