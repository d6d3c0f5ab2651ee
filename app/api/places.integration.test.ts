import { pino } from "pino";
import { beforeAll, describe, expect, it } from "vitest";
import { problemDocumentSchema } from "@/lib/contracts/problem-document";
import { createConsoleServices } from "@/lib/services/console-services";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { int64, sdk } from "@/workers/tablestore/testing/official-sdk";
import { callRoute } from "./testing/call-route";
import { narrowKey, readOnlyKey, withInstallation } from "./testing/installation";

const installation = withInstallation();

const call = (method: string, path: string, body?: unknown) =>
  callRoute(method, `/api/v1${path}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

beforeAll(async () => {
  const { tables } = installation();
  for (const name of ["b_table", "a_table", "c_other"]) {
    await tables("createTable", {
      tableMeta: { tableName: name, primaryKey: [{ name: "id", type: "INTEGER" }] },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
    });
  }
  await tables("putRow", {
    tableName: "a_table",
    condition: new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null),
    primaryKey: [{ id: int64(1) }],
    attributeColumns: [{ seen: "here" }],
  });
});

const destination = (more: object = {}) => ({
  ...installation().credentials.objectStore,
  name: `Place ${Math.random()}`,
  bucket: "culvert-demo",
  ...more,
});

describe("destination", () => {
  it("is made with an id from its name, shown without its secret, changed, and removed", async () => {
    const made = await call("POST", "/destinations", destination({ name: "Data Lake (EU)" }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ id: "data-lake-eu", forcePathStyle: true, tasks: 0 });
    const changed = await call("PATCH", "/destinations/data-lake-eu", { bucket: "other-bucket" });
    expect(changed.body).toMatchObject({ name: "Data Lake (EU)", bucket: "other-bucket" });
    expect((await call("DELETE", "/destinations/data-lake-eu")).status).toBe(204);
    expect((await call("DELETE", "/destinations/data-lake-eu")).status).toBe(404);
    expect((await call("PATCH", "/destinations/data-lake-eu", {})).status).toBe(404);
  });

  it("puts the bucket into the host name where the provider wants it there", async () => {
    const style = async (name: string, endpoint?: string) =>
      (await call("POST", "/destinations", destination({ name, endpoint }))).body.forcePathStyle;
    expect(await style("aws", undefined)).toBe(false);
    expect(await style("oss", "https://oss-cn-hangzhou.aliyuncs.com")).toBe(false);
    expect(await style("own", "http://storage.example:9000")).toBe(true);
  });

  it("names every problem at once", async () => {
    const answer = await call("POST", "/destinations", {
      id: "Not An Id",
      name: " ",
      endpoint: "ftp://x",
      region: "US East",
      bucket: "B",
      accessKeyId: "",
      secretAccessKey: 7,
      color: "red",
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual(
      [
        "accessKeyId",
        "bucket",
        "color",
        "endpoint",
        "id",
        "name",
        "region",
        "secretAccessKey",
      ].toSorted(),
    );
  });

  it("answers 409 for a taken name and while a task delivers to it", async () => {
    const body = destination({ name: "Twice" });
    expect((await call("POST", "/destinations", body)).status).toBe(201);
    expect((await call("POST", "/destinations", body)).body.code).toBe("resource.conflict");
    const made = await call("POST", "/tasks", {
      name: "holds-it",
      sourceId: "embedded",
      table: "a_table",
      destinationId: "twice",
      prefix: "held",
      mode: "full",
      schema: { kind: "auto" },
    });
    expect(made.status).toBe(201);
    const refused = await call("DELETE", "/destinations/twice");
    expect(refused.status).toBe(409);
    expect((await call("DELETE", "/sources/embedded")).status).toBe(409);
    const listed = await call("GET", "/destinations?limit=500");
    const twice = listed.body.items.find(({ id }: { id: string }) => id === "twice");
    expect(twice.tasks).toBe(1);
    expect(listed.body.total).toBe(listed.body.items.length);
  });
});

describe("probe", () => {
  const outcomes = (body: { steps: { operation: string; outcome: string }[] }) =>
    Object.fromEntries(body.steps.map(({ operation, outcome }) => [operation, outcome]));

  it("passes each permission that delivery needs and leaves nothing in the bucket", async () => {
    const answer = await call("POST", "/destinations/embedded/probe");
    expect(answer.body.ok).toBe(true);
    expect(outcomes(answer.body)).toEqual({
      ListBucket: "passed",
      GetObject: "passed",
      PutObject: "passed",
      UploadPart: "passed",
      AbortMultipartUpload: "passed",
    });
    const store = createS3ObjectStore({
      ...installation().credentials.objectStore,
      bucket: "culvert-demo",
      forcePathStyle: true,
    });
    expect((await store.list({ prefix: "" })).objects).toEqual([]);
    store.close();
  });

  it("says which permission is missing, and gives the policy to copy", async () => {
    await call("POST", "/destinations", destination({ id: "readonly", ...readOnlyKey }));
    const answer = await call("POST", "/destinations/readonly/probe");
    expect(answer.body.ok).toBe(false);
    expect(outcomes(answer.body)).toEqual({
      ListBucket: "passed",
      GetObject: "passed",
      PutObject: "failed",
      AbortMultipartUpload: "skipped",
    });
    const failed = answer.body.steps.find(
      ({ outcome }: { outcome: string }) => outcome === "failed",
    );
    expect(failed.failure).toMatchObject({
      code: "destination.access_denied",
      documentedName: "UnAuthorized",
    });
    expect(JSON.parse(answer.body.policy).Statement[0].Action).toContain("s3:PutObject");
  });

  it("tells a missing bucket, a wrong secret and a foreign bucket apart", async () => {
    const codeOf = async (id: string, more: object) => {
      await call("POST", "/destinations", destination({ id, ...more }));
      const { body } = await call("POST", `/destinations/${id}/probe`);
      return body.steps[0].failure.code;
    };
    expect(await codeOf("gone", { bucket: "no-such-bucket" })).toBe("destination.bucket_missing");
    expect(await codeOf("secret", { secretAccessKey: "not-the-secret" })).toBe(
      "destination.credentials_invalid",
    );
    expect(await codeOf("foreign", narrowKey)).toBe("destination.access_denied");
    expect(await codeOf("silent", { endpoint: "http://127.0.0.1:1" })).toBe(
      "destination.unavailable",
    );
  });
});

describe("source", () => {
  it("lists its tables by name, page by page, and shows one with the columns rows were seen to hold", async () => {
    const first = await call("GET", "/sources/embedded/tables?limit=2");
    expect(first.body).toMatchObject({
      items: [{ name: "a_table" }, { name: "b_table" }],
      total: 3,
    });
    const rest = await call(
      "GET",
      `/sources/embedded/tables?limit=2&cursor=${first.body.nextCursor}`,
    );
    expect(rest.body).toMatchObject({ items: [{ name: "c_other" }], nextCursor: null, total: 3 });
    const found = await call("GET", "/sources/embedded/tables?search=_TABLE");
    expect(found.body.total).toBe(2);
    const table = await call("GET", "/sources/embedded/tables/a_table");
    expect(table.body).toMatchObject({
      name: "a_table",
      primaryKey: [{ name: "id", type: "integer" }],
      seenColumns: [{ name: "seen", type: "string" }],
      sampledRows: 1,
    });
    expect((await call("GET", "/sources/embedded/tables/none")).body.code).toBe(
      "source.table_missing",
    );
    expect((await call("GET", "/sources/none/tables")).status).toBe(404);
  });

  it("is made, changed and removed; its secret works and is never shown", async () => {
    const { tablestore } = installation().credentials;
    const made = await call("POST", "/sources", {
      name: "Mine",
      instance: "culvert",
      ...tablestore,
      accessKeySecret: "wrong-at-first",
    });
    expect(made.body).toMatchObject({ id: "mine", kind: "tablestore", tasks: 0 });
    const refused = await call("GET", "/sources/mine/tables");
    expect(refused.body.code).toBe("source.credentials_invalid");
    const { accessKeySecret } = tablestore;
    expect((await call("PATCH", "/sources/mine", { accessKeySecret })).status).toBe(200);
    expect((await call("GET", "/sources/mine/tables")).status).toBe(200);
    expect((await call("DELETE", "/sources/mine")).status).toBe(204);
  });
});

describe("every request", () => {
  const headers = () => ({ authorization: `Bearer ${installation().credentials.console.apiKey}` });

  it("has a body of JSON that is not too large, or is refused with a problem document", async () => {
    const send = (body: unknown, more: Record<string, string> = {}) =>
      callRoute("POST", "/api/v1/sources", { headers: { ...headers(), ...more }, body });
    expect((await send("{")).status).toBe(400);
    expect((await send("")).body.code).toBe("request.malformed");
    expect(
      (await send("name=x", { "content-type": "application/x-www-form-urlencoded" })).status,
    ).toBe(400);
    expect((await send("[]")).body.errors).toEqual([
      { field: "body", message: "This must be an object." },
    ]);
    const large = await send(JSON.stringify({ name: "x".repeat(3 * 1024 * 1024) }));
    expect(large).toMatchObject({ status: 413, body: { code: "request.too_large" } });
  });

  it("gets an answer that nobody stores", async () => {
    for (const address of ["/api/v1/tasks", "/api/v1/tasks/none", "/api/v1/health"]) {
      const answer = await callRoute("GET", address, { headers: headers() });
      expect(answer.headers.get("cache-control"), address).toBe("no-store");
    }
  });

  it("to an address that no route has gets a problem document", async () => {
    const answer = await callRoute("GET", "/api/v1/no/such/thing");
    expect(problemDocumentSchema.parse(answer.body)).toMatchObject({
      status: 404,
      code: "resource.not_found",
    });
  });

  it("gets no secret back, whatever it asks", async () => {
    const { credentials, services } = installation();
    const secrets = [
      credentials.tablestore.accessKeySecret,
      credentials.objectStore.secretAccessKey,
      credentials.console.password,
      credentials.console.apiKey,
      services.secretKey.toString("base64"),
      "v1.",
    ];
    const bad = { ...credentials.objectStore, bucket: "x", name: "y", region: "?" };
    const answers = [
      await call("GET", "/sources"),
      await call("GET", "/destinations?limit=500"),
      await call("POST", "/destinations", bad),
      await call("POST", "/destinations", {
        ...bad,
        secretAccessKey: [credentials.objectStore.secretAccessKey],
      }),
      await call("POST", "/destinations/embedded/probe"),
      await call("GET", "/tasks?limit=500"),
      await callRoute("GET", "/api/v1/health"),
      await callRoute("GET", "/api/openapi.json"),
    ];
    for (const { text } of answers) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });
});

describe("log", () => {
  it("names who changed what, and holds no secret", async () => {
    const { createLog } = await import("@/lib/platform/log");
    const lines: string[] = [];
    process.env.LOG_LEVEL = "debug";
    const log = createLog("console", { write: (line) => void lines.push(line) });
    process.env.LOG_LEVEL = "silent";
    const slot = Symbol.for("culvert.console");
    const one = (globalThis as Record<symbol, { log: unknown }>)[slot]!;
    const before = one.log;
    one.log = log;
    try {
      await call("POST", "/destinations", destination({ id: "logged" }));
      await call("POST", "/destinations", destination({ id: "logged" }));
      await call("PATCH", "/destinations/logged", { secretAccessKey: "rotated-secret-value" });
    } finally {
      one.log = before;
    }
    const text = lines.join("");
    expect(text).toContain('"operation":"createDestination"');
    expect(text).toContain('"via":"api_key"');
    expect(text).toContain("resource.conflict");
    expect(text).not.toContain(installation().credentials.objectStore.secretAccessKey);
    expect(text).not.toContain("rotated-secret-value");
    expect(text).not.toContain(installation().credentials.console.apiKey);
  });
});

describe("while the database is away", () => {
  it("answers 503 and not 401, so that nobody looks for another key", async () => {
    const slot = Symbol.for("culvert.console");
    const one = (globalThis as Record<symbol, { services: unknown }>)[slot]!;
    const { services, credentials } = installation();
    const env = { ...services.env, DATABASE_URL: "postgresql://nobody:nothing@127.0.0.1:1/none" };
    const away = createConsoleServices(env, pino({ level: "silent" }));
    one.services = away;
    try {
      for (const headers of [
        { authorization: `Bearer ${credentials.console.apiKey}` },
        { cookie: "culvert.session_token=abc.def" },
      ]) {
        const answer = await callRoute("GET", "/api/v1/tasks", { headers });
        expect(answer.body).toMatchObject({ status: 503, code: "internal.database_unavailable" });
        expect(answer.text).not.toContain("nothing");
      }
      const health = await callRoute("GET", "/api/v1/health");
      expect(health.status).toBe(503);
      expect(health.body.parts).toContainEqual({
        name: "database",
        ok: false,
        detail: "internal.database_unavailable",
      });
    } finally {
      one.services = services;
      await away.database.close();
    }
  });
});

describe("health", () => {
  it("is 503 without a live worker and 200 with one, and names each part", async () => {
    const { prisma } = installation().services.database;
    const dead = await callRoute("GET", "/api/v1/health");
    expect(dead.status).toBe(503);
    expect(dead.body.parts.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([
      { name: "delivery_worker", ok: false, detail: "no worker is alive" },
    ]);
    const leaseUntil = new Date(Date.now() + 60_000);
    await prisma.worker.create({ data: { id: "w", host: "h", startedAt: new Date(), leaseUntil } });
    const alive = await callRoute("GET", "/api/v1/health");
    expect(alive.status).toBe(200);
    expect(alive.body.parts.map(({ name }: { name: string }) => name).toSorted()).toEqual(
      ["credentials", "database", "delivery_worker", "object_store", "tablestore"].toSorted(),
    );
    await prisma.worker.deleteMany();
  });
});

describe("metrics", () => {
  it("are Prometheus text with counts only", async () => {
    const { GET } = await import("@/app/metrics/route");
    const response = await GET();
    const text = await response.text();
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(text).toMatch(/^culvert_tasks\{state="running"\} 1$/m);
    expect(text).toMatch(/^culvert_rows 0$/m);
    expect(text).not.toContain("holds-it");
  });
});
