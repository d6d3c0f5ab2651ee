import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Program } from "@/lib/platform/testing/provide-program";
import type { RecordPage } from "./consumed-changes";
import { type SdkAccess, spawnProgram } from "./sdk-driver";

export type WorkerTimes = {
  readonly heartbeatSeconds: number;
  /** After this long without a heartbeat the service gives a worker's channels to others. */
  readonly timeoutSeconds: number;
  readonly checkpointMs: number;
};

/** An SDK's own tunnel worker in a process of its own. */
export type TunnelWorkerProcess = {
  /** Whole pages, in the order in which the worker had them. */
  readonly pages: readonly RecordPage[];
  readonly streamRecords: number;
  readonly baseRecords: number;
  /** Ends it at once, without a word to the service. */
  kill(): Promise<void>;
  /** Lets it finish; resolves with its exit code. */
  stop(): Promise<number | null>;
  readonly complaints: string;
};

export function startTunnelWorker(
  program: Program,
  access: SdkAccess,
  tunnelId: string,
  times: WorkerTimes,
  onPage: (page: RecordPage) => void,
): TunnelWorkerProcess {
  const child = spawnProgram(
    program,
    access,
    "worker",
    tunnelId,
    String(times.heartbeatSeconds),
    String(times.timeoutSeconds),
    String(times.checkpointMs),
  );
  const state = { pages: [] as RecordPage[], streamRecords: 0, baseRecords: 0, complaints: "" };
  child.stderr?.on("data", (chunk: Buffer) => {
    state.complaints = `${state.complaints}${String(chunk)}`.slice(-8000);
  });
  // A line that was cut off is no page: the worker was killed before it could checkpoint it.
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    const page = parsePage(line);
    if (page === null) return;
    state.pages.push(page);
    const stream = page.records.filter(({ seq }) => seq !== null).length;
    state.streamRecords += stream;
    state.baseRecords += page.records.length - stream;
    onPage(page);
  });
  child.stdin?.on("error", () => {});
  const closed = once(child, "close") as Promise<[number | null]>;
  return Object.assign(state, {
    kill: async () => {
      child.kill("SIGKILL");
      await closed;
    },
    stop: async () => {
      child.stdin?.end();
      const [code] = await closed;
      return code;
    },
  });
}

function parsePage(line: string): RecordPage | null {
  try {
    return JSON.parse(line) as RecordPage;
  } catch {
    return null;
  }
}
