import fc from "fast-check";
import { expect, test } from "vitest";
import { pausesMerging } from "./merge-pause";

const budgetBytes = 1_000;

test("merging waits while deliveries hold more than half of the memory, or the machine is busy", () => {
  const quiet = { openBytes: 100, budgetBytes, loadPerCore: 0.2 };
  expect(pausesMerging(quiet, 1.5, false)).toBe(false);
  expect(pausesMerging({ ...quiet, openBytes: 501 }, 1.5, false)).toBe(true);
  expect(pausesMerging({ ...quiet, loadPerCore: 1.6 }, 1.5, false)).toBe(true);
});

test("it goes on again only when things are clearly better, and more load never makes it go on", () => {
  const facts = fc.record({
    openBytes: fc.integer({ min: 0, max: 2 * budgetBytes }),
    budgetBytes: fc.constant(budgetBytes),
    loadPerCore: fc.double({ min: 0, max: 8, noNaN: true }),
  });
  fc.assert(
    fc.property(facts, facts, fc.boolean(), (one, other, isPaused) => {
      if (pausesMerging(one, 1.5, false)) expect(pausesMerging(one, 1.5, true)).toBe(true);
      const isBusier = other.openBytes >= one.openBytes && other.loadPerCore >= one.loadPerCore;
      if (isBusier && pausesMerging(one, 1.5, isPaused)) {
        expect(pausesMerging(other, 1.5, isPaused)).toBe(true);
      }
    }),
  );
});
