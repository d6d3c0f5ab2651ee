import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decideRestart,
  describeExit,
  failuresBeforeServingMax,
  restartAfterMsMax,
  restartAfterMsMin,
  wellAfterMs,
} from "./restart-policy";

const exits = fc.oneof(
  fc.record({ code: fc.integer({ min: 0, max: 255 }), signal: fc.constant(null) }),
  fc.record({ code: fc.constant(null), signal: fc.constantFrom("SIGKILL", "SIGTERM", "SIGSEGV") }),
);

test("every restart comes 0.25 to 2 s after the end", () => {
  fc.assert(
    fc.property(
      exits,
      fc.nat({ max: 10_000 }),
      fc.nat({ max: 60_000 }),
      fc.boolean(),
      (exit, attempt, ranForMs, hasServed) => {
        const decision = decideRestart({ exit, attempt, ranForMs, hasServed });
        if (decision.kind === "give_up") return;
        expect(decision.afterMs).toBeGreaterThanOrEqual(restartAfterMsMin);
        expect(decision.afterMs).toBeLessThanOrEqual(restartAfterMsMax);
      },
    ),
  );
});

test("a part that has served, or that was killed from outside, is never given up", () => {
  fc.assert(
    fc.property(exits, fc.nat({ max: 10_000 }), fc.nat(), (exit, attempt, ranForMs) => {
      expect(decideRestart({ exit, attempt, ranForMs, hasServed: true }).kind).toBe("restart");
      if (exit.signal === null) return;
      expect(decideRestart({ exit, attempt, ranForMs, hasServed: false }).kind).toBe("restart");
    }),
  );
});

test("a part that never served and keeps ending by itself is given up after a few tries", () => {
  let attempt = 0;
  const kinds: string[] = [];
  for (let run = 0; run < failuresBeforeServingMax; run += 1) {
    const decision = decideRestart({
      exit: { code: 1, signal: null },
      attempt,
      ranForMs: 100,
      hasServed: false,
    });
    kinds.push(decision.kind);
    if (decision.kind === "restart") attempt = decision.attempt;
  }
  expect(kinds).toEqual(["restart", "restart", "give_up"]);
});

test("waits double up to the longest, and start again after a part was well for a while", () => {
  const killed = { exit: { code: null, signal: "SIGKILL" }, hasServed: true };
  const waits: number[] = [];
  let attempt = 0;
  for (const ranForMs of [50, 50, 50, 50, 50, wellAfterMs]) {
    const decision = decideRestart({ ...killed, attempt, ranForMs });
    if (decision.kind === "restart") {
      waits.push(decision.afterMs);
      attempt = decision.attempt;
    }
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 2000, 250]);
});

test("an end is told in words", () => {
  expect(describeExit({ code: 1, signal: null })).toBe("with code 1");
  expect(describeExit({ code: null, signal: "SIGKILL" })).toBe("by SIGKILL");
  expect(describeExit({ code: null, signal: null })).toBe("for an unknown reason");
});
