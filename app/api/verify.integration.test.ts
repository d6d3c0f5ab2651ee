import { beforeAll, describe, expect, it } from "vitest";
import { verifyRunSchema, verifyStateSchema } from "@/lib/contracts/verify-run";
import { VerifyTally } from "@/lib/core/verify-report";
import { createLedger } from "@/lib/db/ledger";
import { seedTask } from "@/lib/db/testing/seed";
import { createVerifyLedger } from "@/lib/db/verify-ledger";
import { callRoute } from "./testing/call-route";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
const workerId = "worker-1";

const call = (method: string, path: string, body?: unknown) =>
  callRoute(method, `/api/v1${path}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

const newest = async () =>
  verifyStateSchema.parse((await call("GET", "/tasks/checked/verify")).body).run;

beforeAll(async () => {
  const { database } = installation().services;
  await seedTask(database, { name: "checked" });
  await createLedger(database, { host: "test" }).renewWorker({ workerId, leaseMs: 60_000 });
});

describe("verifying a task", () => {
  it("is nothing until somebody asks, and then waits for a worker", async () => {
    expect(await newest()).toBe(null);
    const asked = await call("POST", "/tasks/checked/verify", { redeliver: true });
    expect(asked.status).toBe(201);
    const run = verifyRunSchema.parse(asked.body);
    expect(run).toMatchObject({
      ...{ state: "waiting", deep: false, redeliver: true, reason: "asked" },
      ...{ clean: null, report: null, error: null },
    });
    expect((await newest())?.id).toBe(run.id);
  });

  it("gives whoever asks the same again the same run, and another for other words", async () => {
    const one = await call("POST", "/tasks/checked/verify", { redeliver: true });
    const same = await call("POST", "/tasks/checked/verify", { redeliver: true });
    const deep = await call("POST", "/tasks/checked/verify", { redeliver: true, deep: true });
    expect(same.body.id).toBe(one.body.id);
    expect(deep.body.id).not.toBe(one.body.id);
  });

  it("shows the run of a worker, its report and whether all is clean", async () => {
    const { database } = installation().services;
    const ledger = createVerifyLedger(database);
    const run = await ledger.claimRun(workerId);
    if (!run) throw new Error("There is a run to claim");
    expect(await ledger.saveProgress(run, 1_200)).toBe(true);
    const running = await call("GET", `/tasks/checked/verify?run=${run.runId}`);
    expect(running.body.run).toMatchObject({ state: "running", objectsChecked: 1_200 });
    const tally = new VerifyTally();
    tally.addForeign({ key: "orders/x", sizeBytes: 3, etag: "e" });
    tally.add({ kind: "gap", channelId: "c", lane: 0, batchNumber: 4, what: "range" });
    const { counts, findings } = tally;
    const lost = { lostRanges: 1, lostObjects: 2, lostRows: 9 };
    const range = { channelId: "c", lane: 0, fromBatch: 1, toBatch: 2, objects: 2, rows: 9 };
    await ledger.finishRun(run, {
      ...{ bucket: "culvert-demo", folders: ["orders/"], deep: false, counts, findings },
      redelivery: {
        ...{ objects: 3, rows: 30, fullScan: false, ...lost },
        lost: [{ ...range, because: "trimmed" }],
      },
    });
    const { body } = await call("GET", `/tasks/checked/verify?run=${run.runId}`);
    expect(verifyStateSchema.parse(body).run).toMatchObject({
      ...{ state: "finished", clean: false, error: null },
      report: {
        counts: { foreign: 1, gap: 1, missing: 0 },
        redelivery: { objects: 3, lostRows: 9, lost: [{ because: "trimmed" }] },
      },
    });
    expect(await ledger.saveProgress(run, 9), "it is over").toBe(false);
  });

  it("says why a run ended without a report, and why one is tried again", async () => {
    const ledger = createVerifyLedger(installation().services.database);
    const run = await ledger.claimRun(workerId);
    if (!run) throw new Error("There is a run to claim");
    const details = { bucket: "culvert-demo" };
    const error = { code: "destination.bucket_missing", details, attempt: 1 } as const;
    await ledger.postponeRun(run, { ...error, nextTryAt: null }, 60_000);
    const waiting = await call("GET", `/tasks/checked/verify?run=${run.runId}`);
    expect(waiting.body.run).toMatchObject({
      ...{ state: "waiting", nextTryAt: expect.any(String) },
      error: { documentedName: "InvalidOssBucket" },
    });
    const { database } = installation().services;
    await database.prisma.verifyRun.update({
      where: { id: run.runId },
      data: { nextTryAt: null },
    });
    const again = await ledger.claimRun(workerId);
    if (!again) throw new Error("It is due");
    expect(again).toMatchObject({ runId: run.runId, attempt: 2, epoch: run.epoch + 1 });
    await ledger.failRun(again, { ...error, nextTryAt: null });
    const failed = await call("GET", `/tasks/checked/verify?run=${run.runId}`);
    expect(failed.body.run).toMatchObject({ state: "failed", clean: null, nextTryAt: null });
    expect(failed.body.run.error.nextStep).toContain("Create the bucket");
  });

  it("refuses what it cannot mean", async () => {
    expect((await call("POST", "/tasks/nobody/verify", {})).status).toBe(404);
    expect((await call("GET", "/tasks/nobody/verify")).status).toBe(404);
    const odd = await call("POST", "/tasks/checked/verify", { deep: "very", fast: true });
    expect(odd.status).toBe(422);
    const unknown = "00000000-0000-4000-8000-000000000000";
    expect((await call("GET", `/tasks/checked/verify?run=${unknown}`)).status).toBe(404);
    expect((await call("GET", "/tasks/checked/verify?run=latest")).status).toBe(422);
    const anonymous = await callRoute("POST", "/api/v1/tasks/checked/verify", { body: {} });
    expect(anonymous.status).toBe(401);
  });
});
