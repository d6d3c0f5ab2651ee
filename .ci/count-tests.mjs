/**
 * Totals from the reports of the test runners. A test that did not run has not passed: skipped ones
 * count as failed, and a runner that failed without naming a failed test counts as one.
 */

/** From Vitest's JSON report; null when there is none, because the runner crashed. */
export function countVitest(report, exitCode) {
  if (report === null) return { passed: 0, failed: 1 };
  const total = { passed: 0, failed: 0 };
  for (const file of report.testResults) {
    const passed = file.assertionResults.filter((test) => test.status === "passed").length;
    const others = file.assertionResults.length - passed;
    total.passed += passed;
    // A file that could not be loaded has no tests, and a failed hook fails none of them.
    total.failed += others === 0 && file.status === "failed" ? 1 : others;
  }
  return atLeastOneFailure(total, exitCode);
}

/** From Playwright's JSON report; null when there is none. */
export function countPlaywright(report, exitCode) {
  if (report === null) return { passed: 0, failed: 1 };
  const { expected, unexpected, flaky, skipped } = report.stats;
  return atLeastOneFailure({ passed: expected, failed: unexpected + flaky + skipped }, exitCode);
}

/** A check says yes or no. */
export function countCheck(exitCode) {
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

export function sumTotals(totals) {
  return totals.reduce(
    (sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }),
    { passed: 0, failed: 0 },
  );
}

/** No test at all is a failure too: a pattern that matches nothing must not look green. */
function atLeastOneFailure(total, exitCode) {
  const isEmpty = total.passed + total.failed === 0;
  const hidesFailure = exitCode !== 0 && total.failed === 0;
  return isEmpty || hidesFailure ? { ...total, failed: 1 } : total;
}
