import { spawn } from "node:child_process";
import type { Part } from "./part";
import { startPostgres } from "./postgres";

/**
 * The embedded PostgreSQL as a part; `opened` gets its URL, which is the same after a restart.
 * What an earlier supervisor left behind is stopped by startPostgres, which knows its directory.
 */
export function postgresPart(options: {
  readonly dataDirectory: string;
  readonly port: number;
  readonly password: string;
  readonly log: (line: string) => void;
  readonly opened: (url: string) => void;
}): Part {
  const { opened, ...server } = options;
  let serves = false;
  return {
    name: "postgres",
    start: async () => {
      const { url, pid, exited, stop, kill } = await startPostgres(server);
      const releaseGuard = guardByPipe(pid);
      void exited.then(releaseGuard);
      serves = true;
      opened(url);
      return { exited, stop, kill };
    },
    waitUntilServing: async (signal) => {
      while (!serves && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
      return serves;
    },
  };
}

/**
 * PostgreSQL knows nothing of its supervisor's pipe, so a shell of a megabyte watches it in its
 * stead and asks for a fast shutdown (SIGINT) when the supervisor is gone.
 */
function guardByPipe(pid: number): () => void {
  if (process.platform === "win32") return () => {};
  const guard = spawn("/bin/sh", ["-c", 'cat >/dev/null; kill -INT "$0"', String(pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Without a guard the next start still finds and stops the server.
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  return () => {
    if (guard.pid === undefined || guard.exitCode !== null || guard.signalCode !== null) return;
    try {
      process.kill(-guard.pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  };
}
