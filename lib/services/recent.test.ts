import { describe, expect, it } from "vitest";
import { createRecent } from "./recent";

/** Looks that end when they are told to, on a clock that is moved by hand. */
function setUp({ keepMs = 250, entriesMax = 10 } = {}) {
  const clock = { nowMs: 1_000 };
  const recent = createRecent<string>({ keepMs, entriesMax, monotonicMs: () => clock.nowMs });
  let looks = 0;
  const ask = (what: string) => recent.get(what, async () => `${what}, look ${++looks}`);
  return { clock, recent, ask };
}

describe("what was found out a moment ago", () => {
  it("is shared by all who ask the same, and by nobody else", async () => {
    const { ask } = setUp();
    const answers = await Promise.all([ask("a"), ask("a"), ask("b"), ask("a")]);
    expect(answers).toEqual(["a, look 1", "a, look 1", "b, look 2", "a, look 1"]);
  });

  it("is never older than it may be, counted from where the look began", async () => {
    const { clock, ask } = setUp();
    await ask("a");
    clock.nowMs += 249;
    expect(await ask("a")).toBe("a, look 1");
    clock.nowMs += 1;
    expect(await ask("a")).toBe("a, look 2");
  });

  it("is asked anew when a look takes too long, whether or not it has ended", async () => {
    const { clock, recent } = setUp();
    let end = (_: string) => {};
    const slow = recent.get("a", () => new Promise((resolve) => (end = resolve)));
    clock.nowMs += 250;
    const fresh = recent.get("a", async () => "fresh");
    end("slow");
    expect(await Promise.all([slow, fresh])).toEqual(["slow", "fresh"]);
    expect(await recent.get("a", async () => "another")).toBe("fresh");
  });

  it("is forgotten at a change, also what is still under way", async () => {
    const { recent } = setUp();
    let end = (_: string) => {};
    const before = recent.get("a", () => new Promise((resolve) => (end = resolve)));
    recent.forget();
    const after = recent.get("a", async () => "after the change");
    end("before the change");
    expect(await Promise.all([before, after])).toEqual(["before the change", "after the change"]);
    expect(await recent.get("a", async () => "another")).toBe("after the change");
  });

  it("keeps no failure", async () => {
    const { recent } = setUp();
    const fails = recent.get("a", () => Promise.reject(new Error("away")));
    await expect(fails).rejects.toThrow("away");
    expect(await recent.get("a", async () => "there")).toBe("there");
  });

  it("keeps so many and no more, the newest", async () => {
    const { clock, ask } = setUp({ entriesMax: 3 });
    for (const what of ["a", "b", "c", "d"]) {
      clock.nowMs += 1;
      await ask(what);
    }
    expect(await ask("d")).toBe("d, look 4");
    expect(await ask("b")).toBe("b, look 2");
    expect(await ask("a")).toBe("a, look 5");
  });
});
