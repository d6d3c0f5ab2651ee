import { readFileSync, writeFileSync } from "node:fs";
import { letHeapGrow } from "@/lib/platform/heap-growth";
import type { Contender, DeliverySettings } from "./contender";
import { contenders } from "./contenders/all";
import type { Measurement } from "./measurement";
import { readPageFile } from "./page-file";

/** A child process: `measure.ts <contender> <pages> <rows> <settings as JSON>`. Prints a Measurement. */
const warmUpPages = 5;

async function measure(
  contender: Contender,
  file: string,
  settings: DeliverySettings,
): Promise<Measurement> {
  await deliver(contender, file, settings, warmUpPages);
  globalThis.gc?.();
  resetPeakMemory();
  const idleMb = residentMb("VmRSS");
  const measured = await deliver(contender, file, settings, Number.POSITIVE_INFINITY);
  return { contender: contender.name, ...measured, idleMb, peakMb: residentMb("VmHWM") };
}

/** Delivers the first `pagesMax` pages. Reading them from the file is outside of what is measured. */
async function deliver(
  contender: Contender,
  file: string,
  settings: DeliverySettings,
  pagesMax: number,
) {
  const delivery = await contender.open(settings);
  let ms = 0;
  let cpuMs = 0;
  let longestCallMs = 0;
  const time = async <T>(work: () => T | Promise<T>): Promise<T> => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const pending = work();
    longestCallMs = Math.max(longestCallMs, performance.now() - start);
    const result = pending instanceof Promise ? await pending : pending;
    ms += performance.now() - start;
    const used = process.cpuUsage(cpu);
    cpuMs += (used.user + used.system) / 1000;
    return result;
  };
  let pages = 0;
  for (const page of readPageFile(file)) {
    if (pages++ >= pagesMax) break;
    await time(() => delivery.consume(page));
  }
  const bytesOut = await time(() => delivery.finish());
  return { ms, cpuMs, longestCallMs, bytesOut };
}

/** Linux keeps a high-water mark that can be put back; elsewhere the peak is that of the whole process. */
function resetPeakMemory(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux, or not allowed: residentMb then gives the best there is.
  }
}

function residentMb(field: "VmRSS" | "VmHWM"): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const kilobytes = new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1];
    return Number(kilobytes) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

const [name, file, settings] = process.argv.slice(2);
const contender = contenders.find((one) => one.name === name);
// As a delivery worker does; it serves every contender.
letHeapGrow();
if (!contender || !file || !settings) throw new Error("measure.ts <contender> <pages> <settings>");
console.log(JSON.stringify(await measure(contender, file, JSON.parse(settings))));
