import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoredTask } from "@/lib/db/tasks";
import { withDatabase } from "@/lib/db/testing/test-database";
import { decryptSecret } from "@/lib/platform/secret";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { type Rig, startRig } from "./testing/delivery-rig";
import { expectMended, waitForError } from "./testing/expect-mended";
import {
  baseIds,
  createFilledTable,
  createProxiedDestination,
  moreIds,
  rowsOf,
} from "./testing/faulty-places";
import { type InProcessWorker, startInProcessWorker } from "./testing/in-process-worker";
import type { HttpFault, HttpJudge, HttpProxy } from "./testing/proxy/http-proxy";
import { s3Answer } from "./testing/proxy/provider-answers";
import { firstTimes, s3Operation } from "./testing/proxy/requests";
import { openRawBucket } from "./testing/raw-bucket";
import { viewTask, write } from "./testing/task-facts";
import { waitUntil } from "./testing/wait-until";

/** A client's time-out as short as a test likes; delivery's own is half a minute. */
const requestTimeoutMs = 1_500;

const given = withDatabase();
let rig: Rig;
let worker: InProcessWorker;
/** Tasks of which any command failed. */
const failing = new Set<string>();

beforeAll(async () => {
  rig = await startRig({ database: given.database(), url: given.url() });
  const { connections, database, secretKey } = rig;
  const openStore: typeof connections.openStore = ({ secret, endpoint, ...destination }) =>
    createS3ObjectStore({
      ...destination,
      ...{ endpoint: endpoint ?? undefined, requestTimeoutMs },
      secretAccessKey: decryptSecret(secret, secretKey),
    });
  worker = startInProcessWorker(
    { database, connections: { ...connections, openStore } },
    { events: { commandFailed: ({ task }) => void failing.add(task) } },
  );
});
afterAll(async () => {
  await worker.stop();
  await rig.close();
});

type Faulty = { readonly task: StoredTask; readonly proxy: HttpProxy };

/** A differential task into a bucket of its own; requests about its objects are judged from the start. */
async function createFaulty(name: string, judge: HttpJudge): Promise<Faulty> {
  const table = await createFilledTable(rig, name);
  const proxy = await createProxiedDestination(rig, name);
  // The task's creation looks at the bucket too, and has to find it well.
  const isItsObject = ({ url }: Parameters<HttpJudge>[0]) =>
    `${url.pathname}${url.search}`.includes(`${name}_`);
  proxy.judge((request) => (isItsObject(request) ? judge(request) : null));
  const task = await rig.createTask({ name, table, mode: "differential", destinationId: name });
  return { task, proxy };
}

async function expectAllMended({ task, proxy }: Faulty): Promise<void> {
  await expectMended(rig, task, [...baseIds, ...moreIds]);
  await proxy.close();
}

const writeMore = (task: StoredTask) => write(rig, task.settings.table, rowsOf("more-", 20));

type Case = {
  readonly name: string;
  readonly code: string;
  readonly fault: "user" | "transient";
  readonly documentedName?: string;
  /** What the error names as its cause. */
  readonly says: string | RegExp;
  readonly failure: HttpFault;
};

const cases: readonly Case[] = [
  {
    ...{ name: "slow-down", code: "destination.unavailable", fault: "transient" },
    ...{ says: "SlowDown", failure: s3Answer(503, "SlowDown") },
  },
  {
    ...{ name: "resetting", code: "destination.unavailable", fault: "transient" },
    ...{ says: /ECONNRESET|EPIPE/, failure: { kind: "reset" } },
  },
  {
    ...{ name: "too-late", code: "destination.unavailable", fault: "transient" },
    ...{ says: /Timeout/, failure: { kind: "holdAnswer", ms: 2 * requestTimeoutMs } },
  },
  {
    ...{ name: "full", code: "destination.full", fault: "user" },
    ...{ says: "bucket full", failure: s3Answer(507, "InsufficientStorage") },
  },
  {
    ...{ name: "revoked", code: "destination.credentials_invalid", fault: "user" },
    ...{ documentedName: "UnAuthorized", says: "InvalidAccessKeyId" },
    failure: s3Answer(403, "InvalidAccessKeyId"),
  },
  {
    ...{ name: "denied", code: "destination.access_denied", fault: "user" },
    ...{ documentedName: "UnAuthorized", says: "CreateMultipartUpload" },
    failure: s3Answer(403, "AccessDenied"),
  },
];

describe.concurrent("a store", () => {
  it.each(cases)(
    "$code: $name, until somebody mends it",
    async ({ name, code, fault, documentedName, says, failure }) => {
      const faulty = await createFaulty(name, () => failure);
      const error = await waitForError(rig, faulty.task, code);
      expect(error).toMatchObject({ fault, documentedName: documentedName ?? null });
      expect(error.nextTryAt).not.toBeNull();
      expect(error.cause).toMatch(says);
      await writeMore(faulty.task);
      expect((await viewTask(rig, name)).account.records).toBe(0);
      faulty.proxy.judge(null);
      await expectAllMended(faulty);
    },
  );

  it("destination.unavailable: nobody listens, until somebody does", async () => {
    const faulty = await createFaulty("refused", () => null);
    await faulty.proxy.refuse();
    const error = await waitForError(rig, faulty.task, "destination.unavailable");
    expect(error.cause).toMatch(/ECONNREFUSED|ECONNRESET/);
    await writeMore(faulty.task);
    await faulty.proxy.accept();
    await expectAllMended(faulty);
  });

  it.each([
    { name: "lost-create", operation: "CreateMultipartUpload" },
    { name: "lost-part", operation: "UploadPart" },
    { name: "lost-complete", operation: "CompleteMultipartUpload" },
    { name: "lost-head", operation: "HeadObject" },
  ])(
    "$operation: done, but the answer lost, cut off, or later than the time-out: nothing is missed or doubled (D1)",
    async ({ name, operation }) => {
      const isMeant: Parameters<typeof firstTimes>[1] = (request) =>
        s3Operation(request) === operation;
      const faults = [
        firstTimes(2, isMeant, { kind: "loseAnswer" }),
        firstTimes(2, isMeant, { kind: "holdAnswer", ms: 2 * requestTimeoutMs }),
        firstTimes(2, isMeant, { kind: "cutAnswer" }),
      ];
      const faulty = await createFaulty(name, (request) => {
        for (const judge of faults) {
          const fault = judge(request);
          if (fault) return fault;
        }
        return null;
      });
      await writeMore(faulty.task);
      await expectMended(rig, faulty.task, [...baseIds, ...moreIds]);
      for (const kind of ["loseAnswer", "holdAnswer", "cutAnswer"] as const)
        expect(faulty.proxy.met.get(kind)).toBe(2);
      await faulty.proxy.close();
      if (operation === "CreateMultipartUpload") return;
      // An upload whose id nobody heard is left to the store's own rule; every other one is completed.
      const bucket = openRawBucket({ ...rig.storeConfig, bucket: name });
      await waitUntil("no open upload", async () => (await bucket.listUploads()).length === 0);
      bucket.close();
    },
  );

  it.each([
    { name: "late", fault: { kind: "delay", ms: 400 } },
    { name: "trickle", fault: { kind: "throttle", bytesPerSecond: 20_000 } },
  ] as const)("is slow ($name): takes its time, and nothing fails", async ({ name, fault }) => {
    const faulty = await createFaulty(name, () => fault);
    await writeMore(faulty.task);
    await expectAllMended(faulty);
    expect(faulty.proxy.met.get(fault.kind)).toBeGreaterThan(0);
    expect(failing).not.toContain(name);
  });
});
