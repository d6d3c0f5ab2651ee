import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer, testAccess } from "../start-test-server";
import {
  type Cell,
  type Filter,
  type KeyColumn,
  type SdkAccess,
  type SdkDriver,
  SdkError,
  type SdkRow,
  type SdkValue,
  type Write,
} from "./sdk-driver";

/** What an SDK's own interface cannot say, so that nothing of it is asked. */
export type SdkLimits = {
  readonly start: (access: SdkAccess) => SdkDriver;
  readonly hasPageFilter: boolean;
  /** By the SDK's own check; the service takes 2 MB. */
  readonly blobBytesMax: number;
  readonly signatures: readonly ("v2" | "v4")[];
};

const integer = (value: bigint | number | string): SdkValue => ({
  type: "integer",
  value: String(value),
});
const text = (value: string): SdkValue => ({ type: "string", value });
const binary = (bytes: Uint8Array): SdkValue => ({
  type: "binary",
  value: Buffer.from(bytes).toString("base64"),
});
const yes: SdkValue = { type: "boolean", value: "true" };
const no: SdkValue = { type: "boolean", value: "false" };
function double(value: number): SdkValue {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return { type: "double", value: bits.toString("hex") };
}
const min: SdkValue = { type: "min", value: "" };
const max: SdkValue = { type: "max", value: "" };
const auto: SdkValue = { type: "auto", value: "" };

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

const everyValue: Readonly<Record<string, SdkValue>> = {
  a_true: yes,
  b_false: no,
  c_zero: integer(0),
  d_beyond_doubles: integer(2n ** 53n + 1n),
  e_largest: integer(int64Max),
  f_smallest: integer(int64Min),
  g_double: double(1.5),
  h_smallest_double: double(Number.MIN_VALUE),
  i_largest_double: double(Number.MAX_VALUE),
  j_minus_zero: double(-0),
  k_nan: double(Number.NaN),
  l_infinite: double(Number.POSITIVE_INFINITY),
  m_minus_infinite: double(Number.NEGATIVE_INFINITY),
  n_empty_text: text(""),
  o_emoji: text("zażółć 🦊\u0000👩‍👩‍👧"),
  p_empty_bytes: binary(new Uint8Array(0)),
  q_bytes: binary(Uint8Array.of(0, 1, 127, 128, 255, 0)),
};

const cellsOf = (values: Readonly<Record<string, SdkValue>>): Cell[] =>
  Object.entries(values).map(([name, value]) => ({ name, ...value }));
const valuesOf = (row: SdkRow | null): Record<string, SdkValue> =>
  Object.fromEntries(
    [...(row?.columns ?? [])]
      .reverse()
      .map(({ name, type, value }) => [name, { type, value } as SdkValue]),
  );
const keyOf = (pk1: string, pk2: bigint | number | SdkValue): KeyColumn[] => [
  { name: "pk1", ...text(pk1) },
  { name: "pk2", ...(typeof pk2 === "object" ? pk2 : integer(pk2)) },
];
const bound = (value: SdkValue): KeyColumn[] => [
  { name: "pk1", ...value },
  { name: "pk2", ...value },
];

/** The rows' side of the service, held to by one SDK. */
export function describeRows(name: string, limits: SdkLimits): void {
  for (const signature of limits.signatures) {
    describe(`rows through the ${name} SDK, signed by ${signature}`, () => {
      rowTests(limits, signature);
    });
  }
}

function rowTests(limits: SdkLimits, signature: "v2" | "v4"): void {
  let server: TestServer;
  let driver: SdkDriver;
  let tables = 0;

  beforeAll(async () => {
    server = await startTestServer();
    driver = limits.start({ port: server.port, ...testAccess, signature });
  });
  afterAll(async () => {
    await driver?.close();
    await server?.close();
  });

  async function createTable(versions = 1): Promise<string> {
    const table = `rows_${++tables}`;
    await driver.call("createTable", {
      table,
      versions,
      key: [
        { name: "pk1", type: "string" },
        { name: "pk2", type: "integer" },
      ],
    });
    return table;
  }
  const put = (table: string, key: KeyColumn[], values: Record<string, SdkValue>, more = {}) =>
    driver.call("write", { kind: "put", table, key, put: cellsOf(values), ...more });
  const update = (table: string, key: KeyColumn[], change: Partial<Write>) =>
    driver.call("write", { kind: "update", table, key, ...change });
  const read = async (table: string, key: KeyColumn[], more = {}) =>
    (await driver.call("getRow", { table, key, ...more })).row;
  const refusalOf = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => "no refusal",
      (thrown: unknown) => {
        if (thrown instanceof SdkError) return thrown.code;
        throw thrown;
      },
    );

  it("creates, describes, lists and deletes a table, and starts anew under its name", async () => {
    const key = [
      { name: "pk1", type: "string" },
      { name: "pk2", type: "integer" },
      { name: "pk3", type: "binary" },
    ] as const;
    const table = `rows_${++tables}`;
    await driver.call("createTable", { table, key, versions: 3 });
    expect(await driver.call("describeTable", { table })).toEqual({ key, versions: 3 });
    expect((await driver.call("listTables", {})).tables).toContain(table);
    const rowKey = [...keyOf("a", 1), { name: "pk3", ...binary(Uint8Array.of(0, 255)) }];
    await put(table, rowKey, { c: text("old") });
    expect((await read(table, rowKey))?.key).toEqual(rowKey);
    await driver.call("deleteTable", { table });
    expect((await driver.call("listTables", {})).tables).not.toContain(table);
    await driver.call("createTable", { table, key });
    expect(await read(table, rowKey)).toBeNull();
  });

  it("reads back every value type exactly as it was put", async () => {
    const table = await createTable();
    await put(table, keyOf("every", int64Min), everyValue);
    await update(table, keyOf("every", int64Max), { put: cellsOf(everyValue) });
    const rows = [
      await read(table, keyOf("every", int64Min)),
      await read(table, keyOf("every", int64Max)),
    ];
    expect(rows.map((row) => row?.key)).toEqual([
      keyOf("every", int64Min),
      keyOf("every", int64Max),
    ]);
    for (const row of rows) expect(valuesOf(row)).toEqual(everyValue);
    for (const cell of rows[0]?.columns ?? []) expect(Number(cell.at)).toBeGreaterThan(1.7e12);
  });

  it("keeps keys apart that differ in one bit, and text keys of any kind", async () => {
    const table = await createTable();
    const keys = ["", "\u0000", "a", "a\u0000", "ż", "🦊", "x".repeat(1024)].flatMap((pk1) =>
      [-1, 0, 2n ** 53n, 2n ** 53n + 1n].map((pk2) => keyOf(pk1, pk2)),
    );
    for (const key of keys) await put(table, key, { own: text(JSON.stringify(key)) });
    for (const key of keys) {
      expect(valuesOf(await read(table, key))).toEqual({ own: text(JSON.stringify(key)) });
    }
  });

  it("takes the largest value that the SDK sends", async () => {
    const table = await createTable();
    const blob = binary(randomBytes(limits.blobBytesMax));
    await put(table, keyOf("large", 1), { blob });
    // Not toEqual: a difference would be printed in full.
    expect(valuesOf(await read(table, keyOf("large", 1))).blob?.value === blob.value).toBe(true);
  });

  it("updates: puts, deletes a column, deletes one version, increments", async () => {
    const table = await createTable(3);
    const key = keyOf("update", 1);
    const at = Date.now();
    const version = (back: number) => String(at - back);
    await put(table, key, { n: integer(2n ** 53n), gone: text("x") });
    for (const back of [30, 20, 10]) {
      await update(table, key, { put: [{ name: "v", ...integer(back), at: version(back) }] });
    }
    await update(table, key, {
      put: [{ name: "new", ...text("here") }],
      deleteColumns: ["gone"],
      deleteVersions: [{ name: "v", at: version(20) }],
      increments: [
        { name: "n", by: "1" },
        { name: "from_nothing", by: "-5" },
      ],
    });
    const row = await read(table, key, { versions: 3 });
    expect(row?.columns.map(({ name, value }) => `${name}=${value}`)).toEqual([
      "from_nothing=-5",
      `n=${2n ** 53n + 1n}`,
      // The value of before the increment, still a version.
      `n=${2n ** 53n}`,
      "new=here",
      "v=10",
      "v=30",
    ]);
    expect(row?.columns.filter(({ name }) => name === "v").map((cell) => cell.at)).toEqual([
      version(10),
      version(30),
    ]);
  });

  it("replaces a whole row by a put, and deletes one", async () => {
    const table = await createTable();
    const key = keyOf("whole", 1);
    await put(table, key, { a: integer(1), b: integer(2) });
    await put(table, key, { b: integer(3) });
    expect(valuesOf(await read(table, key))).toEqual({ b: integer(3) });
    await driver.call("write", { kind: "delete", table, key });
    expect(await read(table, key)).toBeNull();
  });

  it("reads the columns that are asked for", async () => {
    const table = await createTable();
    await put(table, keyOf("some", 1), { a: integer(1), b: integer(2), c: integer(3) });
    const row = await read(table, keyOf("some", 1), { columns: ["a", "c", "none"] });
    expect(valuesOf(row)).toEqual({ a: integer(1), c: integer(3) });
    expect(await read(table, keyOf("none", 1))).toBeNull();
  });

  it("ranges forward and backward, page by page, with nothing twice or left out", async () => {
    const table = await createTable();
    const keys = ["a", "b", "b\u0000", "🦊"].flatMap((pk1) =>
      [int64Min, -1n, 0n, int64Max].map((pk2) => keyOf(pk1, pk2)),
    );
    await driver.call("batchWrite", {
      writes: keys.toReversed().map((key) => ({
        kind: "put" as const,
        table,
        key,
        put: [{ name: "c", ...integer(1) }],
      })),
    });
    const pages = async (backward: boolean) => {
      const found: KeyColumn[][] = [];
      const sizes: number[] = [];
      let from: readonly KeyColumn[] | null = bound(backward ? max : min);
      const to = bound(backward ? min : max);
      while (from) {
        const page: { rows: SdkRow[]; next: KeyColumn[] | null } = await driver.call("getRange", {
          table,
          backward,
          from,
          to,
          limit: 5,
        });
        sizes.push(page.rows.length);
        found.push(...page.rows.map(({ key }) => [...key]));
        from = page.next;
      }
      return { found, sizes };
    };
    const forward = await pages(false);
    expect(forward).toEqual({ found: keys, sizes: [5, 5, 5, 1] });
    expect((await pages(true)).found).toEqual(keys.toReversed());
    const part = await driver.call("getRange", {
      table,
      from: keyOf("b", -1n),
      to: keyOf("b\u0000", 0n),
    });
    expect(part.rows.map(({ key }) => key)).toEqual(keys.slice(5, 10));
    expect(part.next).toBeNull();
  });

  it("writes and reads in batches, each row with its own outcome", async () => {
    const table = await createTable();
    await put(table, keyOf("batch", 1), { c: text("first") });
    await put(table, keyOf("batch", 3), { c: text("third") });
    const { results } = await driver.call("batchWrite", {
      writes: [
        { kind: "put", table, key: keyOf("batch", 0), put: cellsOf(everyValue) },
        {
          kind: "put",
          table,
          key: keyOf("batch", 1),
          put: [{ name: "c", ...text("again") }],
          expect: "EXPECT_NOT_EXIST",
        },
        {
          kind: "update",
          table,
          key: keyOf("batch", 2),
          put: [{ name: "u", ...integer(2) }],
          increments: [{ name: "n", by: "7" }],
        },
        { kind: "delete", table, key: keyOf("batch", 3) },
      ],
    });
    expect(results).toEqual([
      { ok: true },
      { ok: false, code: "OTSConditionCheckFail" },
      { ok: true },
      { ok: true },
    ]);
    const keys = [0, 1, 2, 3].map((pk2) => keyOf("batch", pk2));
    const { rows } = await driver.call("batchGet", { table, keys });
    expect(rows.map((row) => row && valuesOf(row))).toEqual([
      everyValue,
      { c: text("first") },
      { n: integer(7), u: integer(2) },
      null,
    ]);
  });

  it("gives auto-increment keys that grow, and tells them", async () => {
    const table = `rows_${++tables}`;
    await driver.call("createTable", {
      table,
      key: [
        { name: "pk1", type: "string" },
        { name: "pk2", type: "integer", auto: true },
      ],
    });
    const given: bigint[] = [];
    for (let i = 0; i < 3; i++) {
      const { key } = await put(table, keyOf("auto", auto), { i: integer(i) }, { returnKey: true });
      expect(key?.[0]).toEqual({ name: "pk1", ...text("auto") });
      given.push(BigInt(key?.[1]?.value ?? 0));
    }
    expect(given).toEqual([...given].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(given).size).toBe(3);
    for (const [i, pk2] of given.entries()) {
      expect(valuesOf(await read(table, keyOf("auto", pk2)))).toEqual({ i: integer(i) });
    }
  });

  it("writes only where the row and its columns are as expected", async () => {
    const table = await createTable();
    const key = keyOf("condition", 1);
    const named = (column: string, operator: "=" | ">" | "<", value: SdkValue): Filter => ({
      kind: "compare",
      column,
      operator,
      value,
      passIfMissing: false,
      latestOnly: true,
    });
    const tryPut = (more: Partial<Write>) =>
      refusalOf(put(table, key, { n: integer(5), s: text("x") }, more));
    expect(await tryPut({ expect: "EXPECT_EXIST" })).toBe("OTSConditionCheckFail");
    expect(await tryPut({ expect: "EXPECT_NOT_EXIST" })).toBe("no refusal");
    expect(await tryPut({ expect: "EXPECT_NOT_EXIST" })).toBe("OTSConditionCheckFail");
    expect(await tryPut({ condition: named("n", "=", integer(6)) })).toBe("OTSConditionCheckFail");
    expect(await tryPut({ condition: named("n", "=", integer(5)) })).toBe("no refusal");
    const mixed: Filter = {
      kind: "and",
      of: [
        { kind: "or", of: [named("n", ">", integer(9)), named("s", "=", text("x"))] },
        { kind: "not", of: [named("n", "<", integer(5))] },
      ],
    };
    expect(await tryPut({ condition: mixed })).toBe("no refusal");
    expect(await tryPut({ condition: { kind: "not", of: [mixed] } })).toBe("OTSConditionCheckFail");
    const missing = { ...named("none", "=", integer(1)), passIfMissing: true } as Filter;
    expect(await tryPut({ condition: missing })).toBe("no refusal");
    const deletion = {
      kind: "delete",
      table,
      key,
      condition: named("n", ">", integer(5)),
    } as const;
    expect(await refusalOf(driver.call("write", deletion))).toBe("OTSConditionCheckFail");
    expect(valuesOf(await read(table, key))).toEqual({ n: integer(5), s: text("x") });
  });

  it("filters rows by their columns", async () => {
    const table = await createTable();
    for (let i = 0; i < 6; i++) {
      const values = { n: integer(i), d: double(i / 2), s: text(`s${i}`), even: i % 2 ? no : yes };
      await put(table, keyOf("filter", i), i === 5 ? { s: text("s5") } : values);
    }
    const found = async (filter: Filter) => {
      const page = await driver.call("getRange", {
        table,
        from: bound(min),
        to: bound(max),
        filter,
      });
      return page.rows.map(({ key }) => Number(key[1]?.value));
    };
    const compare = (
      column: string,
      operator: Extract<Filter, { kind: "compare" }>["operator"],
      value: SdkValue,
      passIfMissing = false,
    ): Filter => ({ kind: "compare", column, operator, value, passIfMissing, latestOnly: true });
    expect(await found(compare("n", ">", integer(2)))).toEqual([3, 4]);
    expect(await found(compare("n", ">=", integer(3), true))).toEqual([3, 4, 5]);
    expect(await found(compare("n", "!=", integer(3)))).toEqual([0, 1, 2, 4]);
    expect(await found(compare("d", "<=", double(0.5)))).toEqual([0, 1]);
    expect(await found(compare("s", "<", text("s2")))).toEqual([0, 1]);
    expect(await found(compare("even", "=", yes))).toEqual([0, 2, 4]);
    expect(
      await found({
        kind: "and",
        of: [compare("even", "=", yes), { kind: "not", of: [compare("n", "=", integer(2))] }],
      }),
    ).toEqual([0, 4]);
    const key = keyOf("filter", 1);
    expect(await read(table, key, { filter: compare("n", "=", integer(2)) })).toBeNull();
  });

  if (limits.hasPageFilter) {
    it("pages through the columns of a wide row", async () => {
      const table = await createTable();
      const wide = Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [`c${String(i).padStart(2, "0")}`, integer(i)]),
      );
      await put(table, keyOf("wide", 1), wide);
      const page = async (offset: number) => {
        const row = await read(table, keyOf("wide", 1), {
          filter: { kind: "page", offset, limit: 5 },
        });
        return Object.values(valuesOf(row))
          .map(({ value }) => Number(value))
          .sort((a, b) => a - b);
      };
      expect([await page(0), await page(5), await page(10)]).toEqual([
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
        [10, 11],
      ]);
    });
  }

  it("tells the SDK why it refuses, in the codes of the service", async () => {
    const table = await createTable();
    const key = keyOf("refused", 1);
    expect(await refusalOf(read("no_such_table", key))).toBe("OTSObjectNotExist");
    expect(await refusalOf(put("no_such_table", key, {}))).toBe("OTSObjectNotExist");
    expect(await refusalOf(driver.call("deleteTable", { table: "no_such_table" }))).toBe(
      "OTSObjectNotExist",
    );
    const again = { table, key: [{ name: "other", type: "string" }] } as const;
    expect(await refusalOf(driver.call("createTable", again))).toBe("OTSObjectAlreadyExist");
    const wrongKey = [{ name: "pk1", ...integer(1) }];
    expect(await refusalOf(put(table, wrongKey, { c: integer(1) }))).toBe("OTSInvalidPK");
    expect(
      await refusalOf(
        update(table, key, { increments: [{ name: "s", by: "1" }], expect: "EXPECT_EXIST" }),
      ),
    ).toBe("OTSConditionCheckFail");

    const stranger = limits.start({
      port: server.port,
      ...testAccess,
      signature,
      accessKeySecret: "not-the-secret-of-this-key",
    });
    try {
      expect(await refusalOf(stranger.call("listTables", {}))).toBe("OTSAuthFailed");
      expect(await refusalOf(stranger.call("write", { kind: "put", table, key, put: [] }))).toBe(
        "OTSAuthFailed",
      );
    } finally {
      await stranger.close();
    }
    expect(await read(table, key)).toBeNull();
  });
}
