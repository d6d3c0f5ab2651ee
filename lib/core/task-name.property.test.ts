import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTaskName } from "./task-name";

const anyName = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "0"), minLength: 15, maxLength: 18 }),
  fc.string({ unit: fc.constantFrom("a", "0"), minLength: 2, maxLength: 18 }),
  fc.string({ unit: fc.constantFrom("a", "z", "0", "9", "-"), maxLength: 18 }),
  fc.string({ unit: fc.constantFrom("a", "-", "_", "A", " ", "é", "😀", "/"), maxLength: 18 }),
);

describe("task names", () => {
  it("are legal exactly as documented", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const isLegal = /^[a-z0-9][a-z0-9-]{1,14}[a-z0-9]$/.test(name);
        expect(checkTaskName(name).length === 0).toBe(isLegal);
      }),
      { numRuns: 2_000 },
    );
  });

  it("have their problems named at the character, in the field that was asked about", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        for (const { field, at } of checkTaskName(name, "other")) {
          expect(field).toBe("other");
          if (at !== undefined) expect(name.slice(at)).toMatch(/^([^a-z0-9]|[\ud800-\udfff])/u);
        }
      }),
    );
  });
});
