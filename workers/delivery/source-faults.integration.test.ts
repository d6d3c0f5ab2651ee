import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { operations } from "@/lib/tablestore/operations";
import { type Rig, startRig } from "./testing/delivery-rig";
import { expectMended, waitForError } from "./testing/expect-mended";
import {
  baseIds,
  createFilledTable,
  createProxiedSource,
  moreIds,
  rowsOf,
} from "./testing/faulty-places";
import { type InProcessWorker, startInProcessWorker } from "./testing/in-process-worker";
import type { HttpFault, HttpProxy } from "./testing/proxy/http-proxy";
import { tablestoreAnswer } from "./testing/proxy/provider-answers";
import { firstTimes } from "./testing/proxy/requests";
import { viewTask, waitForRecords, write } from "./testing/task-facts";

const given = withDatabase();
let rig: Rig;
let worker: InProcessWorker;

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
  worker = startInProcessWorker(rig);
});
afterAll(async () => {
  await worker.stop();
  await rig.close();
});

type Faulty = { readonly task: StoredTask; readonly proxy: HttpProxy };

async function createFaulty(name: string): Promise<Faulty> {
  const table = await createFilledTable(rig, name);
  const proxy = await createProxiedSource(rig, name);
  const task = await rig.createTask({ name, table, mode: "differential", sourceId: name });
  return { task, proxy };
}

const writeMore = ({ task }: Faulty) => write(rig, task.settings.table, rowsOf("more-", 20));

async function expectAllMended({ task, proxy }: Faulty): Promise<void> {
  await expectMended(rig, task, [...baseIds, ...moreIds]);
  await proxy.close();
}

type Case = {
  readonly name: string;
  readonly code: string;
  readonly fault: "user" | "transient";
  readonly says: string | RegExp;
  readonly failure: HttpFault;
};

const cases: readonly Case[] = [
  {
    ...{ name: "busy", code: "source.unavailable", fault: "transient", says: "OTSServerBusy" },
    failure: tablestoreAnswer(503, "OTSServerBusy", "The server is busy."),
  },
  {
    ...{ name: "throttled", code: "source.unavailable", fault: "transient" },
    says: "OTSQuotaExhausted",
    failure: tablestoreAnswer(403, "OTSQuotaExhausted", "Too frequent table operations."),
  },
  {
    ...{ name: "resetting", code: "source.unavailable", fault: "transient" },
    ...{ says: /ECONNRESET|EPIPE/, failure: { kind: "reset" } },
  },
  {
    ...{ name: "revoked", code: "source.credentials_invalid", fault: "user" },
    ...{ says: "OTSAuthFailed", failure: tablestoreAnswer(403, "OTSAuthFailed", "Disabled key.") },
  },
  {
    ...{ name: "forbidden", code: "source.permission_denied", fault: "user" },
    says: "OTSNoPermissionAccess",
    failure: tablestoreAnswer(403, "OTSNoPermissionAccess", "Permission denied."),
  },
];

describe.concurrent("a source", () => {
  it.each(cases)("$code: $name, until it is over", async ({ name, code, fault, says, failure }) => {
    const faulty = await createFaulty(name);
    await waitForRecords(rig, faulty.task, baseIds.length);
    faulty.proxy.judge(() => failure);
    await faulty.proxy.settle();
    await writeMore(faulty);
    const error = await waitForError(rig, faulty.task, code);
    expect(error).toMatchObject({ fault, nextTryAt: expect.any(String) });
    expect(error.cause).toMatch(says);
    expect((await viewTask(rig, name)).account.records).toBe(baseIds.length);
    faulty.proxy.judge(null);
    await expectAllMended(faulty);
  });

  it.each([
    { name: "lost-connect", operation: "Connect" },
    { name: "lost-beat", operation: "Heartbeat" },
    { name: "lost-read", operation: "ReadRecords" },
    { name: "lost-ack", operation: "Checkpoint" },
  ] as const)(
    "$operation: done, but the answer lost or cut off: nothing is missed or doubled (D1, D3)",
    async ({ name, operation }) => {
      const { path } = operations[operation];
      const isMeant: Parameters<typeof firstTimes>[1] = ({ url }) => url.pathname === path;
      const lose = firstTimes(2, isMeant, { kind: "loseAnswer" });
      const cut = firstTimes(2, isMeant, { kind: "cutAnswer" });
      const table = await createFilledTable(rig, name);
      const proxy = await createProxiedSource(rig, name);
      proxy.judge((request) => lose(request) ?? cut(request));
      const task = await rig.createTask({ name, table, mode: "differential", sourceId: name });
      await writeMore({ task, proxy });
      await expectMended(rig, task, [...baseIds, ...moreIds]);
      expect([proxy.met.get("loseAnswer"), proxy.met.get("cutAnswer")]).toEqual([2, 2]);
      await proxy.close();
    },
  );
});
