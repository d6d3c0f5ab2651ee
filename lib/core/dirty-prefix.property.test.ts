import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkDirtyPrefix, defaultDirtyPrefix, standsUnderPrefix } from "./dirty-prefix";
import { type PrefixTemplate, readPrefixTemplate, renderPartition } from "./prefix-template";

const part = fc.constantFrom("$yyyy", "$MM", "$dd", "a", "b=", "x", "_", "20");
const segment = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
const template = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => readPrefixTemplate(segments.join("/")))
  .filter((one): one is PrefixTemplate => one !== null);
const minute = fc.record({
  year: fc.integer({ min: 1, max: 9999 }),
  month: fc.integer({ min: 1, max: 12 }),
  day: fc.integer({ min: 1, max: 31 }),
  hour: fc.integer({ min: 0, max: 23 }),
  minute: fc.integer({ min: 0, max: 59 }),
});
const below = fc.constantFrom("", "/", "/a", "/_dirty/");

describe("the folder of dirty values", () => {
  it("is refused wherever rows of the task can lie, now or at any other time", () => {
    fc.assert(
      fc.property(template, minute, below, (prefix, at, deeper) => {
        const folder = `${renderPartition(prefix, at)}${deeper}`;
        expect(standsUnderPrefix(prefix, folder)).toBe(true);
        expect(checkDirtyPrefix(folder, prefix)).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("may lie beside the rows, under a name that no folder of them can get", () => {
    fc.assert(
      fc.property(template, fc.constantFrom("", "/a", "/$"), (prefix, deeper) => {
        // Longer than any first folder of these templates, whatever its variables become.
        expect(standsUnderPrefix(prefix, `${"d".repeat(40)}${deeper}`)).toBe(false);
        const [name = ""] = renderPartition(prefix, first).split("/");
        expect(standsUnderPrefix(prefix, `${name}x${deeper}`)).toBe(false);
      }),
    );
  });

  it("has no variables, and does not care how it was ended", () => {
    fc.assert(
      fc.property(template, fc.constantFrom("dirty", "d/e", "_x"), (prefix, folder) => {
        expect(checkDirtyPrefix(`${folder}/`, prefix)).toEqual(checkDirtyPrefix(folder, prefix));
        const [problem] = checkDirtyPrefix(`${folder}/$yyyy`, null);
        expect(problem).toMatchObject({ field: "dirtyPrefix", at: folder.length + 1 });
      }),
    );
  });

  it("is by itself one that engines skip", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,14}[a-z0-9]$/), (task) => {
        expect(defaultDirtyPrefix(task).startsWith("_")).toBe(true);
        expect(checkDirtyPrefix(defaultDirtyPrefix(task), null)).toEqual([]);
      }),
    );
  });
});

const first = { year: 2026, month: 1, day: 1, hour: 0, minute: 0 };
