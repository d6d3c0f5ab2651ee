import fc from "fast-check";
import { expect, test } from "vitest";
import { makeOrder, seededRandom } from "./demo-orders";

test("the same id and seed give the same order, so that a second start writes nothing new", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (id, seed) => {
      expect(makeOrder(id, 0, seededRandom(seed))).toEqual(makeOrder(id, 0, seededRandom(seed)));
    }),
  );
});

test("every order holds an integer that a double cannot", () => {
  fc.assert(
    fc.property(fc.nat(), (id) => {
      const { reference } = makeOrder(id, 0, seededRandom(id));
      expect(BigInt(reference)).toBeGreaterThan(2n ** 53n);
      expect(BigInt(reference)).toBeLessThan(2n ** 63n);
    }),
  );
});

test("the sample holds paid and unpaid orders, notes and none, and text beyond ASCII", () => {
  const random = seededRandom(1);
  const orders = Array.from({ length: 200 }, (_, id) => makeOrder(id, 0, random));
  expect(new Set(orders.map(({ paid }) => paid)).size).toBe(2);
  expect(orders.some(({ note }) => note === null)).toBe(true);
  expect(orders.some(({ note }) => note?.includes("🎁"))).toBe(true);
  for (const { quantity, unitPrice } of orders) {
    expect(quantity).toBeGreaterThanOrEqual(1);
    expect(unitPrice).toBeGreaterThanOrEqual(0);
  }
});
