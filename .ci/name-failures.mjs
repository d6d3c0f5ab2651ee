/**
 * Which tests failed and why, from the reports of the test runners. The log of a run is long, and
 * whoever reads only its end has to find there what to mend.
 */

const linesMax = 12;

/** From Vitest's JSON report. */
export function failuresOfVitest(report) {
  return (report?.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed");
    // A file that could not be loaded, and a failed hook, name no test.
    if (failed.length === 0) return status === "failed" ? [describe(name, message)] : [];
    return failed.map((test) =>
      describe(`${name} › ${test.fullName}`, test.failureMessages?.join("\n")),
    );
  });
}

/** From Playwright's JSON report: suites within suites, and each attempt of a test. */
export function failuresOfPlaywright(report) {
  const inside = (suite) => [
    ...(suite.suites ?? []).flatMap(inside),
    ...(suite.specs ?? [])
      .filter((spec) => !spec.ok)
      .map((spec) => {
        const errors = spec.tests.flatMap(({ results }) => results.flatMap(({ errors }) => errors));
        return describe(`${spec.file} › ${spec.title}`, errors[0]?.message);
      }),
  ];
  return (report?.suites ?? []).flatMap(inside);
}

function describe(name, message = "") {
  const lines = message.split("\n").slice(0, linesMax);
  return [name, ...lines.map((line) => `    ${line}`)].join("\n").trimEnd();
}
