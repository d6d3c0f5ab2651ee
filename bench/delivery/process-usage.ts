import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export type Usage = {
  /** User and system time so far, of the process and its children, living and ended. */
  readonly cpuSeconds: number;
  /** Most memory of its own (not of mapped files) that one process of the part has had now. */
  readonly memoryMb: number;
  /** Most resident memory that one process of the part ever had, mapped files included. */
  readonly peakMb: number;
};

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** By part; `delivery-1` and `delivery-2` are both `delivery`. Linux only: it reads /proc. */
export function usageOf(parts: Readonly<Record<string, number>>): Record<string, Usage> {
  const children = childrenByParent();
  const usage: Record<string, Usage> = {};
  for (const [name, pid] of Object.entries(parts)) {
    const part = name.replace(/-\d+$/, "");
    const seen = [usage[part], ...familyOf(pid, children).map(usageOfProcess)];
    const known = seen.filter((one) => one !== undefined);
    usage[part] = {
      cpuSeconds: known.reduce((sum, one) => sum + one.cpuSeconds, 0),
      memoryMb: Math.max(...known.map((one) => one.memoryMb)),
      peakMb: Math.max(...known.map((one) => one.peakMb)),
    };
  }
  return usage;
}

function usageOfProcess(pid: number): Usage | undefined {
  try {
    const fields = statFieldsOf(pid);
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const mb = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) / 1024;
    // utime, stime and those of children that were waited for: PostgreSQL's sessions end so.
    const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
    return { cpuSeconds: ticks / ticksPerSecond, memoryMb: mb("RssAnon"), peakMb: mb("VmHWM") };
  } catch {
    // It ended between being listed and being read.
    return undefined;
  }
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const parent = Number(statFieldsOf(Number(name))[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // Ended meanwhile.
    }
  }
  return children;
}

function familyOf(pid: number, children: ReadonlyMap<number, number[]>): number[] {
  return [pid, ...(children.get(pid) ?? []).flatMap((child) => familyOf(child, children))];
}

/** From the state on: the name before it may hold anything (proc_pid_stat, fields 3…). */
function statFieldsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
}
