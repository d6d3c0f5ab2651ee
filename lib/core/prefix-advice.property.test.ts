import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adviseOnPrefix } from "./prefix-advice";
import { listVariables, type PrefixTemplate, readPrefixTemplate } from "./prefix-template";

const part = fc.constantFrom("$yyyy", "$MM", "$dd", "$HH", "$mm", "MM", "mm", "a", "X=", "_", " ");
const segment = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
const template = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((segments) => readPrefixTemplate(segments.join("/")))
  .filter((one): one is PrefixTemplate => one !== null);
const load = fc.record({
  bytesPerSecond: fc.option(fc.integer({ min: 0, max: 10_000_000 })),
  flushSeconds: fc.integer({ min: 5, max: 900 }),
  lanes: fc.integer({ min: 1, max: 64 }),
});
const onSize = (problems: readonly { message: string }[]) =>
  problems.some(({ message }) => message.startsWith("Objects of about"));

describe("advice on a prefix", () => {
  it("names its field, and a place that is there", () => {
    fc.assert(
      fc.property(template, load, (prefix, expected) => {
        for (const { field, at, message } of adviseOnPrefix(prefix, expected, "folder")) {
          expect(field).toBe("folder");
          expect(message).toMatch(/[.]$/);
          if (at === undefined) continue;
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThan(prefix.text.length);
        }
      }),
    );
  });

  it("says nothing of sizes that nobody knows, and less the more is written", () => {
    fc.assert(
      fc.property(template, load, fc.nat({ max: 10_000_000 }), (prefix, expected, more) => {
        const advice = adviseOnPrefix(prefix, expected);
        if (expected.bytesPerSecond === null) {
          expect(onSize(advice)).toBe(false);
          return;
        }
        const busier = { ...expected, bytesPerSecond: expected.bytesPerSecond + more };
        if (!onSize(advice)) expect(onSize(adviseOnPrefix(prefix, busier))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("warns of small objects no less when more lanes share them or a flush comes sooner", () => {
    fc.assert(
      fc.property(template, load, fc.nat({ max: 64 }), (prefix, expected, more) => {
        if (!onSize(adviseOnPrefix(prefix, expected))) return;
        const shared = { ...expected, lanes: expected.lanes + more };
        const sooner = { ...expected, flushSeconds: Math.max(5, expected.flushSeconds - more) };
        expect(onSize(adviseOnPrefix(prefix, shared))).toBe(true);
        expect(onSize(adviseOnPrefix(prefix, sooner))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("counts with the folder's end where it comes before the flush", () => {
    const ends = fc.constantFrom(["$dd/$mm", 60] as const, ["$dd", 86_400] as const);
    fc.assert(
      fc.property(ends, load, ([text, folderSeconds], expected) => {
        const prefix = readPrefixTemplate(text);
        if (!prefix || expected.bytesPerSecond === null) return;
        const flushSeconds = Math.min(expected.flushSeconds, folderSeconds);
        const bounded = adviseOnPrefix(prefix, { ...expected, flushSeconds });
        expect(onSize(adviseOnPrefix(prefix, expected))).toBe(onSize(bounded));
        const bytes = (expected.bytesPerSecond * flushSeconds) / expected.lanes;
        expect(onSize(bounded)).toBe(bytes < 4 * 1024 * 1024);
      }),
      { numRuns: 500 },
    );
  });

  it("warns of a folder per minute, and of exactly the coarser variables that are missing", () => {
    const unknown = { bytesPerSecond: null, flushSeconds: 120, lanes: 1 };
    const order = ["yyyy", "MM", "dd", "HH", "mm"] as const;
    fc.assert(
      fc.property(template, (prefix) => {
        const messages = adviseOnPrefix(prefix, unknown).map(({ message }) => message);
        const used = listVariables(prefix);
        const perMinute = messages.some((one) => one.startsWith("A folder per minute"));
        expect(perMinute).toBe(used.includes("mm"));
        const finest = Math.max(-1, ...used.map((name) => order.indexOf(name)));
        const missing = order.slice(0, Math.max(0, finest)).filter((name) => !used.includes(name));
        const told = messages.find((one) => one.startsWith("Without "));
        expect(order.filter((name) => told?.includes(`$${name}`))).toEqual(missing);
      }),
      { numRuns: 500 },
    );
  });
});
