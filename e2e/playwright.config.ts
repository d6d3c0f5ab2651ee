import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defineConfig } from "@playwright/test";
import { findBrowser } from "./support/installed-browser";

/**
 * One Culvert for the whole run, started the way people start it: in a home of its own, on free
 * ports. Where everything is stands in that home's credentials.json (support/culvert.ts).
 */
const home = process.env.CULVERT_E2E_HOME ?? makeHome();

/** Workers load this file too and find the variable, so one home is made per run. */
function makeHome(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "culvert-e2e-"));
  // PostgreSQL does not run as root; the account it gets instead has to pass through here.
  chmodSync(directory, 0o711);
  process.env.CULVERT_E2E_HOME = directory;
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const executablePath = findBrowser()?.executablePath ?? null;
const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: ".",
  outputDir: "../test-results",
  forbidOnly: process.env.CI !== undefined,
  retries: 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    // The name is what a test looks at; its address is in the fixture `culvert`.
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      ...(executablePath !== null && { executablePath }),
      args: ["--disable-gpu", ...(isRoot ? ["--no-sandbox"] : [])],
    },
  },
  projects: [
    { name: "pipeline", testMatch: "pipeline/**/*.spec.ts" },
    { name: "console", testMatch: "console/**/*.spec.ts" },
  ],
  webServer: {
    command: "node workers/local/start.mjs",
    cwd: "..",
    env: {
      ...definedEnv(),
      CULVERT_HOME: home,
      PORT: "0",
      TABLESTORE_PORT: "0",
      OBJECT_STORE_PORT: "0",
      LOG_LEVEL: "warn",
      // The tests themselves keep the machine busy, and merges would wait for the end of them.
      CULVERT_MERGE_LOAD_MAX: "1000",
    },
    wait: { stdout: /Console +(?<culvert_e2e_console>http:\S+)/ },
    stdout: "pipe",
    // A clone where nothing is built yet installs and builds first.
    timeout: 300_000,
    gracefulShutdown: { signal: "SIGTERM", timeout: 30_000 },
  },
});

function definedEnv(): Record<string, string> {
  const set = Object.entries(process.env).filter((entry): entry is [string, string] => !!entry[1]);
  return Object.fromEntries(set);
}
