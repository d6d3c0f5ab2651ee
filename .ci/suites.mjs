/** What `npm test` runs, in this order: cheap and telling first. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { countCheck, countPlaywright, countVitest } from "./count-tests.mjs";
import { failuresOfPlaywright, failuresOfVitest } from "./name-failures.mjs";

const check = (name, script, ...args) => ({
  name,
  args: [path.join("node_modules", script), ...args],
  count: countCheck,
});

const vitest = (name, ...args) => ({
  name,
  args: ["node_modules/vitest/vitest.mjs", "run", "--project", name, "--reporter=default", ...args],
  reportArgs: (file) => ["--reporter=json", `--outputFile.json=${file}`],
  count: (exitCode, report) => countVitest(report, exitCode),
  nameFailures: failuresOfVitest,
});

export const suites = [
  check("biome", "@biomejs/biome/bin/biome", "ci", "."),
  check("tsc", "typescript/bin/tsc"),
  check("tsc of lib/core", "typescript/bin/tsc", "-p", "lib/core"),
  check(
    "depcruise",
    "dependency-cruiser/bin/dependency-cruise.mjs",
    ...["app", "lib", "workers", "e2e", "bench"],
  ),
  check("knip", "knip/bin/knip.js"),
  vitest("unit"),
  vitest("integration"),
  {
    name: "e2e",
    args: ["node_modules/@playwright/test/cli.js", "test", "-c", "e2e/playwright.config.ts"],
    reportArgs: () => ["--reporter=list,json"],
    reportEnv: (file) => ({ PLAYWRIGHT_JSON_OUTPUT_FILE: file }),
    count: (exitCode, report) => countPlaywright(report, exitCode),
    nameFailures: failuresOfPlaywright,
  },
];

/** Programs that are not ours, some of them from other registries: only `.ci/run` asks for it. */
export const interopSuite = vitest("interop");

/** Runs one suite with its output streamed; resolves with its total and what failed. */
export async function runSuite(suite, root, env) {
  const directory = mkdtempSync(path.join(tmpdir(), "culvert-report-"));
  const file = path.join(directory, "report.json");
  try {
    const args = [...suite.args, ...(suite.reportArgs?.(file) ?? [])];
    const exitCode = await run(root, args, { ...env, ...suite.reportEnv?.(file) });
    const report = readReport(file);
    const failures = suite.nameFailures?.(report) ?? [];
    return { ...suite.count(exitCode, report), failures };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(root, args, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", (error) => {
      console.log(error.message);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

function readReport(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // Cut off in the middle: the runner crashed.
    return null;
  }
}
