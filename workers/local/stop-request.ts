import { readFileSync } from "node:fs";
import type { Environment } from "@/lib/platform/env";

/** Signals of one Ctrl-C come twice, from the terminal and from npm, this close together. */
const sameRequestMs = 1_000;
const parentCheckMs = 500;

/**
 * Why a supervisor stops: Ctrl-C, SIGTERM, SIGHUP, the end of its own supervisor's pipe, or that
 * the npm that started it is gone. The signal's reason says which, in words; `force` runs when
 * people ask a second time.
 */
export function watchStopRequests(options: {
  readonly env: Environment;
  readonly force: () => void;
}): AbortSignal {
  const request = new AbortController();
  let firstAt = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!request.signal.aborted) firstAt = performance.now();
      else if (performance.now() - firstAt > sameRequestMs) options.force();
      request.abort(signal);
    });
  }
  if (options.env.CULVERT_SUPERVISED === "1") {
    const end = () => request.abort("the pipe on standard input closed");
    process.stdin.once("end", end).once("error", end).resume();
  }
  if (options.env.npm_lifecycle_event !== undefined) {
    watchNpm(() => request.abort("npm ended"));
  }
  return request.signal;
}

/** npm forwards signals, but killed with SIGKILL it would leave us behind without a terminal. */
function watchNpm(gone: () => void): void {
  const ancestors = describeAncestors();
  const timer = setInterval(() => {
    if (describeAncestors() === ancestors) return;
    clearInterval(timer);
    gone();
  }, parentCheckMs);
  timer.unref();
}

/** Our parent and, where that is the shell npm runs scripts in and not npm itself, the shell's. */
function describeAncestors(): string {
  const parent = process.ppid;
  const [, name, parentOfParent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readStat(parent)) ?? [];
  return name === "sh" || name === "dash" || name === "bash"
    ? `${parent} ${parentOfParent}`
    : String(parent);
}

/** Empty elsewhere than on Linux, where the shell makes room for its only command: npm is the parent. */
function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
