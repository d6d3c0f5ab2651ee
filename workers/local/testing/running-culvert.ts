import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type CredentialsFile, credentialsFileSchema } from "@/lib/contracts/credentials-file";
import { forwardLines } from "../child-process-part";
import { readStartTime } from "../process-identity";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A Culvert that was started as people start it, with the supervisor as the child of this process. */
export type RunningCulvert = {
  readonly pid: number;
  /** Everything it has written so far, line by line. */
  readonly lines: readonly string[];
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Resolves with the first line, past or future, that has it; rejects when the process ends first. */
  waitForLine(wanted: RegExp | string): Promise<string>;
  signal(signal: NodeJS.Signals): void;
};

/** The pipe on standard input ends it with this process, however that ends. */
export function startCulvert(home: string, settings: Record<string, string> = {}): RunningCulvert {
  const child = spawn(process.execPath, ["workers/local/start.mjs"], {
    cwd: root,
    env: {
      ...process.env,
      CULVERT_HOME: home,
      CULVERT_SUPERVISED: "1",
      PORT: "0",
      TABLESTORE_PORT: "0",
      OBJECT_STORE_PORT: "0",
      ...settings,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  return observe(child);
}

function observe(child: ChildProcess): RunningCulvert {
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watch of watchers) watch();
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    forwardLines(stream, (line) => {
      lines.push(line);
      notify();
    });
  }
  let ended = false;
  const exited = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => {
      ended = true;
      resolve(signal ?? code ?? 1);
      notify();
    });
  });
  return {
    pid: child.pid as number,
    lines,
    exited,
    signal: (signal) => child.kill(signal),
    waitForLine: (wanted) =>
      new Promise((resolve, reject) => {
        const isWanted = (line: string) =>
          typeof wanted === "string" ? line.includes(wanted) : wanted.test(line);
        const watch = () => {
          const found = lines.find(isWanted);
          if (found === undefined && !ended) return;
          watchers.delete(watch);
          if (found !== undefined) resolve(found);
          else reject(new Error(`It ended without ${wanted}:\n${lines.slice(-30).join("\n")}`));
        };
        watchers.add(watch);
        watch();
      }),
  };
}

export function readCredentialsOf(home: string): CredentialsFile {
  const text = readFileSync(path.join(home, "credentials.json"), "utf8");
  return credentialsFileSchema.parse(JSON.parse(text));
}

/** The ids of the processes that belong to a home, by part. */
export function findParts(home: string): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const file of readdirSync(path.join(home, "run")).filter((name) =>
    /^\w.*json$/.test(name),
  )) {
    const { pid } = JSON.parse(readFileSync(path.join(home, "run", file), "utf8")) as {
      pid: number;
    };
    if (file !== "supervisor.json") parts[path.basename(file, ".json")] = pid;
  }
  const postmaster = path.join(home, "postgres/data/postmaster.pid");
  if (!existsSync(postmaster)) return parts;
  return { ...parts, postgres: Number(readFileSync(postmaster, "utf8").split("\n")[0]) };
}

export function isRunning(pid: number): boolean {
  return readStartTime(pid) !== null;
}
