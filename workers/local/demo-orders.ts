import type TableStore from "tablestore";

/** One sample order. `note` is absent in many; `reference` does not fit in a double. */
export type Order = {
  readonly customer: string;
  readonly orderId: number;
  readonly product: string;
  readonly quantity: number;
  readonly unitPrice: number;
  readonly paid: boolean;
  /** Decimal digits of an integer beyond 2^53. */
  readonly reference: string;
  readonly country: string;
  /** RFC 3339. */
  readonly placedAt: string;
  readonly note: string | null;
};

/** Numbers in [0, 1). */
export type Random = () => number;

const products = ["Coffee ☕", "Teapot", "Bicycle 🚲", "Desk lamp", "Notebook", "Umbrella ☔"];
const countries = ["DE", "FR", "SG", "BR", "US", "JP"];
const notes = ["Gift 🎁, no invoice", "Leave at the door", "Ring twice — 2nd floor", "Größe M"];
const referenceBase = 2n ** 60n;

/** An order of a shop that anybody can imagine; the same id and numbers give the same order. */
export function makeOrder(orderId: number, placedAtMs: number, random: Random): Order {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  return {
    customer: `customer-${String(Math.floor(random() * 500)).padStart(3, "0")}`,
    orderId,
    product: pick(products),
    quantity: 1 + Math.floor(random() * 9),
    unitPrice: Math.round(random() * 20_000) / 100,
    paid: random() < 0.8,
    reference: String(referenceBase + BigInt(orderId)),
    country: pick(countries),
    placedAt: new Date(placedAtMs).toISOString(),
    note: random() < 0.4 ? pick(notes) : null,
  };
}

/** mulberry32: small, and the same everywhere, so that the first rows are the same at each start. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Long = typeof TableStore.Long;

export function primaryKeyOf(order: Order, long: Long): TableStore.PrimaryKey {
  return [{ customer: order.customer }, { order_id: long.fromString(String(order.orderId)) }];
}

/** A plain number becomes a double in the SDK, so integers go as Long. */
export function attributesOf(order: Order, long: Long): TableStore.NamedValue[] {
  return [
    { product: order.product },
    { quantity: long.fromNumber(order.quantity) },
    { unit_price: order.unitPrice },
    { paid: order.paid },
    { reference: long.fromString(order.reference) },
    { country: order.country },
    { placed_at: order.placedAt },
    ...(order.note === null ? [] : [{ note: order.note }]),
  ];
}
