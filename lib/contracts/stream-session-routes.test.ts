import { describe, expect, it } from "vitest";
import { streamSessionBodySchema } from "./stream-session-body";
import { streamSessionRoutes } from "./stream-session-routes";

describe("a stream session's body", () => {
  it("may be empty: slots and the schema are ours to choose, and a window lasts a second", () => {
    expect(streamSessionBodySchema.parse({})).toEqual({
      slots: 0,
      flush: { bytes: 67_108_864, milliseconds: 1_000 },
    });
    const { flush } = streamSessionBodySchema.parse({ flush: { milliseconds: 50 } });
    expect(flush).toEqual({ bytes: 67_108_864, milliseconds: 50 });
  });

  it.each([
    { slots: 501 },
    { slots: -1 },
    { schemaVersion: 0 },
    { flush: { bytes: 0 } },
    { flush: { milliseconds: 60_001 } },
    { flush: { seconds: 1 } },
  ])("is refused as %j", (body) => {
    expect(streamSessionBodySchema.safeParse(body).success).toBe(false);
  });

  it("is of routes that a viewer can only read", () => {
    for (const { method, role } of Object.values(streamSessionRoutes)) {
      expect([method, role]).toEqual([method, method === "GET" ? "viewer" : "operator"]);
    }
  });
});
