import { mkdirSync } from "node:fs";
import path from "node:path";
import { expect, type Page, type Route } from "@playwright/test";
import { test } from "../support/fixtures";
import { auditPage } from "../support/page-audit";
import { type Answers, noConnection, Refusal, silence } from "./scene";
import { scenesByPlace } from "./scenes";

/**
 * Every page and dialog in its empty, loading, failing and full states, with the API's answers
 * written down in scenes.ts. Set CULVERT_SCREENSHOTS to a folder to get pictures of them all.
 */
const folder = process.env.CULVERT_SCREENSHOTS;
const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
/** What browsers say by themselves about the answers that a scene asks for. */
const expectedNoise = /Failed to load resource/;

// A trace of a hundred pages costs more than the pages; a failure has its picture and names its scene.
test.use({ trace: "off" });

for (const [place, scenes] of Object.entries(scenesByPlace)) {
  test(`${place}: every state fits desk and phone, has contrast in both themes, names every control`, async ({
    signedIn: page,
  }) => {
    test.slow();
    const said = listen(page);
    let answers: Answers = {};
    await page.route("**/api/v1/**", (route) => answer(route, answers));
    for (const scene of scenes) {
      await test.step(scene.name, async () => {
        await page.setViewportSize(desk);
        answers = scene.answers;
        await page.goto(scene.path);
        await scene.act?.(page);
        await expect(page.getByText(scene.shows).filter({ visible: true }).first()).toBeVisible();
        await lookAt(page, scene.name);
        expect.soft(said.splice(0), `${scene.name}: the browser's console`).toEqual([]);
      });
    }
  });
}

test("sign-in: fits desk and phone, has contrast in both themes, names every control", async ({
  page,
}) => {
  const said = listen(page);
  await page.goto("/sign-in");
  await expect(page.getByLabel("Email")).toBeFocused();
  await page.getByLabel("Email").fill("nobody@example.com");
  await page.getByLabel("Password").fill("not-the-password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "not right" })).toBeVisible();
  await lookAt(page, "sign-in");
  expect(said).toEqual([]);
});

test("the audit finds what it is there to find", async ({ page }) => {
  await page.setContent(`<title>t</title><body style="margin:0;background:oklch(0.985 0.003 220)">
    <main><h1 style="color:oklch(0.7 0.02 230)">Faint</h1><h1 id="a">Second</h1>
    <p id="a" style="color:#767676">just not enough on this ground</p>
    <button><svg></svg></button><div style="width:3000px">wide</div></main>`);
  const faults = await auditPage(page);
  expect(faults).toEqual([
    expect.stringMatching(/^the page is \d+px wider than the window: <div style="width:3000px">/),
    "2 h1 on the page",
    "two elements have the id a",
    "no name: <button><svg></svg></button>",
    expect.stringMatching(/^contrast 2\.\d\d: “Faint”$/),
    expect.stringMatching(/^contrast 4\.\d\d: “just not enough/),
  ]);
});

/** The page as it stands, at both sizes and in both themes. */
async function lookAt(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries({ desk, phone })) {
    await page.setViewportSize(viewport);
    for (const theme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await expect(page.locator(`html[data-theme=${theme}]`)).toHaveCount(1);
      await settle(page);
      await takePicture(page, `${name}-${size}-${theme}`);
      expect.soft(await auditPage(page), `${name}: ${size}, ${theme}`).toEqual([]);
    }
  }
}

/** What the page complains of while the scene runs. */
function listen(page: Page): string[] {
  const said: string[] = [];
  page.on("console", (message) => {
    const isTrouble = message.type() === "error" || message.type() === "warning";
    if (isTrouble && !expectedNoise.test(message.text())) said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(error.message));
  return said;
}

async function answer(route: Route, answers: Answers): Promise<void> {
  const { pathname } = new URL(route.request().url());
  const place = pathname.slice("/api/v1".length);
  const method = route.request().method();
  const found = answers[`${method} ${place}`] ?? (method === "GET" ? answers[place] : undefined);
  if (found === silence) return;
  if (found === noConnection) return route.abort();
  if (found === undefined) throw new Error(`No answer for ${method} ${place} in this scene`);
  if (found instanceof Refusal) {
    return route.fulfill({ status: found.problem.status, json: found.problem });
  }
  return route.fulfill({ json: found });
}

/** Transitions over: a colour on its way would be measured, and photographed, halfway. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const ending = document
      .getAnimations()
      .filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
}

async function takePicture(page: Page, name: string): Promise<void> {
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const isModal = (await page.getByRole("dialog").count()) > 0;
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: !isModal });
}
