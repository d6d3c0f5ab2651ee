import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import type { CredentialsFile } from "@/lib/contracts/credentials-file";
import { pageLimitMax } from "@/lib/contracts/paging";
import { systemClock } from "@/lib/platform/clock";
import { TablestoreClient } from "@/lib/tablestore/client";
import {
  findParts,
  readCredentialsOf,
  startCulvert,
} from "@/workers/local/testing/running-culvert";
import { type Usage, usageOf } from "./process-usage";

export const bucket = "culvert-demo";
/** Often enough for a run of seconds, and seldom enough not to be a load of its own. */
const lookEveryMs = 250;

/** What the benchmark looks at of a task, as the REST API gives it. */
export type TaskSeen = {
  readonly name: string;
  readonly progress: { readonly stage: string; readonly channels: number };
  readonly account: { readonly records: number; readonly rows: number; readonly objects: number };
  readonly status: { readonly label: string; readonly detail: string | null };
};

/** A whole Culvert in a home of its own, as `npm start` starts it, used through what it offers to people. */
export type Installation = {
  readonly tablestore: TablestoreClient;
  readonly s3: S3Client;
  /** Where the REST API is, and what it takes to be let in. */
  readonly api: { readonly endpoint: string; readonly headers: Record<string, string> };
  createTask(body: { readonly name: string } & Record<string, unknown>): Promise<void>;
  getTask(name: string): Promise<TaskSeen>;
  post(route: string): Promise<void>;
  get(route: string): Promise<Response>;
  /** Rejects unless it succeeds. */
  call(method: string, route: string, body?: object): Promise<Response>;
  /** Sends a body as it is; whoever asks looks at the answer. */
  send(method: string, route: string, type: string, body: BodyInit): Promise<Response>;
  /** Polls until `isReached`; rejects when the task shows an error that needs a person. */
  waitForTask(name: string, isReached: (task: TaskSeen) => boolean): Promise<TaskSeen>;
  /** The same for all tasks of the installation, by one page of their list. */
  waitForTasks(isReached: (task: TaskSeen) => boolean): Promise<TaskSeen[]>;
  /** CPU and memory by part; several workers are one part. */
  usage(): Record<string, Usage>;
  stop(): Promise<void>;
};

export async function startInstallation(
  settings: Record<string, string> = {},
): Promise<Installation> {
  // PostgreSQL does not run as root; the account it gets instead has to pass through here.
  const directory = mkdtempSync(path.join(tmpdir(), "culvert-bench-"));
  const home = path.join(directory, "home");
  const culvert = startCulvert(home, settings);
  await culvert.waitForLine(/Culvert is ready/);
  const credentials = readCredentialsOf(home);
  const tablestore = new TablestoreClient({
    ...{ ...credentials.tablestore, instance: "culvert", clock: systemClock, random: Math.random },
  });
  const s3 = openBucket(credentials);
  const api = {
    endpoint: `${credentials.console.endpoint}/api/v1`,
    headers: { authorization: `Bearer ${credentials.console.apiKey}` },
  };
  const call = async (method: string, route: string, body?: object): Promise<Response> => {
    const response = await fetch(`${api.endpoint}/${route}`, {
      method,
      headers: { ...api.headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${route}: ${await response.text()}`);
    return response;
  };
  const getTask = async (name: string) =>
    (await (await call("GET", `tasks/${name}`)).json()) as TaskSeen;
  const listTasks = async () => {
    const page = await (await call("GET", `tasks?limit=${pageLimitMax}`)).json();
    return (page as { readonly items: TaskSeen[] }).items;
  };
  return {
    ...{ tablestore, s3, api, getTask },
    createTask: async (body) => {
      await call("POST", "tasks", {
        ...{ sourceId: "embedded", destinationId: "embedded", schema: { kind: "auto" } },
        ...{ prefix: body.name, ...body },
      });
    },
    get: (route) => call("GET", route),
    call,
    send: (method, route, type, body) =>
      fetch(`${api.endpoint}/${route}`, {
        ...{ method, body, duplex: "half" },
        headers: { ...api.headers, "content-type": type },
      } as RequestInit),
    post: async (route) => {
      await call("POST", route, {});
    },
    waitForTask: async (name, isReached) => {
      const [task] = await waitFor(async () => [await getTask(name)], isReached);
      if (task === undefined) throw new Error(`${name} is gone`);
      return task;
    },
    waitForTasks: (isReached) => waitFor(listTasks, isReached),
    usage: () => usageOf(findParts(home)),
    async stop() {
      tablestore.close();
      s3.destroy();
      culvert.signal("SIGTERM");
      await culvert.exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Looks until all are as they should be. */
async function waitFor(
  look: () => Promise<TaskSeen[]>,
  isReached: (task: TaskSeen) => boolean,
): Promise<TaskSeen[]> {
  for (;;) {
    const tasks = await look();
    const stuck = tasks.find(({ status }) => status.label === "Action required");
    if (stuck) throw new Error(`${stuck.name}: ${stuck.status.detail}`);
    if (tasks.every(isReached)) return tasks;
    await systemClock.sleep(lookEveryMs);
  }
}

function openBucket({ objectStore }: CredentialsFile): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = objectStore;
  const credentials = { accessKeyId, secretAccessKey };
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials });
}
