import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { expect } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { test } from "../support/fixtures";

test("health answers 200 without a key, and names every part", async ({ request }) => {
  const response = await request.get("/api/v1/health");
  expect(response.status()).toBe(200);
  const health = (await response.json()) as { ok: boolean; parts: { name: string; ok: boolean }[] };
  expect(health.ok).toBe(true);
  expect(health.parts.map(({ name }) => name).sort()).toEqual([
    "bootstrap",
    "credentials",
    "database",
    "delivery_worker",
    "object_store",
    "tablestore",
  ]);
  expect(health.parts.filter((part) => !part.ok)).toEqual([]);
});

test("everything else needs a key", async ({ request, api }) => {
  expect((await request.get("/api/v1/tasks")).status()).toBe(401);
  expect((await api.get("/api/v1/tasks")).status()).toBe(200);
});

test("the first start has made the embedded source and destination", async ({ api }) => {
  for (const list of ["sources", "destinations"]) {
    const page = (await (await api.get(`/api/v1/${list}`)).json()) as { items: { id: string }[] };
    expect(page.items.map(({ id }) => id)).toContain("embedded");
  }
});

test("the SDKs reach the bucket and the table store with the keys of the credentials file", async ({
  s3,
  tablestore,
}) => {
  await s3.send(new HeadBucketCommand({ Bucket: bucketName }));
  expect((await tablestore.listTable({})).tableNames).toBeDefined();
});

test("who opens the console without a session is asked to sign in", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByLabel("Email")).toBeVisible();
});
