import { expect, it } from "vitest";
import { mergePageSchema } from "@/lib/contracts/merge-body";
import { verifyStateSchema } from "@/lib/contracts/verify-run";
import { waitUntil } from "@/workers/delivery/testing/wait-until";
import { spawnWorker } from "@/workers/delivery/testing/worker-process";
import { callRoute } from "./testing/call-route";
import { withInstallation } from "./testing/installation";
import { uploadRows } from "./testing/upload-services";

const installation = withInstallation();
const call = (method: string, where: string, body?: unknown) =>
  callRoute(method, `/api/v1${where}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

it("a delivery worker publishes, merges, removes and verifies by itself, and stops when it is asked", async () => {
  const { services } = installation();
  const worker = spawnWorker({
    DATABASE_URL: services.env.DATABASE_URL,
    CULVERT_SECRET_KEY: services.env.CULVERT_SECRET_KEY,
    CULVERT_HOME: services.home,
    // The machine is busy with other tests.
    CULVERT_MERGE_LOAD_MAX: "1000000",
  });
  try {
    const dataset = { name: "by-itself", destinationId: "embedded", folder: "by-itself" };
    const columns = [{ name: "id", type: "INT64" }];
    expect((await call("POST", "/datasets", { ...dataset, columns })).status).toBe(201);
    const settings = { objectsMin: 3, originals: "remove", graceSeconds: 0 };
    expect((await call("PUT", "/datasets/by-itself/merge-settings", settings)).status).toBe(200);
    const blocks = [1, 2, 3].map((id) => [{ id }]);
    expect((await uploadRows(services, "by-itself", { blocks })).status).toBe("committed");
    await waitUntil("the originals are removed", async () => {
      const { body } = await call("GET", "/datasets/by-itself/merges");
      return mergePageSchema.parse(body).items[0]?.originalsRemovedAt != null;
    });
    expect((await call("POST", "/datasets/by-itself/verify", {})).status).toBe(201);
    const report = await waitUntil("the dataset is verified", async () => {
      const { body } = await call("GET", "/datasets/by-itself/verify");
      const { run } = verifyStateSchema.parse(body);
      return run?.finishedAt ? run : null;
    });
    expect([report.error, report.report?.findings, report.clean]).toEqual([null, [], true]);
  } finally {
    worker.kill("SIGTERM");
  }
  expect(await worker.ended).toBe(0);
});
