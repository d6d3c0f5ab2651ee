import { describe, expect, it } from "vitest";
import { parseUnixText, readEventTime, unixDoubleToMs, unixIntegerToMs } from "./event-time";

const august = 1_598_889_780_000;
const noText = () => {
  throw new Error("only text is parsed");
};

describe("a Unix event time", () => {
  it.each([
    [1_598_889_780n, august],
    [1_598_889_780_123n, august + 123],
    [1_598_889_780_123_456n, august + 123],
    [1_598_889_780_123_456_789n, august + 123],
    [0n, 0],
    [-1n, -1_000],
    [-100_000_000_000n, -100_000_000_000],
    [-100_000_000_000_001n, -100_000_000_001],
    [99_999_999_999n, 99_999_999_999_000],
    [100_000_000_000n, 100_000_000_000],
    [9_223_372_036_854_775_807n, 9_223_372_036_854],
    [-9_223_372_036_854_775_808n, -9_223_372_036_855],
  ])("tells the unit of %s by its magnitude", (value, epochMs) => {
    expect(unixIntegerToMs(value)).toBe(epochMs);
  });

  it.each([
    [1_598_889_780.25, august + 250],
    [1_598_889_780_123.9, august + 123],
    [1_598_889_780_123_456, august + 123],
    [1.598889780123e18, august + 123],
    [-0.5, -500],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
  ])("reads the double %s", (value, epochMs) => {
    expect(unixDoubleToMs(value)).toBe(epochMs);
  });

  it.each([
    ["1598889780", august],
    ["+1598889780", august],
    ["-1", -1_000],
    ["1598889780.25", august + 250],
    ["", null],
    [" 1", null],
    ["1e9", null],
    ["0x10", null],
    ["1.", null],
    ["12345678901234567890", null],
    ["2020-08-31", null],
  ])("reads the text %j", (text, epochMs) => {
    expect(parseUnixText(text)).toBe(epochMs);
  });
});

describe("readEventTime", () => {
  it("reads numbers and digits as Unix without parsing text", () => {
    expect(readEventTime({ type: "integer", value: 1n }, "Unix", noText)).toBe(1_000);
    expect(readEventTime({ type: "double", value: 1.5 }, "Unix", noText)).toBe(1_500);
    expect(readEventTime({ type: "string", text: "2" }, "Unix", noText)).toBe(2_000);
  });

  it("reads nothing but text in the text formats", () => {
    expect(readEventTime({ type: "integer", value: 1n }, "RFC3339", noText)).toBeNull();
    expect(readEventTime({ type: "double", value: 1 }, "RFC822", noText)).toBeNull();
    expect(readEventTime({ type: "string", text: "x" }, "RFC3339", () => 5)).toBe(5);
    expect(readEventTime({ type: "string", text: "x" }, "RFC3339", () => null)).toBeNull();
  });

  it("refuses instants outside the four-digit years that a folder can name", () => {
    expect(readEventTime({ type: "integer", value: -99_999_999_999n }, "Unix", noText)).toBeNull();
    expect(
      readEventTime({ type: "string", text: "x" }, "RFC3339", () => 253_402_300_800_000),
    ).toBeNull();
  });
});
