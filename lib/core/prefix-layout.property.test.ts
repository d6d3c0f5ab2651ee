import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeLayout, type FolderPart, listHiveNames, type TemplatePart } from "./prefix-layout";
import {
  listVariables,
  type PrefixTemplate,
  readPrefixTemplate,
  renderPartition,
} from "./prefix-template";

const part = fc.constantFrom("$yyyy", "$MM", "$dd", "$HH", "a", "x=", "y=", "-", "zone");
const segment = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
const template = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((segments) => readPrefixTemplate(segments.join("/")))
  .filter((one): one is PrefixTemplate => one !== null);
const minute = fc.record({
  year: fc.integer({ min: 1, max: 9999 }),
  month: fc.integer({ min: 1, max: 12 }),
  day: fc.integer({ min: 1, max: 28 }),
  hour: fc.integer({ min: 0, max: 23 }),
  minute: fc.integer({ min: 0, max: 59 }),
});
const isOfTemplate = (one: FolderPart): one is TemplatePart => one.kind !== "value";
const isUnder = (folder: string, root: string) =>
  root === "" || folder === root || folder.startsWith(`${root}/`);

describe("how a reader finds a task's folders", () => {
  it("has every folder of every minute under its root", () => {
    fc.assert(
      fc.property(template, minute, (prefix, at) => {
        expect(isUnder(renderPartition(prefix, at), describeLayout(prefix).root)).toBe(true);
      }),
    );
  });

  it("has a root without variables, and the whole prefix for one exactly when there are none", () => {
    fc.assert(
      fc.property(template, (prefix) => {
        const { kind, root } = describeLayout(prefix);
        expect(root).not.toContain("$");
        expect(kind === "single").toBe(listVariables(prefix).length === 0);
        if (kind === "single") expect(root).toBe(prefix.text);
      }),
    );
  });

  it("rebuilds each folder from its root and its partition columns, as an engine does", () => {
    fc.assert(
      fc.property(template, minute, (prefix, at) => {
        const { kind, root, columns } = describeLayout(prefix);
        fc.pre(kind === "hive");
        const render = (value: readonly FolderPart[]) =>
          renderPartition({ text: "", segments: [value.filter(isOfTemplate)] }, at);
        const folders = columns.map(({ name, value }) => `${name}=${render(value)}`);
        const rebuilt = [...(root === "" ? [] : [root]), ...folders].join("/");
        expect(rebuilt).toBe(renderPartition(prefix, at));
        for (const { type, value } of columns)
          if (type === "int") expect(render(value)).toMatch(/^\d+$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("names every folder that engines would make a column of, and nothing else", () => {
    fc.assert(
      fc.property(template, minute, (prefix, at) => {
        const names = renderPartition(prefix, at)
          .split("/")
          .flatMap((folder) => /^([^=]+)=/.exec(folder)?.[1] ?? []);
        // A name that a variable is part of is no column: it would be another one at another time.
        const stable = names.filter((name) => !/\d/.test(name));
        expect(listHiveNames(prefix)).toEqual(stable);
        const listed = describeLayout(prefix).columns.map(({ name }) => name);
        expect(listHiveNames(prefix)).toEqual(expect.arrayContaining(listed));
      }),
    );
  });
});
