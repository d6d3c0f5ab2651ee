import { isSupervised } from "./env";

/**
 * Aborts once when this process has to end: SIGTERM, SIGINT, SIGHUP or, under a supervisor, when
 * the pipe on standard input closes. The pipe is what ends a process whose supervisor was killed
 * with SIGKILL and could tell nobody. A second signal ends the process at once.
 */
export function watchProcessEnd(supervised: boolean = isSupervised()): AbortSignal {
  const end = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (end.signal.aborted) process.exit(1);
      end.abort(signal);
    });
  }
  if (supervised) {
    process.stdin.on("end", () => end.abort("supervisor gone"));
    process.stdin.on("error", () => end.abort("supervisor gone"));
    process.stdin.resume();
    // An open pipe must not keep a process alive that has nothing left to do.
    (process.stdin as { unref?: () => void }).unref?.();
    // Nobody reads what is written any more; without a listener the first line would crash the end.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  }
  return end.signal;
}
