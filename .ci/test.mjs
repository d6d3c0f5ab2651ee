/**
 * `npm test`: installs what is missing, runs every suite and ends with the true total of all of
 * them, alone on the last line. Plain Node, so that it runs in a clone where nothing is installed.
 *
 *   npm test                  everything
 *   npm test -- unit e2e      some suites, by name
 */
import { appendFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "../workers/local/prepare.mjs";
import { sumTotals } from "./count-tests.mjs";
import { ensureBrowser } from "./ensure-browser.mjs";
import { interopSuite, runSuite, suites } from "./suites.mjs";

const root = path.dirname(fileURLToPath(new URL(".", import.meta.url)));
const say = (line) => console.log(line);
const asked = process.argv.slice(2);
const all = [...suites, interopSuite];
const unknown = asked.filter((name) => !all.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`No suite ${unknown[0]}. There are: ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const wanted = asked.length === 0 ? suites : all.filter(({ name }) => asked.includes(name));

const outcomes = [];
await attempt("preparation", () => prepare(root, say));
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
if (wanted.some(({ name }) => name === "e2e")) {
  await attempt("browser", async () => {
    Object.assign(env, await ensureBrowser(root, say));
  });
}
for (const suite of wanted) {
  say(`\n── ${suite.name}`);
  outcomes.push({ name: suite.name, ...(await runSuite(suite, root, env)) });
}

say("");
// A developer's machine may lack what some tests need; the machine that decides must have it all.
const everythingHasToRun = process.env.CI === "true";
for (const { name, passed, failed, notRun, failures } of outcomes) {
  const isGood = failed === 0 && !(everythingHasToRun && notRun > 0);
  const rest = notRun > 0 ? `, ${notRun} not run` : "";
  say(`${isGood ? "ok    " : "FAILED"} ${name}: ${passed} passed, ${failed} failed${rest}`);
  for (const failure of failures) sayFailure(`  ${failure.replaceAll("\n", "\n  ")}`);
}
const total = sumTotals(outcomes, { everythingHasToRun });
const line = `${total.passed} passed, ${total.failed} failed`;
// .ci/run adds several totals up and must not have to read them out of a stream of output.
if (process.env.CULVERT_TOTALS_FILE) appendFileSync(process.env.CULVERT_TOTALS_FILE, `${line}\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
say(line);

/** What is needed before the suites: it counts only when it fails, and the suites run all the same. */
async function attempt(name, work) {
  try {
    await work();
  } catch (error) {
    say(`\n── ${name}\n${error instanceof Error ? error.message : String(error)}`);
    outcomes.push({ name, passed: 0, failed: 1, notRun: 0, failures: [] });
  }
}

function sayFailure(text) {
  say(text);
  if (process.env.CULVERT_FAILURES_FILE) {
    appendFileSync(process.env.CULVERT_FAILURES_FILE, `${text}\n`);
  }
}
