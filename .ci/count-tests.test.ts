import { expect, test } from "vitest";
import { countPlaywright, countVitest, sumTotals } from "./count-tests.mjs";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((state) => ({ status: state })),
});

test("every test of every file is counted", () => {
  const report = { testResults: [file("passed", "passed", "passed"), file("failed", "failed")] };
  expect(countVitest(report, 1)).toEqual({ passed: 2, failed: 1 });
});

test("a test that was skipped has not passed", () => {
  const report = { testResults: [file("passed", "passed", "skipped", "todo", "pending")] };
  expect(countVitest(report, 0)).toEqual({ passed: 1, failed: 3 });
  const stats = { expected: 2, unexpected: 0, flaky: 1, skipped: 2 };
  expect(countPlaywright({ stats }, 0)).toEqual({ passed: 2, failed: 3 });
});

test("a file that could not be loaded counts as one failure", () => {
  const report = { testResults: [file("failed"), file("passed", "passed")] };
  expect(countVitest(report, 1)).toEqual({ passed: 1, failed: 1 });
});

test("a runner that failed without naming a failed test counts as one failure", () => {
  expect(countVitest({ testResults: [file("passed", "passed")] }, 1)).toEqual({
    passed: 1,
    failed: 1,
  });
  const stats = { expected: 3, unexpected: 0, flaky: 0, skipped: 0 };
  expect(countPlaywright({ stats }, 1)).toEqual({ passed: 3, failed: 1 });
});

test("a runner that left no report, or that found no test, counts as one failure", () => {
  expect(countVitest(null, 0)).toEqual({ passed: 0, failed: 1 });
  expect(countPlaywright(null, 0)).toEqual({ passed: 0, failed: 1 });
  expect(countVitest({ testResults: [] }, 0)).toEqual({ passed: 0, failed: 1 });
});

test("totals add up", () => {
  const totals = [
    { passed: 3, failed: 1 },
    { passed: 4, failed: 0 },
  ];
  expect(sumTotals(totals)).toEqual({ passed: 7, failed: 1 });
});
