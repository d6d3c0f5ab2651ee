import { expect, test } from "vitest";
import { countPlaywright, countVitest, sumTotals } from "./count-tests.mjs";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((state) => ({ status: state })),
});

test("every test of every file is counted", () => {
  const report = { testResults: [file("passed", "passed", "passed"), file("failed", "failed")] };
  expect(countVitest(report, 1)).toEqual({ passed: 2, failed: 1, notRun: 0 });
});

test("a test that did not run has not passed, and fails where everything has to run", () => {
  const report = { testResults: [file("passed", "passed", "skipped", "todo", "pending")] };
  const unit = countVitest(report, 0);
  expect(unit).toEqual({ passed: 1, failed: 0, notRun: 3 });
  const stats = { expected: 2, unexpected: 0, flaky: 1, skipped: 2 };
  const e2e = countPlaywright({ stats }, 0);
  expect(e2e).toEqual({ passed: 2, failed: 1, notRun: 2 });
  expect(sumTotals([unit, e2e], { everythingHasToRun: true })).toEqual({ passed: 3, failed: 6 });
  expect(sumTotals([unit, e2e], { everythingHasToRun: false })).toEqual({ passed: 3, failed: 1 });
});

test("a file that could not be loaded counts as one failure", () => {
  const report = { testResults: [file("failed"), file("passed", "passed")] };
  expect(countVitest(report, 1)).toEqual({ passed: 1, failed: 1, notRun: 0 });
});

test("a runner that failed without naming a failed test counts as one failure", () => {
  const report = { testResults: [file("passed", "passed")] };
  expect(countVitest(report, 1)).toEqual({ passed: 1, failed: 1, notRun: 0 });
  const stats = { expected: 3, unexpected: 0, flaky: 0, skipped: 0 };
  expect(countPlaywright({ stats }, 1)).toEqual({ passed: 3, failed: 1, notRun: 0 });
});

test("a runner that left no report, or that found no test, counts as one failure", () => {
  const crashed = { passed: 0, failed: 1, notRun: 0 };
  expect(countVitest(null, 0)).toEqual(crashed);
  expect(countPlaywright(null, 0)).toEqual(crashed);
  expect(countVitest({ testResults: [] }, 0)).toEqual(crashed);
});
