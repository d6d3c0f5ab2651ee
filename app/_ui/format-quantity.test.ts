import { expect, test } from "vitest";
import { formatBytes, formatCount, formatDuration, formatNumber } from "./format-quantity";

test("a duration has two units at most, and none of nothing", () => {
  const seconds = [0, 0.4, 1, 59, 60, 95, 3_599, 3_600, 3_660, 5_400, 86_399, 86_400, 100_000];
  expect(seconds.map(formatDuration)).toEqual([
    "0 s",
    "0 s",
    "1 s",
    "59 s",
    "1 min",
    "1 min 35 s",
    "59 min 59 s",
    "1 h",
    "1 h 1 min",
    "1 h 30 min",
    "23 h 59 min",
    "1 d",
    "1 d 3 h",
  ]);
});

test("counts are exact, and bytes have as much as a person reads", () => {
  expect(formatCount(1_234_567)).toBe("1,234,567");
  expect([formatNumber(1, "row"), formatNumber(2, "row")]).toEqual(["1 row", "2 rows"]);
  expect([0, 1023, 1536, 200 * 1024 * 1024].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.5 KiB",
    "200 MiB",
  ]);
});
