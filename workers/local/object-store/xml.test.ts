import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { childText, childTextExact, parseXml, writeXml } from "./xml";

describe("XML", () => {
  it("gives back every key that it was written with", () => {
    // A carriage return too: it is written as a reference, which no reader may normalise away.
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (first, second) => {
        const document = parseXml(
          writeXml("Delete", { Object: [{ Key: first }, { Key: second }] }),
        );
        const keys = document.children.map((child) => childTextExact(child, "Key"));
        expect(keys).toEqual([first, second]);
      }),
    );
  });

  it("reads what clients send: prefixes, attributes, CDATA, comments, references", () => {
    const document = parseXml(
      '\uFEFF<?xml version="1.0"?><!-- x --><s3:Delete xmlns:s3="a>b"><Object><Key>a&#x41;&amp;<![CDATA[<b>]]></Key></Object><Quiet >true</Quiet></s3:Delete>',
    );
    expect(document.name).toBe("Delete");
    expect(childTextExact(document.children[0]!, "Key")).toBe("aA&<b>");
    expect(childText(document, "Quiet")).toBe("true");
  });

  it.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "</a>",
    "<a>&unknown;</a>",
    "<a>&</a>",
    "<a>&#x110000;</a>",
    "<a><</a>",
    '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    "<a>".repeat(20) + "</a>".repeat(20),
  ])("that is malformed or has a document type is refused: %j", (text) => {
    expect(() => parseXml(text)).toThrow(expect.objectContaining({ code: "MalformedXML" }));
  });

  it("of any kind is read or refused, and in time that grows with its length only", () => {
    const tokens = fc.array(
      fc.constantFrom("<a", ">", "</a>", "<!--", "&", "<![CDATA[", '="', " "),
    );
    fc.assert(
      fc.property(tokens, (parts) => {
        try {
          parseXml(parts.join(""));
        } catch (error) {
          expect(error).toMatchObject({ code: "MalformedXML" });
        }
      }),
    );
    const startedAtMs = performance.now();
    for (const hostile of ["<!--", "<![CDATA[", "<?", "<a b", '<a b="', "&a", "<"]) {
      expect(() => parseXml(hostile.repeat(200_000))).toThrow();
    }
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });
});
