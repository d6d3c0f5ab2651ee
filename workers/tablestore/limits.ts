import { Refusal, type RefusalCode } from "./refusal";

/** What a number may be; `code` answers a request that goes beyond it. */
export type Limit = {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly code: RefusalCode;
};

const kilobyte = 1024;
const megabyte = 1024 * kilobyte;

const parameter = (what: string, min: number, max: number): Limit => ({
  what,
  min,
  max,
  code: "OTSParameterInvalid",
});

/** The documented limits of the service (reference: tunnel service 4 and 11; wire protocol 2.4). */
export const limits = {
  tables: { what: "The number of tables", min: 0, max: 64, code: "OTSQuotaExhausted" },
  nameBytes: parameter("The length of a name in bytes", 1, 255),
  primaryKeyColumns: parameter("The number of primary key columns", 1, 4),
  definedColumns: parameter("The number of defined columns", 0, 32),
  reservedUnits: parameter("The reserved throughput", 0, 100_000),
  timeToLiveSeconds: parameter("TimeToLive, unless it is -1,", 86_400, 2_147_483_647),
  maxVersions: parameter("MaxVersions", 1, 2_147_483_647),
  keyValueBytes: parameter("The length of a primary key column in bytes", 0, kilobyte),
  valueBytes: parameter("The length of an attribute column in bytes", 0, 2 * megabyte),
  columnsPerWrite: parameter("The number of attribute columns in a write", 0, 1024),
  rowWriteBytes: parameter("The size of a written row in bytes", 0, 4 * megabyte),
  batchWriteRows: parameter("The number of rows in BatchWriteRow", 1, 200),
  batchWriteBytes: parameter("The size of BatchWriteRow in bytes", 0, 4 * megabyte),
  batchGetRows: parameter("The number of rows in BatchGetRow", 1, 100),
  streamExpirationHours: parameter("The stream's expiration time in hours", 1, 168),
  /** Not documented: every tunnel and client costs memory and a part of each change on disk. */
  tunnels: { what: "The number of a table's tunnels", min: 0, max: 100, code: "OTSQuotaExhausted" },
  clients: {
    what: "The number of a tunnel's clients",
    min: 0,
    max: 1000,
    code: "OTSQuotaExhausted",
  },
  channels: {
    what: "The number of a stream's channels",
    min: 1,
    max: 64,
    code: "OTSQuotaExhausted",
  },
  bodyBytes: {
    what: "The size of the request body in bytes",
    min: 0,
    max: 5 * megabyte,
    code: "OTSRequestBodyTooLarge",
  },
} as const satisfies Readonly<Record<string, Limit>>;

/** An answer ends here, and tells where to go on. */
export const rangePage = { rowsMax: 5000, bytesMax: 4 * megabyte } as const;

/** A stream's start lies at least this long after the oldest time that is kept. */
export const startOffsetMarginMs = 5 * 60_000;

/** Throws a Refusal for a value beyond the limit. */
export function checkLimit(limit: Limit, value: number): void {
  if (value < limit.min || value > limit.max) throw beyond(limit);
}

/** The refusal itself, for loops that compare by themselves. */
export function beyond({ what, min, max, code }: Limit): Refusal {
  if (code === "OTSQuotaExhausted")
    return new Refusal(code, `${what} exceeds the quota of ${max}.`);
  return new Refusal(code, `${what} must be in range: [${min}, ${max}].`);
}

/** Letters, digits and underscores, by byte: 1 begins a name, 2 goes on with it. */
const nameBytes = new Uint8Array(256);
nameBytes.fill(2, 0x30, 0x3a);
nameBytes.fill(1, 0x41, 0x5b);
nameBytes.fill(1, 0x61, 0x7b);
nameBytes[0x5f] = 1;

/** Tables and columns share one naming rule. bytes[start, end) is the name. */
export function checkNameBytes(bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length < limits.nameBytes.min || length > limits.nameBytes.max)
    throw beyond(limits.nameBytes);
  let isName = nameBytes[bytes[start] as number] === 1;
  for (let at = start + 1; at < end; at++) {
    if (nameBytes[bytes[at] as number] === 0) isName = false;
  }
  if (isName) return;
  throw new Refusal(
    "OTSParameterInvalid",
    "A name consists of letters, digits and underscores and does not begin with a digit.",
  );
}

export function checkName(name: string): void {
  const bytes = Buffer.from(name, "utf8");
  checkNameBytes(bytes, 0, bytes.length);
}
