import { describe, expect, it } from "vitest";
import { decodeErrorBody, encodeErrorBody } from "./error-body";

describe("error bodies", () => {
  it("hold code and message, as documented", () => {
    const bytes = encodeErrorBody({ code: "OTSResourceGone", message: "gone" });
    expect(Buffer.from(bytes).toString("hex")).toBe(
      "0a0f4f54535265736f75726365476f6e651204676f6e65",
    );
    expect(decodeErrorBody(bytes)).toEqual({ code: "OTSResourceGone", message: "gone" });
  });

  it("may come without a message, and with a third field that two SDKs read differently", () => {
    expect(decodeErrorBody(Uint8Array.of(0x0a, 1, 0x41, 0x1a, 1, 0x42))).toEqual({
      code: "A",
      message: "",
    });
  });

  it.each(["", "<html>502</html>"])("of somebody else (%j) are none", (text) => {
    expect(decodeErrorBody(Buffer.from(text))).toBeNull();
  });
});
