import { expect, test } from "vitest";
import { failuresOfPlaywright, failuresOfVitest } from "./name-failures.mjs";

const passed = { status: "passed", fullName: "adds" };

test("each failed test is named with its file and the start of its message", () => {
  const broken = { status: "failed", fullName: "counts", failureMessages: ["1 is not 2\nat here"] };
  const files = [{ name: "sum.test.ts", status: "failed", assertionResults: [passed, broken] }];
  expect(failuresOfVitest({ testResults: files })).toEqual([
    "sum.test.ts › counts\n    1 is not 2\n    at here",
  ]);
});

test("a file that could not be loaded is named, and one that passed is not", () => {
  const files = [
    { name: "a.test.ts", status: "failed", message: "no such module", assertionResults: [passed] },
    { name: "b.test.ts", status: "passed", assertionResults: [passed] },
  ];
  expect(failuresOfVitest({ testResults: files })).toEqual(["a.test.ts\n    no such module"]);
});

test("a failed journey is found however deep its suite lies", () => {
  const spec = (title: string, ok: boolean, message?: string) => ({
    ok,
    title,
    file: "tasks.spec.ts",
    tests: [{ results: [{ errors: message === undefined ? [] : [{ message }] }] }],
  });
  const specs = [spec("opens", true), spec("closes", false, "still open")];
  expect(failuresOfPlaywright({ suites: [{ suites: [{ specs }] }] })).toEqual([
    "tasks.spec.ts › closes\n    still open",
  ]);
});

test("a long message is cut, and no report names nothing", () => {
  const message = Array.from({ length: 500 }, (_, line) => `line ${line}`).join("\n");
  const files = [{ name: "a.test.ts", status: "failed", message, assertionResults: [] }];
  expect(failuresOfVitest({ testResults: files })[0]?.split("\n")).toHaveLength(13);
  expect(failuresOfVitest(null)).toEqual([]);
  expect(failuresOfPlaywright(null)).toEqual([]);
});
