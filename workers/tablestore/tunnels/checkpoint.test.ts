import { describe, expect, it } from "vitest";
import { decideCheckpoint } from "./checkpoint";

describe("a checkpoint", () => {
  const stored = { token: "here", sequenceNumber: 4 };

  it("is stored when it is the next one", () => {
    expect(decideCheckpoint(stored, { token: "there", sequenceNumber: 5n })).toBe("store");
    expect(decideCheckpoint(stored, { token: "here", sequenceNumber: 5n })).toBe("store");
  });

  it("that came twice is answered twice", () => {
    expect(decideCheckpoint(stored, { token: "here", sequenceNumber: 4n })).toBe("repeat");
  });

  it("of somebody who missed one is refused", () => {
    expect(decideCheckpoint(stored, { token: "there", sequenceNumber: 4n })).toBe("mismatch");
    expect(decideCheckpoint(stored, { token: "there", sequenceNumber: 3n })).toBe("mismatch");
    expect(decideCheckpoint(stored, { token: "there", sequenceNumber: 6n })).toBe("mismatch");
  });
});
