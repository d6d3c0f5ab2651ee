import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** One line that a worker logged, as far as tests look at it. */
export type WorkerEvent = { readonly msg: string; readonly [key: string]: unknown };

export type WorkerProcess = {
  readonly events: readonly WorkerEvent[];
  /** The first event of that name and kind; rejects when the process ends first. */
  waitFor(message: string, isWanted?: (event: WorkerEvent) => boolean): Promise<WorkerEvent>;
  kill(signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void;
  readonly ended: Promise<number | null>;
};

/** A delivery worker as a process of its own, as it runs in production. */
export function spawnWorker(env: Record<string, string>): WorkerProcess {
  const child = spawn(
    process.execPath,
    ["--enable-source-maps", "--import", "tsx", "workers/delivery/main.ts"],
    {
      env: {
        NODE_ENV: "test",
        PATH: process.env.PATH ?? "",
        LOG_LEVEL: "info",
        CULVERT_LEASE_MS: "1500",
        ...env,
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const events: WorkerEvent[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    events.push(line.startsWith("{") ? (JSON.parse(line) as WorkerEvent) : { msg: line });
    for (const listener of listeners) listener();
  });
  const ended = endOf(child);
  return {
    events,
    ended,
    kill: (signal) => void child.kill(signal),
    waitFor: (message, isWanted = () => true) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find((event) => event.msg === message && isWanted(event));
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void ended.then(() =>
          reject(new Error(`The worker ended before "${message}":\n${logOf(events)}`)),
        );
      }),
  };
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}

function logOf(events: readonly WorkerEvent[]): string {
  return events.map(({ msg }) => msg).join("\n");
}
