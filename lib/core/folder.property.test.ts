import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkFolder } from "./folder";
import { partitionBytesMax } from "./object-key";
import { utf8ByteLength } from "./utf8";

const name = fc
  .string({
    unit: fc.constantFrom("a", "B", "0", "_", "-", "=", ".", " ", "é", "日", "😀"),
    minLength: 1,
  })
  .filter((text) => text !== "." && text !== "..");
const legal = fc
  .array(name, { minLength: 1, maxLength: 5 })
  .map((names) => names.join("/"))
  .filter((text) => utf8ByteLength(text) <= partitionBytesMax);
const anything = fc.string({
  unit: fc.constantFrom("a", "/", ".", "\\", "\0", "\n", "\u0085", "\ud800", "\udc00", "é", "$"),
  maxLength: 12,
});

/** Half a character would come back as U+FFFD. */
function isWellFormed(text: string): boolean {
  return (
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text)) === text
  );
}

describe("folders", () => {
  it("of plain names are fine", () => {
    fc.assert(
      fc.property(legal, (folder) => {
        expect(checkFolder(folder, "f")).toEqual([]);
      }),
    );
  });

  it("that pass resolve to themselves: clients and engines read what was written", () => {
    fc.assert(
      fc.property(anything, (folder) => {
        fc.pre(checkFolder(folder, "f").length === 0 && !folder.includes("\\"));
        const { pathname } = new URL(
          `http://store/bucket/${folder.split("/").map(encodeURIComponent).join("/")}`,
        );
        expect(decodeURIComponent(pathname)).toBe(`/bucket/${folder}`);
        expect(folder.split("/")).not.toContain("");
        expect(isWellFormed(folder)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are refused for each thing that is put wrong into them, with its place", () => {
    const wrong = fc.constantFrom("/", "//", "/./", "/../", "\0", "\u001f", "\u007f", "\ud800");
    fc.assert(
      fc.property(legal, legal, wrong, (before, after, fault) => {
        const folder = fault === "/" ? `/${before}` : `${before}${fault}${after}`;
        fc.pre(utf8ByteLength(folder) <= partitionBytesMax);
        const problems = checkFolder(folder, "prefix");
        expect(problems.length).toBeGreaterThan(0);
        for (const { field, at } of problems) {
          expect(field).toBe("prefix");
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThan(folder.length);
        }
      }),
    );
  });

  it("are as long as their keys allow, and not a byte longer", () => {
    fc.assert(
      fc.property(fc.integer({ min: -3, max: 3 }), (beside) => {
        const bytes = partitionBytesMax + beside;
        const isFine = checkFolder("x".repeat(bytes), "f").length === 0;
        expect(isFine).toBe(bytes <= partitionBytesMax);
      }),
    );
  });
});
