import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findLoneSurrogate, utf8ByteLength } from "./utf8";

const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\ud83d", "\ude00", "\u007f", "\u0080", "\u07ff", "\u0800", "\uffff", "😀"),
    fc.string({ unit: "binary" }),
  ),
});

/** Half a character would come back as U+FFFD. */
function isWellFormed(text: string): boolean {
  return (
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text)) === text
  );
}

describe("texts in UTF-8", () => {
  it("take as many bytes as an encoder gives", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8ByteLength(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });

  it("have half a character exactly when they are not well formed, and it is the first", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const at = findLoneSurrogate(text);
        expect(at < 0).toBe(isWellFormed(text));
        if (at < 0) return;
        expect(isWellFormed(text.slice(0, at))).toBe(true);
        expect(text.charCodeAt(at)).toSatisfy((unit: number) => unit >= 0xd800 && unit <= 0xdfff);
      }),
    );
  });
});
