import { afterAll, beforeAll, expect, it } from "vitest";
import { type VerifyRunView, verifyRunSchema, verifyStateSchema } from "@/lib/contracts/verify-run";
import type { ObjectStore } from "@/lib/core/ports/object-store";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { startInProcessVerifier } from "@/workers/delivery/testing/in-process-verifier";
import { waitUntil } from "@/workers/delivery/testing/wait-until";
import { callRoute } from "./testing/call-route";
import { withFinisher } from "./testing/finisher";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();
withFinisher(() => installation().services);

let store: ObjectStore;
let verifier: Awaited<ReturnType<typeof startInProcessVerifier>>;
beforeAll(async () => {
  const { credentials, services } = installation();
  store = createS3ObjectStore({
    ...{ ...credentials.objectStore, bucket: "culvert-demo", forcePathStyle: true },
  });
  verifier = await startInProcessVerifier(services);
});
afterAll(async () => {
  await verifier.stop();
  store.close();
});

const call = (method: string, path: string, body?: unknown, type?: string) =>
  callRoute(method, `/api/v1${path}`, {
    headers: {
      authorization: `Bearer ${installation().credentials.console.apiKey}`,
      ...(type ? { "content-type": type } : {}),
    },
    ...(body === undefined ? {} : { body }),
  });

async function createDataset(name: string): Promise<void> {
  const columns = [{ name: "id", type: "INT64" }];
  const body = { name, destinationId: "embedded", folder: `checked/${name}`, columns };
  expect((await call("POST", "/datasets", body)).status).toBe(201);
}

async function upload(name: string, csv: string, overwrite = false): Promise<void> {
  const begun = await call("POST", `/datasets/${name}/upload-sessions`, { overwrite });
  const session = `/datasets/${name}/upload-sessions/${begun.body.id}`;
  expect((await call("PUT", `${session}/blocks/0`, csv, "text/csv")).status).toBe(200);
  const committed = await call("POST", `${session}/commit`, { blocks: [0] });
  expect(committed.body.status).toBe("committed");
}

async function verify(name: string, body: object = {}): Promise<VerifyRunView> {
  const asked = await call("POST", `/datasets/${name}/verify`, body);
  const { id } = verifyRunSchema.parse(asked.body);
  return waitUntil(`the verification of ${name}`, async () => {
    const { run } = verifyStateSchema.parse(
      (await call("GET", `/datasets/${name}/verify?run=${id}`)).body,
    );
    return run?.finishedAt ? run : null;
  });
}

it("finds every object of a dataset as it was decided, also after an overwrite", async () => {
  await createDataset("whole");
  await upload("whole", "id\n1\n2\n3\n");
  await upload("whole", "id\n4\n5\n");
  const appended = await verify("whole", { deep: true });
  expect(appended).toMatchObject({ clean: true, report: { counts: { whole: 2, wholeRows: 5 } } });
  await upload("whole", "id\n6\n", true);
  const overwritten = await verify("whole");
  expect(overwritten).toMatchObject({
    clean: true,
    report: { counts: { whole: 1, wholeRows: 1, listed: 1, replaced: 2 }, redelivery: null },
  });
});

it("names what is missing, altered and foreign in it, and a commit that does not add up", async () => {
  await createDataset("broken");
  for (const id of [1, 2, 3]) await upload("broken", `id\n${id}\n`);
  const { objects } = await store.list({ prefix: "checked/broken/" });
  const [gone, changed] = objects.map(({ key }) => key);
  if (gone === undefined || changed === undefined) throw new Error("Three objects stand");
  await store.remove(gone);
  await replace(changed, "no longer Parquet");
  await replace("checked/broken/of-somebody-else", "x");
  const { prisma } = installation().services.database;
  await prisma.dataset.updateMany({ where: { name: "broken" }, data: { rows: 4n } });
  const { clean, report } = await verify("broken");
  expect(clean).toBe(false);
  expect(report?.counts).toMatchObject({
    ...{ missing: 1, altered: 1, foreign: 1, overlapping: 0, gap: 0, unbalanced: 1 },
    ...{ whole: 1, missingRows: 1 },
  });
  expect(report?.findings).toContainEqual({
    ...{ kind: "unbalanced", commit: null, saidRows: 4, saidObjects: 3, rows: 3, objects: 3 },
  });
});

it("is refused what only a task can mean, and what is no dataset", async () => {
  await createDataset("refused");
  expect((await call("POST", "/datasets/refused/verify", { redeliver: true })).status).toBe(422);
  expect((await call("POST", "/datasets/nobody/verify", {})).status).toBe(404);
  expect((await call("GET", "/datasets/nobody/verify")).status).toBe(404);
});

async function replace(key: string, text: string): Promise<void> {
  await store.remove(key);
  const uploadId = await store.createUpload({ key, metadata: {}, contentType: "text/plain" });
  const part = await store.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from(text) });
  await store.completeUpload({ key, uploadId, parts: [part] });
}
