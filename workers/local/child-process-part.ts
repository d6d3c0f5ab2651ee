import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Clock } from "@/lib/platform/clock";
import type { Environment } from "@/lib/platform/env";
import type { Part, RunningPart } from "./part";
import type { Exit } from "./restart-policy";
import type { RunDirectory } from "./run-directory";

const lineLengthMax = 64 * 1024;

/** A Node process of ours: its arguments after `node`, and all of its environment. */
export type ChildCommand = {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
};

/**
 * A part that is a child process in a group of its own: Ctrl-C at the terminal reaches only the
 * supervisor, which then stops the parts in order. The child holds the other end of a pipe as
 * standard input and ends when it closes (lib/platform/process-end.ts).
 */
export function childProcessPart(
  command: ChildCommand,
  surroundings: {
    readonly clock: Clock;
    readonly runDirectory: RunDirectory;
    /** Takes each line that the child writes. */
    readonly show: (name: string, line: string) => void;
    /** Whether it serves now. */
    readonly probe: () => Promise<boolean>;
  },
): Part {
  const { clock, runDirectory, show, probe } = surroundings;
  return {
    name: command.name,
    start: async () => {
      const child = spawn(process.execPath, [...command.args], {
        cwd: command.cwd,
        env: { ...command.env, NODE_ENV: "production", CULVERT_SUPERVISED: "1" },
        detached: true,
        stdio: ["pipe", "pipe", "pipe"],
      });
      await once(child, "spawn");
      const pid = child.pid as number;
      runDirectory.record(command.name, pid);
      // The child may be gone before the pipe is; nothing is ever written to it.
      child.stdin.on("error", () => {});
      for (const stream of [child.stdout, child.stderr]) {
        forwardLines(stream, (line) => show(command.name, line));
      }
      return runningChild(child, pid, () => runDirectory.forget(command.name));
    },
    waitUntilServing: async (signal) => {
      while (!signal.aborted) {
        if (await probe()) return true;
        await clock.sleep(40, signal);
      }
      return false;
    },
  };
}

function runningChild(child: ChildProcess, pid: number, forget: () => void): RunningPart {
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      // What it started itself (a compiler service) has lost its parent and would stay for ever.
      signalGroup(pid, "SIGKILL");
      forget();
      resolve({ code, signal });
    });
  });
  return {
    exited,
    kill: () => signalGroup(pid, "SIGKILL"),
    stop: async (graceMs) => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: nobody is left in the group. EPERM: macOS says so of a group of zombies.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/** Whole lines only, so that lines of several parts never mix; a longer one is cut into pieces. */
export function forwardLines(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line.replace(/\r$/, ""));
    if (rest.length <= lineLengthMax) return;
    take(rest);
    rest = "";
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
}
