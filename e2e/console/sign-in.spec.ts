import { expect } from "@playwright/test";
import { test } from "../support/fixtures";

test("a wrong password is refused in words, the right one leads to where the person was going", async ({
  page,
  culvert,
}) => {
  await page.goto("/destinations");
  await expect(page).toHaveURL(/\/sign-in/);
  await page.getByLabel("Email").fill(culvert.console.email);
  await page.getByLabel("Password").fill("not-the-password");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "is not right" })).toBeVisible();
  await page.getByLabel("Password").fill(culvert.console.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Delivery tasks");
  await expect(page.getByText(culvert.console.email)).toBeVisible();
});

test("who signs out is out: the session's cookie opens nothing any more", async ({
  page,
  culvert,
}) => {
  // A session of its own: the others' is shared.
  await page.goto("/sign-in");
  await page.getByLabel("Email").fill(culvert.console.email);
  await page.getByLabel("Password").fill(culvert.console.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Delivery tasks");
  const cookies = await page.context().cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Password")).toBeVisible();
  await page.context().addCookies(cookies);
  await page.goto("/tasks");
  await expect(page).toHaveURL(/\/sign-in/);
});

test("an address of elsewhere in the sign-in's link is not where a sign-in ends", async ({
  page,
  culvert,
}) => {
  await page.goto("/sign-in?next=//example.com/steal");
  await page.getByLabel("Email").fill(culvert.console.email);
  await page.getByLabel("Password").fill(culvert.console.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Delivery tasks");
  expect(new URL(page.url()).origin).toBe(new URL(culvert.console.endpoint).origin);
});
