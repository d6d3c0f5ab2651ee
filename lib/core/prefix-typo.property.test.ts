import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainUnknownVariable } from "./prefix-typo";

describe("a $ that starts no variable", () => {
  it("is told with the word that was written, whatever it is", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z]{1,8}$/), fc.boolean(), (word, isBraced) => {
        const written = isBraced ? `\${${word}}` : `$${word}`;
        expect(explainUnknownVariable(`${written}/more`)).toContain(
          `${written} is not a variable.`,
        );
      }),
    );
  });

  it("is met with the variable that it was meant for, in any case of year, day and hour", () => {
    const meant: Record<string, string> = {
      year: "$yyyy",
      y: "$yyyy",
      day: "$dd",
      d: "$dd",
      hour: "$HH",
      h: "$HH",
    };
    const spelt = fc
      .constantFrom(...Object.keys(meant))
      .chain((word) => fc.tuple(fc.constant(word), fc.mixedCase(fc.constant(word))));
    fc.assert(
      fc.property(spelt, ([word, written]) => {
        expect(explainUnknownVariable(`$${written}`)).toContain(`Did you mean ${meant[word]}?`);
      }),
    );
  });
});
