"use client";

import { useEffect, useState } from "react";

const samplesMax = 120;

/** Seconds behind, one for each answer since the page was opened, oldest first. */
export function useLatencySamples(
  latencySeconds: number | null,
  answeredAtMs: number,
): readonly number[] {
  const [samples, setSamples] = useState<readonly number[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is a sample, also one that says the same as before
  useEffect(() => {
    if (latencySeconds === null) return;
    setSamples((before) => [...before, latencySeconds].slice(-samplesMax));
  }, [answeredAtMs]);
  return samples;
}
