import { beforeAll, describe, expect, it } from "vitest";
import { int64, sdk } from "@/workers/tablestore/testing/official-sdk";
import { callRoute } from "./testing/call-route";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();

const call = (method: string, path: string, body?: unknown) =>
  callRoute(method, `/api/v1/sources/embedded${path}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

const orders = {
  name: "orders",
  primaryKey: [
    { name: "region", type: "string" },
    { name: "id", type: "integer" },
  ],
  definedColumns: [{ name: "amount", type: "double" }],
  streamExpirationHours: 24,
};
const key = (region: string, id: string) => [
  { name: "region", type: "string", value: region },
  { name: "id", type: "integer", value: id },
];
const text = (name: string, value: string) => ({ name, type: "string", value });

beforeAll(async () => {
  expect((await call("POST", "/tables", orders)).status).toBe(201);
});

describe("table", () => {
  it("is created with all its settings and says them", async () => {
    const made = await call("POST", "/tables", {
      name: "numbered",
      primaryKey: [
        { name: "who", type: "binary" },
        { name: "seq", type: "integer", autoIncrement: true },
      ],
      definedColumns: [
        { name: "flag", type: "boolean" },
        { name: "body", type: "binary" },
      ],
      timeToLiveSeconds: 86_400,
      versionsMax: 3,
      streamExpirationHours: 48,
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: "numbered",
      primaryKey: [
        { name: "who", type: "binary" },
        { name: "seq", type: "integer" },
      ],
      definedColumns: [
        { name: "flag", type: "boolean" },
        { name: "body", type: "binary" },
      ],
      autoIncrementColumn: "seq",
      timeToLiveSeconds: 86_400,
      versionsMax: 3,
      streamExpirationHours: 48,
      tasks: [],
    });
    expect(Date.now() - Date.parse(made.body.createdAt)).toBeLessThan(60_000);
  });

  it("that cannot be is refused with every problem at once, and a taken name with a conflict", async () => {
    const refused = await call("POST", "/tables", {
      name: "1st",
      primaryKey: [
        { name: "id", type: "integer", autoIncrement: true },
        { name: "id", type: "double" },
      ],
      streamExpirationHours: 169,
      timeToLiveSeconds: 5,
    });
    expect(refused.status).toBe(422);
    const fields = refused.body.errors.map(({ field }: { field: string }) => field);
    expect(fields).toEqual(
      expect.arrayContaining([
        "name",
        "primaryKey[1].type",
        "streamExpirationHours",
        "timeToLiveSeconds",
      ]),
    );
    const crossed = await call("POST", "/tables", {
      name: "crossed",
      primaryKey: [{ name: "id", type: "integer", autoIncrement: true }],
      definedColumns: [{ name: "id", type: "string" }],
    });
    expect(crossed.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      "definedColumns[0].name",
      "primaryKey[0].autoIncrement",
    ]);
    const taken = await call("POST", "/tables", orders);
    expect(taken).toMatchObject({ status: 409, body: { code: "resource.conflict" } });
  });

  it("has its stream switched on and off and its time to live changed", async () => {
    await call("POST", "/tables", { ...orders, name: "settings", streamExpirationHours: null });
    const on = await call("PATCH", "/tables/settings", { streamExpirationHours: 12 });
    expect(on.body).toMatchObject({ streamExpirationHours: 12, timeToLiveSeconds: -1 });
    const longer = await call("PATCH", "/tables/settings", { timeToLiveSeconds: 172_800 });
    expect(longer.body).toMatchObject({ streamExpirationHours: 12, timeToLiveSeconds: 172_800 });
    const off = await call("PATCH", "/tables/settings", { streamExpirationHours: null });
    expect(off.body.streamExpirationHours).toBeNull();
    expect((await call("PATCH", "/tables/settings", {})).status).toBe(422);
  });

  it("read by a task is not deleted and keeps its stream until the task is gone", async () => {
    await call("POST", "/tables", { ...orders, name: "in_use" });
    const task = await callRoute("POST", "/api/v1/tasks", {
      headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
      body: {
        name: "reads-it",
        sourceId: "embedded",
        table: "in_use",
        destinationId: "embedded",
        prefix: "in-use/$yyyy",
        mode: "incremental",
        schema: { kind: "auto" },
      },
    });
    expect(task.status).toBe(201);
    expect((await call("GET", "/tables/in_use")).body.tasks).toEqual(["reads-it"]);
    for (const refused of [
      await call("DELETE", "/tables/in_use"),
      await call("PATCH", "/tables/in_use", { streamExpirationHours: null }),
    ]) {
      expect(refused).toMatchObject({ status: 409, body: { code: "resource.conflict" } });
      expect(refused.body.cause).toContain("reads-it");
    }
    const { items } = (await call("GET", "/tunnels?table=in_use")).body;
    expect(items).toMatchObject([{ table: "in_use", type: "Stream", task: "reads-it" }]);
    const tunnel = await call("DELETE", `/tables/in_use/tunnels/${items[0].name}`);
    expect(tunnel.status).toBe(409);
    expect(tunnel.body.cause).toContain("Delete the task");
  });

  it("is deleted when nobody reads it", async () => {
    await call("POST", "/tables", { ...orders, name: "short_lived" });
    expect((await call("DELETE", "/tables/short_lived")).status).toBe(204);
    expect((await call("GET", "/tables/short_lived")).body.code).toBe("source.table_missing");
    expect((await call("DELETE", "/tables/short_lived")).body.code).toBe("source.table_missing");
  });
});

describe("row", () => {
  const rowsOf = async (query: string) => {
    const { body } = await call("GET", `/tables/orders/rows${query}`);
    return body.items.map(({ key: [, id] }: { key: { value: string }[] }) => id?.value);
  };

  it("holds values of every type exactly, integers of 64 bits and odd doubles among them", async () => {
    const attributes = [
      { name: "big", type: "integer", value: "9007199254740993" },
      { name: "blob", type: "binary", value: "AP8=" },
      { name: "flag", type: "boolean", value: false },
      { name: "nan", type: "double", value: "NaN" },
      { name: "ratio", type: "double", value: 0.1 },
      { name: "words", type: "string", value: "água\n" },
    ];
    const inserted = await call("POST", "/tables/orders/rows", {
      cells: [...attributes, ...key("types", "-9223372036854775808")],
    });
    expect(inserted.status).toBe(204);
    const { body } = await call("GET", "/tables/orders/rows?keyEquals=types");
    expect(body).toEqual({
      items: [{ key: key("types", "-9223372036854775808"), attributes }],
      nextCursor: null,
    });
  });

  it("with a taken key, a key of another type or an impossible value is refused", async () => {
    const cells = [...key("once", "1"), text("note", "first")];
    expect((await call("POST", "/tables/orders/rows", { cells })).status).toBe(204);
    const again = await call("POST", "/tables/orders/rows", { cells });
    expect(again).toMatchObject({ status: 409, body: { code: "resource.conflict" } });
    const wrong = await call("POST", "/tables/orders/rows", { cells: [text("id", "1")] });
    expect(wrong.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      "region",
      "id",
    ]);
    const tooLarge = await call("POST", "/tables/orders/rows", {
      cells: key("once", "9223372036854775808"),
    });
    expect(tooLarge.body.errors[0].field).toBe("cells[1].value");
  });

  it("is changed in the attributes named only, and is not brought back once it is gone", async () => {
    const cells = [...key("edit", "1"), text("stays", "a"), text("goes", "b"), text("turns", "c")];
    await call("POST", "/tables/orders/rows", { cells });
    const changed = await call("PATCH", "/tables/orders/rows", {
      key: key("edit", "1"),
      set: [{ name: "turns", type: "integer", value: "7" }],
      remove: ["goes"],
    });
    expect(changed.status).toBe(204);
    const { body } = await call("GET", "/tables/orders/rows?keyEquals=edit");
    expect(body.items[0].attributes).toEqual([
      text("stays", "a"),
      { name: "turns", type: "integer", value: "7" },
    ]);
    const ofKey = await call("PATCH", "/tables/orders/rows", {
      key: key("edit", "1"),
      set: key("edit", "2"),
    });
    expect(ofKey.status).toBe(422);
    const gone = await call("POST", "/tables/orders/rows/delete", { key: key("edit", "1") });
    expect(gone.status).toBe(204);
    const late = await call("PATCH", "/tables/orders/rows", {
      key: key("edit", "1"),
      set: [text("stays", "z")],
    });
    expect(late.status).toBe(404);
    expect(await rowsOf("?keyEquals=edit")).toEqual([]);
  });

  it("is numbered by the source where the key's column is", async () => {
    await call("POST", "/tables", {
      name: "counted",
      primaryKey: [
        { name: "who", type: "string" },
        { name: "seq", type: "integer", autoIncrement: true },
      ],
    });
    for (const note of ["one", "two"]) {
      const cells = [text("who", "me"), text("note", note)];
      expect((await call("POST", "/tables/counted/rows", { cells })).status).toBe(204);
    }
    const { body } = await call("GET", "/tables/counted/rows");
    expect(body.items.map(({ attributes }: { attributes: unknown }) => attributes)).toEqual([
      [text("note", "one")],
      [text("note", "two")],
    ]);
  });

  it("is found by the first column of its key: exactly, by prefix, by range; page by page", async () => {
    const rows = ["va-1", "va-2", "vb-1", "vb-2", "zz"].map((region, id) => ({
      cells: key(region, String(id)),
    }));
    const imported = await call("POST", "/tables/orders/rows/import", { rows });
    expect(imported.body).toEqual({ written: 5, refused: [] });
    expect(await rowsOf("?keyEquals=vb-1")).toEqual(["2"]);
    expect(await rowsOf("?keyPrefix=va-")).toEqual(["0", "1"]);
    expect(await rowsOf("?keyFrom=va-2&keyTo=vb-1")).toEqual(["1", "2"]);
    expect(await rowsOf("?keyFrom=vb-2")).toEqual(["3", "4"]);
    const first = await call("GET", "/tables/orders/rows?keyPrefix=vb&limit=1");
    expect(first.body.items).toHaveLength(1);
    const next = await call(
      "GET",
      `/tables/orders/rows?keyPrefix=vb&limit=5&cursor=${first.body.nextCursor}`,
    );
    expect(next.body).toMatchObject({ items: [{ key: key("vb-2", "3") }], nextCursor: null });
    expect((await call("GET", "/tables/orders/rows?cursor=bm8")).body.errors[0].field).toBe(
      "cursor",
    );
    expect((await call("GET", "/tables/orders/rows?keyEquals=a&keyPrefix=b")).status).toBe(422);
  });

  it("of an import that cannot be written is named with its column, and the others are written", async () => {
    const answer = await call("POST", "/tables/orders/rows/import", {
      rows: [
        { cells: [...key("import", "1"), text("note", "good")] },
        { cells: [...key("import", "2"), { name: "amount", type: "integer", value: "1.5" }] },
        { cells: [text("region", "import")] },
        { cells: [...key("import", "3"), text("note", "x".repeat(1024 * 1024))] },
        { cells: key("import", "4") },
      ],
    });
    expect(answer.status).toBe(200);
    expect(answer.body.written).toBeGreaterThanOrEqual(2);
    expect(answer.body.refused).toEqual(
      expect.arrayContaining([
        { index: 1, column: "amount", message: expect.any(String) },
        { index: 2, column: "id", message: "This column of the key is missing." },
      ]),
    );
    const written = await rowsOf("?keyEquals=import");
    expect(written).toEqual(expect.arrayContaining(["1", "4"]));
    expect(written).not.toContain("2");
    const rows = Array.from({ length: 201 }, () => ({ cells: key("many", "1") }));
    expect((await call("POST", "/tables/orders/rows/import", { rows })).status).toBe(422);
  });
});

describe("tunnel", () => {
  it("is created, shows its channels, how far they are and when they expire, and is deleted", async () => {
    const made = await call("POST", "/tables/orders/tunnels", {
      name: "mine",
      type: "BaseAndStream",
    });
    expect(made.status).toBe(201);
    const again = await call("POST", "/tables/orders/tunnels", { name: "mine", type: "Stream" });
    expect(again).toMatchObject({ status: 409, body: { code: "source.tunnel_exists" } });
    await installation().tables("putRow", {
      tableName: "orders",
      condition: new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null),
      primaryKey: [{ region: "late" }, { id: int64(1) }],
      attributeColumns: [{ note: "unread" }],
    });
    const { body } = await call("GET", "/tables/orders/tunnels/mine");
    expect(body).toMatchObject({
      name: "mine",
      table: "orders",
      type: "BaseAndStream",
      expired: false,
      task: null,
      streamExpirationHours: 24,
    });
    expect(body.channels.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(["base", "stream"]),
    );
    expect(Date.parse(body.expiresAt) - Date.parse(body.consumedThrough)).toBe(24 * 3_600_000);
    expect(body.latencySeconds).toBeGreaterThanOrEqual(0);
    expect((await call("DELETE", "/tables/orders/tunnels/mine")).status).toBe(204);
    for (const method of ["GET", "DELETE"]) {
      expect(await call(method, "/tables/orders/tunnels/mine")).toMatchObject({
        status: 404,
        body: { code: "resource.not_found" },
      });
    }
  });

  it("gets two channels for one that is split, and one that is not written cannot be", async () => {
    await call("POST", "/tables", { ...orders, name: "hot" });
    await call("POST", "/tables/hot/tunnels", { name: "reader", type: "Stream" });
    const { channels } = (await call("GET", "/tables/hot/tunnels/reader")).body;
    const { channelId } = channels[0];
    const split = await call("POST", "/tables/hot/tunnels/reader/split", { channelId });
    expect(split.status).toBe(200);
    expect(split.body.channels).toHaveLength(channels.length + 2);
    const again = await call("POST", "/tables/hot/tunnels/reader/split", { channelId });
    expect(again).toMatchObject({ status: 422, body: { code: "source.change_refused" } });
    expect(await call("POST", "/tables/hot/tunnels/none/split", { channelId })).toMatchObject({
      status: 404,
      body: { code: "resource.not_found" },
    });
    expect((await call("POST", "/tables/hot/tunnels/reader/split", {})).status).toBe(422);
  });

  it("is listed by table and name, of one table or of all, page by page", async () => {
    await call("POST", "/tables", { ...orders, name: "a_listed" });
    for (const name of ["t2", "t1"]) {
      await call("POST", "/tables/a_listed/tunnels", { name, type: "BaseData" });
    }
    await call("POST", "/tables/orders/tunnels", { name: "t0", type: "Stream" });
    const names = ({ body }: Awaited<ReturnType<typeof call>>) =>
      body.items.map(({ table, name }: { table: string; name: string }) => `${table}/${name}`);
    const one = await call("GET", "/tunnels?table=a_listed");
    expect(names(one)).toEqual(["a_listed/t1", "a_listed/t2"]);
    const all = await call("GET", "/tunnels");
    expect(names(all)).toEqual(names(all).toSorted());
    expect(names(all)).toEqual(expect.arrayContaining(["a_listed/t1", "a_listed/t2", "orders/t0"]));
    const first = await call("GET", "/tunnels?limit=1");
    const second = await call("GET", `/tunnels?limit=1&cursor=${first.body.nextCursor}`);
    expect([...names(first), ...names(second)]).toEqual(["a_listed/t1", "a_listed/t2"]);
    expect(first.body.total).toBe(all.body.items.length);
  });

  it("of no table or with an impossible name is refused", async () => {
    const missing = await call("POST", "/tables/none/tunnels", { name: "t", type: "Stream" });
    expect(missing.body.code).toBe("source.table_missing");
    const wrong = await call("POST", "/tables/orders/tunnels", { name: "", type: "Both" });
    expect(wrong.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      "name",
      "type",
    ]);
  });
});
