import type { Compression } from "@/lib/core/schema-mapping";

export type DeliverySettings = {
  readonly compression: Compression;
  readonly rowGroupRows: number;
};

/** One Parquet object being made from pages. What `consume` and `finish` take is the time measured. */
export type Delivery = {
  consume(page: Uint8Array): void | Promise<void>;
  /** Ends the object and gives its size in bytes. */
  finish(): number | Promise<number>;
};

export type Contender = {
  readonly name: string;
  /** Takes so long that it runs once, not in every round. */
  readonly isSlow: boolean;
  readonly compressions: readonly Compression[];
  open(settings: DeliverySettings): Delivery | Promise<Delivery>;
};
