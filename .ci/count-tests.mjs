/**
 * Totals from the reports of the test runners. A test that did not run has neither passed nor failed
 * (`notRun`; `.ci/test.mjs` decides what that means), and a runner that failed without naming a
 * failed test counts as one failure.
 */

/** From Vitest's JSON report; null when there is none, because the runner crashed. */
export function countVitest(report, exitCode) {
  if (report === null) return { passed: 0, failed: 1, notRun: 0 };
  const total = { passed: 0, failed: 0, notRun: 0 };
  for (const { status, assertionResults } of report.testResults) {
    const count = (state) => assertionResults.filter((test) => test.status === state).length;
    const [passed, failed] = [count("passed"), count("failed")];
    total.passed += passed;
    // A file that could not be loaded has no tests, and a failed hook fails none of them.
    total.failed += failed === 0 && status === "failed" ? 1 : failed;
    total.notRun += assertionResults.length - passed - failed;
  }
  return atLeastOneFailure(total, exitCode);
}

/** From Playwright's JSON report; null when there is none. */
export function countPlaywright(report, exitCode) {
  if (report === null) return { passed: 0, failed: 1, notRun: 0 };
  const { expected, unexpected, flaky, skipped } = report.stats;
  const total = { passed: expected, failed: unexpected + flaky, notRun: skipped };
  return atLeastOneFailure(total, exitCode);
}

/** A check says yes or no. */
export function countCheck(exitCode) {
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, notRun: 0 };
}

/** Where everything has to run, a test that did not run is a failure. */
export function sumTotals(totals, { everythingHasToRun }) {
  const sum = (name) => totals.reduce((sofar, total) => sofar + total[name], 0);
  const failed = sum("failed") + (everythingHasToRun ? sum("notRun") : 0);
  return { passed: sum("passed"), failed };
}

/** No test at all is a failure too: a pattern that matches nothing must not look green. */
function atLeastOneFailure(total, exitCode) {
  const isEmpty = total.passed + total.failed + total.notRun === 0;
  const hidesFailure = exitCode !== 0 && total.failed === 0;
  return isEmpty || hidesFailure ? { ...total, failed: 1 } : total;
}
