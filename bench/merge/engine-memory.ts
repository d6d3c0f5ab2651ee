import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";

/** Most resident memory that the merging process running now has had; 0 while none runs. Linux only. */
export function enginePeakMb(): number {
  const folder = path.resolve("workers/delivery/merge");
  const peaks = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => peakOf(pid, folder));
  return Math.max(0, ...peaks);
}

function peakOf(pid: string, folder: string): number {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) !== folder) return 0;
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    // It ended between being listed and being read.
    return 0;
  }
}
