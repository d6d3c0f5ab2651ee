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
    watchParent(() => request.abort("npm ended"));
  }
  return request.signal;
}

/** npm forwards signals, but killed with SIGKILL it would leave us behind without a terminal. */
function watchParent(gone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, parentCheckMs);
  timer.unref();
}
