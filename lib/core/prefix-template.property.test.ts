import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowObjectKey, rowObjectStem } from "./object-key";
import {
  listVariables,
  matchPartition,
  parsePrefixTemplate,
  readPrefixTemplate,
  renderPartition,
} from "./prefix-template";

const variable = fc.constantFrom("$yyyy", "$MM", "$dd", "$HH", "$mm");
const text = fc.string({
  unit: fc.constantFrom("a", "B", "_", "-", "=", "é", "日", " ", "1"),
  minLength: 1,
  maxLength: 6,
});
const segment = fc
  .array(fc.oneof(variable, text), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(""));
const prefix = fc
  .array(segment, { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join("/"))
  .filter((candidate) => readPrefixTemplate(candidate) !== null);
const minute = fc.record({
  year: fc.integer({ min: 1, max: 9999 }),
  month: fc.integer({ min: 1, max: 12 }),
  day: fc.integer({ min: 1, max: 31 }),
  hour: fc.integer({ min: 0, max: 23 }),
  minute: fc.integer({ min: 0, max: 59 }),
});

describe("prefix templates", () => {
  it("read back what they rendered, variable by variable", () => {
    fc.assert(
      fc.property(prefix, minute, (source, at) => {
        const template = readPrefixTemplate(source)!;
        const values = matchPartition(template, renderPartition(template, at))!;
        const fields = { yyyy: at.year, MM: at.month, dd: at.day, HH: at.hour, mm: at.minute };
        expect([...values.keys()].sort()).toEqual([...listVariables(template)].sort());
        for (const [name, digits] of values) expect(Number(digits)).toBe(fields[name]);
      }),
    );
  });

  it("keep what they were parsed from, and render text without variables as it is", () => {
    fc.assert(
      fc.property(prefix, minute, (source, at) => {
        const template = readPrefixTemplate(source)!;
        const again = template.segments
          .map((parts) =>
            parts.map((part) => (part.kind === "text" ? part.text : `$${part.name}`)).join(""),
          )
          .join("/");
        expect(again).toBe(source);
        if (!source.includes("$")) expect(renderPartition(template, at)).toBe(source);
      }),
    );
  });

  it("render folders that are legal, and never longer than the prefix itself", () => {
    fc.assert(
      fc.property(prefix, minute, (source, at) => {
        const partition = renderPartition(readPrefixTemplate(source)!, at);
        expect(parsePrefixTemplate(partition).kind).toBe("template");
        expect(partition.length).toBeLessThanOrEqual(source.length);
      }),
    );
  });

  it("take any text without throwing, and name a place inside it for every problem that has one", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("$", "/", ".", "y", "M", "\n", "{", "a") }),
        (source) => {
          const parsed = parsePrefixTemplate(source);
          if (parsed.kind === "template") return;
          expect(parsed.problems.length).toBeGreaterThan(0);
          for (const { at } of parsed.problems) {
            if (at !== undefined) expect(source[at]).toBeDefined();
          }
        },
      ),
    );
  });
});

describe("object keys", () => {
  const object = fc.record({
    task: fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,14}[a-z0-9]$/),
    lane: fc.nat(12),
    partition: fc
      .stringMatching(/^[ab_1][ab_1/]{0,4}[ab_1]$/)
      .filter((folder) => !folder.includes("//")),
    sequence: fc.integer({ min: 1, max: 12 }),
  });
  const keyOf = ({
    task,
    lane,
    partition,
    sequence,
  }: {
    task: string;
    lane: number;
    partition: string;
    sequence: number;
  }) => rowObjectKey(rowObjectStem(task, lane, partition), sequence, "");

  it("are equal only for the same task, lane, partition and sequence", () => {
    fc.assert(
      fc.property(object, object, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(keyOf(one) === keyOf(other)).toBe(isSame);
      }),
      { numRuns: 2_000 },
    );
  });

  it("stay apart when only one part differs, however the parts run together", () => {
    fc.assert(
      fc.property(
        object,
        fc.constantFrom("task", "lane", "partition", "sequence"),
        object,
        (one, part, other) => {
          const changed = { ...one, [part]: other[part as keyof typeof other] };
          const isSame = JSON.stringify(one) === JSON.stringify(changed);
          expect(keyOf(one) === keyOf(changed)).toBe(isSame);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
