import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AppError } from "@/lib/core/error";
import type { MergeEngine, MergeResult, MergeWork } from "./merge-engine";

/** Started from its own folder: a command line that says workers/delivery is a worker's. */
const folder = fileURLToPath(new URL(".", import.meta.url));
const program = fileURLToPath(new URL("./engine-main.ts", import.meta.url)).slice(folder.length);
const complaintCharactersMax = 500;

/** Merges in a process of its own, a new one each time: what it took of the machine is given back whole. */
export function createProcessEngine(): MergeEngine {
  return {
    async merge(work, signal) {
      signal.throwIfAborted();
      const child = spawn(process.execPath, ["--import", "tsx", `./${program}`], {
        cwd: folder,
        // Nothing of the worker's environment, which has its secrets.
        env: { NODE_ENV: "production" },
      });
      const kill = () => void child.kill("SIGKILL");
      signal.addEventListener("abort", kill);
      try {
        return await talk(child, work);
      } finally {
        signal.removeEventListener("abort", kill);
        kill();
      }
    },
  };
}

async function talk(child: ChildProcess, work: MergeWork): Promise<MergeResult> {
  let answer = "";
  let complaint = "";
  child.stdout?.on("data", (text) => {
    answer += text;
  });
  child.stderr?.on("data", (text) => {
    complaint = `${complaint}${text}`.slice(-complaintCharactersMax);
  });
  // It may die before it has read its work.
  child.stdin?.on("error", () => undefined);
  child.stdin?.write(`${JSON.stringify(work)}\n`);
  const end = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, killedBy) => resolve(`it ended with ${killedBy ?? code}`));
  });
  const line = answer.trimEnd();
  if (line.endsWith("}")) return JSON.parse(line) as MergeResult;
  const reason = complaint.trim() === "" ? end : `${end}: ${complaint.trim()}`;
  throw new AppError("merge.engine_failed", reason, { details: { reason } });
}
