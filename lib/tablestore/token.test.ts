import { describe, expect, it } from "vitest";
import { encodeMessage, MessageError } from "./messages";
import { encodeToken, finishedToken, parseToken, type TunnelToken } from "./token";

const stream: TunnelToken = {
  kind: "stream",
  iterator: "0:4",
  timestampNs: 1700000000123000000n,
  totalCount: 4n,
};

describe("tokens", () => {
  it("of streams are the documented text", () => {
    expect(encodeToken(stream)).toBe("CAISERIDMDo0GMCp++vjn+fLFyAE");
    expect(parseToken("CAISERIDMDo0GMCp++vjn+fLFyAE")).toEqual(stream);
  });

  it.each([null, Uint8Array.of(1, 2)])("of base data carry a cursor and no iterator", (key) => {
    const token: TunnelToken = { kind: "base", primaryKey: key, totalCount: 7n };
    const parsed = parseToken(encodeToken(token));
    expect(parsed.kind).toBe("base");
    if (parsed.kind !== "base") return;
    expect(parsed.totalCount).toBe(7n);
    expect(parsed.primaryKey && [...parsed.primaryKey]).toEqual(key && [...key]);
  });

  it("of version 1 are understood", () => {
    const content = encodeMessage("TokenContent", { iterator: "i", timestamp: 5n });
    const text = Buffer.from(encodeMessage("Token", { version: 1n, content })).toString("base64");
    expect(parseToken(text)).toEqual({
      kind: "stream",
      iterator: "i",
      timestampNs: 5n,
      totalCount: 0n,
    });
  });

  it.each([
    ["the end of a channel", finishedToken],
    ["nothing", ""],
    ["no base64", "!!!!"],
    ["no token", Buffer.from("hello").toString("base64")],
    [
      "an unknown version",
      Buffer.from(encodeMessage("Token", { version: 3n, content: new Uint8Array(0) })).toString(
        "base64",
      ),
    ],
  ])("are refused when they are %s", (_, text) => {
    expect(() => parseToken(text)).toThrow(MessageError);
  });
});
