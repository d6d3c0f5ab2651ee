import { inUse, pageOf } from "./sample-answers";

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const text = (name: string, value: string) => ({ name, type: "string", value });
const integer = (name: string, value: string) => ({ name, type: "integer", value });

/** Rows as tables have them: integers beyond 2^53, a long text, bytes, columns that few rows have. */
export const rows = {
  items: Array.from({ length: 24 }, (_, index) => ({
    key: [text("order_id", `order-${String(index).padStart(6, "0")}`)],
    attributes: [
      { name: "amount", type: "double", value: index === 3 ? "NaN" : index * 12.75 },
      integer("quantity", index === 2 ? "9223372036854775807" : String(index)),
      { name: "paid", type: "boolean", value: index % 2 === 0 },
      ...(index % 3 === 0
        ? [text("note", "Please ring twice; the bell of the house in the yard is hard to hear.")]
        : []),
      ...(index === 4
        ? [{ name: "photo", type: "binary", value: "iVBORw0KGgoAAAANSUhEUg==" }]
        : []),
    ],
  })),
  nextCursor: "more",
};

export const noRows = { items: [], nextCursor: null };

const tunnel = {
  name: "culvert-orders-lake-4f1c2a9e",
  table: "orders",
  tunnelId: "4f1c2a9e-7d0b-4b55-9a3e-0d7a6f1b2c3d",
  type: "BaseAndStream",
  stage: "stream",
  expired: false,
  createdAt: minutesAgo(60 * 24 * 12),
  task: "orders-lake",
};

export const tunnels = pageOf([
  tunnel,
  { ...tunnel, name: "reader-of-our-own", tunnelId: "b", type: "Stream", task: null },
  { ...tunnel, name: "first-copy", tunnelId: "c", type: "BaseData", stage: "base", task: "copy" },
  { ...tunnel, name: "left-behind", tunnelId: "d", expired: true, task: "orders-late" },
  {
    ...tunnel,
    name: "being-made",
    tunnelId: "e",
    stage: "initialising",
    table: "a_table_name_that_is_about_as_long_as_anyone_would_ever_want_to_type_it_by_hand",
  },
]);

const channel = {
  channelId: "e1b7a1c0-1f0e-4a6e-9a52-6a2f1f0c9d11",
  kind: "stream",
  status: "open",
  clientId: "culvert-orders-lake_371a86d8-69ae-429d-9d35-0f6f0f5f3a10",
  consumedThrough: minutesAgo(0.2),
  records: 18_204_551,
};

export const streamingTunnel = {
  ...tunnel,
  channels: [
    {
      ...channel,
      channelId: "BaseData_1b7a1c0e",
      kind: "base",
      status: "terminated",
      records: 9_000,
    },
    channel,
    {
      ...channel,
      channelId: "5d0f0a34-18c1-4f39-8a0b-7f2c1b3a4d5e",
      consumedThrough: minutesAgo(3),
    },
    { ...channel, channelId: "waits", status: "waiting", clientId: null, records: null },
  ],
  consumedThrough: minutesAgo(3),
  latencySeconds: 182.4,
  streamExpirationHours: 168,
  expiresAt: new Date(Date.now() + 6.9 * 86_400_000).toISOString(),
};

export const expiredTunnel = {
  ...streamingTunnel,
  name: "left-behind",
  expired: true,
  consumedThrough: minutesAgo(60 * 24 * 8),
  latencySeconds: 691_200,
  expiresAt: minutesAgo(60 * 24),
};

export const newTunnel = {
  ...tunnel,
  name: "being-made",
  stage: "initialising",
  task: null,
  channels: [],
  consumedThrough: null,
  latencySeconds: null,
  streamExpirationHours: null,
  expiresAt: null,
};

export const splitRefused = {
  ...inUse,
  status: 422,
  code: "source.change_refused",
  title: "The source refused this",
  cause: "OTSParameterInvalid: The table has no such channel that is written.",
  nextStep: "Correct what the source names and try again.",
};
