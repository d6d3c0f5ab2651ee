import fc from "fast-check";
import { expect, test } from "vitest";
import {
  estimateOutputs,
  isMergeDue,
  type MergeCandidate,
  objectsPerMergeMax,
  planMerges,
  planRowGroupRows,
} from "./merge-plan";

const settings = fc
  .record({
    smallBytes: fc.integer({ min: 1, max: 100 }),
    objectsMin: fc.integer({ min: 2, max: 12 }),
    more: fc.integer({ min: 0, max: 400 }),
  })
  .map(({ more, ...rest }) => ({ ...rest, targetBytes: rest.smallBytes + more }));
const objects = fc.array(
  fc.integer({ min: 1, max: 300 }).map((bytes) => ({ bytes })),
  { maxLength: 60 },
);
const bytesOf = (group: readonly MergeCandidate[]) =>
  group.reduce((sum, { bytes }) => sum + bytes, 0);

test("P1, P2, P3: asked for, every object lies in one group, in order, and groups are as full as they may be", () => {
  fc.assert(
    fc.property(settings, objects, (given, candidates) => {
      const groups = planMerges(given, candidates, true);
      expect(groups.flat()).toEqual(candidates);
      for (const [index, group] of groups.entries()) {
        expect(group.length).toBeGreaterThan(0);
        expect(group.length === 1 || bytesOf(group) <= given.targetBytes).toBe(true);
        const [next] = groups[index + 1] ?? [];
        if (next) expect(bytesOf(group) + next.bytes).toBeGreaterThan(given.targetBytes);
      }
    }),
  );
});

test("P4: unasked, only the last group can wait, and it waits only while there is too little of it", () => {
  fc.assert(
    fc.property(settings, objects, (given, candidates) => {
      const all = planMerges(given, candidates, true);
      const due = planMerges(given, candidates);
      expect(due).toEqual(all.slice(0, due.length));
      expect(all.length - due.length).toBeLessThanOrEqual(1);
      for (const group of all.slice(due.length)) {
        expect(group.length).toBeLessThan(given.objectsMin);
        expect(group.every(({ bytes }) => bytes < given.smallBytes)).toBe(true);
        expect(bytesOf(group)).toBeLessThan(given.targetBytes);
      }
    }),
  );
});

test("P4: a partition's totals say the same as its list", () => {
  fc.assert(
    fc.property(settings, objects, fc.boolean(), (given, candidates, isAsked) => {
      const facts = {
        objects: candidates.length,
        smallObjects: candidates.filter(({ bytes }) => bytes < given.smallBytes).length,
        bytes: bytesOf(candidates),
      };
      const groups = planMerges(given, candidates, isAsked);
      expect(isMergeDue(given, facts, isAsked)).toBe(groups.length > 0);
    }),
  );
});

test("an estimate is at least what the bytes need, and at most one for each object", () => {
  const given = { smallBytes: 10, objectsMin: 2, targetBytes: 100 };
  const facts = { objects: 12, smallObjects: 12, bytes: 250 };
  expect(estimateOutputs(given, facts)).toBe(3);
  expect(estimateOutputs(given, { ...facts, objects: 2, bytes: 900 })).toBe(2);
  expect(estimateOutputs(given, { objects: 2_500, smallObjects: 2_500, bytes: 90 })).toBe(3);
});

test("P5: what is due stays due, as it is or with more behind it, when more is decided", () => {
  fc.assert(
    fc.property(settings, objects, objects, (given, candidates, later) => {
      const before = planMerges(given, candidates);
      const after = planMerges(given, [...candidates, ...later]);
      expect(after.length).toBeGreaterThanOrEqual(before.length);
      for (const [index, group] of before.entries()) {
        expect(after[index]?.slice(0, group.length)).toEqual(group);
      }
    }),
  );
});

test("P2: a group has no more objects than a merge can take", () => {
  const many = Array.from({ length: 2 * objectsPerMergeMax + 1 }, () => ({ bytes: 1 }));
  const given = { smallBytes: 1, objectsMin: 2, targetBytes: 1_000_000 };
  const groups = planMerges(given, many, true);
  expect(groups.map((group) => group.length)).toEqual([objectsPerMergeMax, objectsPerMergeMax, 1]);
});

test("row groups are as asked for, small for z-order, and smaller where rows are large", () => {
  const narrow = { rows: 1_000_000, bytes: 100_000_000 };
  const order = (kind: "none" | "sorted" | "zordered") => ({ kind, columns: [] });
  expect(planRowGroupRows({ rowGroupRows: 5_000, order: order("none") }, narrow)).toBe(5_000);
  expect(planRowGroupRows({ rowGroupRows: null, order: order("sorted") }, narrow)).toBe(100_000);
  expect(planRowGroupRows({ rowGroupRows: null, order: order("zordered") }, narrow)).toBe(10_000);
  const wide = { rows: 1_000, bytes: 1_000_000_000 };
  expect(planRowGroupRows({ rowGroupRows: null, order: order("none") }, wide)).toBe(2_048);
});
