import { execFile } from "node:child_process";
import path from "node:path";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { type APIRequestContext, expect } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { test } from "../support/fixtures";
import { listKeys } from "../support/objects";
import { createTestTable, int64 } from "../support/tables";
import { createTask, waitForRecords } from "../support/tasks";
import { unique } from "../support/unique";

const arrives = { timeout: 40_000 };
const root = path.resolve(import.meta.dirname, "../..");

/** The documented command as a script runs it: its exit code, and what it prints. */
function runVerify(...args: string[]): Promise<{ code: number; output: string }> {
  const program = ["--import", "tsx", "workers/local/verify.ts", ...args];
  const env = { ...process.env, CULVERT_HOME: process.env.CULVERT_E2E_HOME };
  return new Promise((resolve) => {
    execFile(process.execPath, program, { cwd: root, env }, (error, output) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output }),
    );
  });
}

/** Everything is published, and the tunnel knows. */
async function waitForAck(api: APIRequestContext, name: string): Promise<void> {
  const isAcked = async () => {
    const answer = await api.get(`/api/v1/tasks/${name}/channels`);
    const { items } = (await answer.json()) as {
      items: { batchNumber: number; ackedBatchNumber: number }[];
    };
    return items.every(({ batchNumber, ackedBatchNumber }) => batchNumber === ackedBatchNumber);
  };
  await expect.poll(isAcked, arrives).toBe(true);
}

test("an object that somebody deleted is named, delivered again on a click, and the terminal agrees", async ({
  signedIn: page,
  api,
  s3,
  tablestore,
}) => {
  test.slow();
  const name = unique("verify");
  const table = await createTestTable(tablestore, name.replace("-", "_"));
  const prefix = `ui/${name}`;
  await createTask(api, { name, table: table.name, prefix, mode: "incremental" });
  for (const id of ["one", "two", "three"]) await table.put(id, { n: int64(1) });
  await waitForRecords(api, name, 3);
  await waitForAck(api, name);
  const delivered = await listKeys(s3, bucketName, `${prefix}/`);
  const [Key = ""] = delivered;

  await page.goto(`/tasks/${name}`);
  await page.getByRole("tab", { name: "Verify" }).click();
  await expect(page.getByText("Not verified yet")).toBeVisible();
  await page.getByRole("button", { name: "Verify" }).click();
  await expect(page.getByText("The bucket holds what the ledger says")).toBeVisible(arrives);

  const stray = `${prefix}/notes.txt`;
  await s3.send(new DeleteObjectCommand({ Bucket: bucketName, Key }));
  await s3.send(new PutObjectCommand({ Bucket: bucketName, Key: stray, Body: "not ours" }));
  await page.getByRole("button", { name: "Verify" }).click();
  await expect(page.getByText("The bucket differs from the ledger")).toBeVisible(arrives);
  await expect(page.getByRole("row", { name: "missing" })).toContainText(Key);
  await expect(page.getByRole("row", { name: "foreign" })).toContainText(stray);
  const differing = await runVerify(name);
  expect(differing.code).toBe(1);
  expect(differing.output).toContain(Key);

  await s3.send(new DeleteObjectCommand({ Bucket: bucketName, Key: stray }));
  await page.getByRole("button", { name: "Deliver again what is missing" }).click();
  await expect(page.getByText(/^1 object with \d rows? delivered again$/)).toBeVisible(arrives);
  await expect(page.getByText("The bucket holds what the ledger says")).toBeVisible();
  expect(await listKeys(s3, bucketName, `${prefix}/`)).toEqual(delivered);
  const clean = await runVerify(name, "--deep", "--json");
  expect(clean.code).toBe(0);
  expect(JSON.parse(clean.output)).toMatchObject({
    clean: true,
    report: { counts: { missing: 0 } },
  });
  expect((await runVerify("no-such-task")).code).toBe(2);
});
