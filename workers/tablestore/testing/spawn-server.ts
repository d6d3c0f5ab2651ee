import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { testAccess } from "./start-test-server";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export type SpawnedServer = { readonly port: number; readonly child: ChildProcess };

/** The server as a process of its own, on a port of the system's choice. */
export async function spawnServer(
  directory: string,
  env: Record<string, string> = {},
): Promise<SpawnedServer> {
  const child = spawn(process.execPath, ["--import", "tsx", "workers/tablestore/main.ts"], {
    cwd: root,
    env: {
      ...process.env,
      TABLESTORE_PORT: "0",
      TABLESTORE_INSTANCE: testAccess.instance,
      TABLESTORE_ACCESS_KEY_ID: testAccess.accessKeyId,
      TABLESTORE_ACCESS_KEY_SECRET: testAccess.accessKeySecret,
      TABLESTORE_DATA: directory,
      LOG_LEVEL: "info",
      ...env,
    },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
    lines.push(line);
    const port = /listening on http:\/\/[\d.]+:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stderr?.resume();
    return { port: Number(port), child };
  }
  throw new Error(`The server did not start:\n${lines.join("\n")}`);
}

/** Ends the process with the signal; resolves with its exit code, or the signal that ended it. */
export async function endServer(
  { child }: SpawnedServer,
  signal: NodeJS.Signals,
): Promise<number | NodeJS.Signals> {
  const exited = once(child, "exit");
  child.kill(signal);
  const [code, by] = (await exited) as [number | null, NodeJS.Signals | null];
  return code ?? by ?? -1;
}
