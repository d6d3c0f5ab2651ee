import { beforeAll, describe, expect, it } from "vitest";
import { datasetPageSchema, datasetViewSchema } from "@/lib/contracts/dataset-body";
import { problemDocumentSchema } from "@/lib/contracts/problem-document";
import { createS3ObjectStore } from "@/lib/storage/s3-object-store";
import { callRoute } from "./testing/call-route";
import { withInstallation } from "./testing/installation";

const installation = withInstallation();

const call = (method: string, path: string, body?: unknown) =>
  callRoute(method, `/api/v1${path}`, {
    headers: { authorization: `Bearer ${installation().credentials.console.apiKey}` },
    ...(body === undefined ? {} : { body }),
  });

const columns = [
  { name: "id", type: "INT64" },
  { name: "note", type: "UTF8" },
];
const dataset = (name: string, more: object = {}) => ({
  name,
  destinationId: "embedded",
  folder: `lake/${name}`,
  columns,
  ...more,
});

beforeAll(async () => {
  await installation().tables("createTable", {
    tableMeta: { tableName: "orders", primaryKey: [{ name: "id", type: "INTEGER" }] },
    reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
    tableOptions: { timeToLive: -1, maxVersions: 1 },
  });
  const task = {
    ...{ name: "orders", sourceId: "embedded", table: "orders", destinationId: "embedded" },
    ...{ prefix: "delivered/orders/year=$yyyy", mode: "incremental", schema: { kind: "auto" } },
  };
  expect((await call("POST", "/tasks", task)).status).toBe(201);
});

/** An object of somebody else's, made as any S3 program would. */
async function putForeign(key: string): Promise<void> {
  const store = createS3ObjectStore({
    ...installation().credentials.objectStore,
    bucket: "culvert-demo",
    forcePathStyle: true,
  });
  const contentType = "text/plain";
  const uploadId = await store.createUpload({ key, metadata: {}, contentType });
  const body = new TextEncoder().encode("somebody else's");
  const part = await store.uploadPart({ key, uploadId, partNumber: 1, body });
  await store.completeUpload({ key, uploadId, parts: [part] });
  store.close();
}

describe("datasets", () => {
  it("are made, described, listed with what tasks deliver, and forgotten", async () => {
    const made = await call("POST", "/datasets", dataset("clicks", { partitionColumns: ["ds"] }));
    expect(made.status).toBe(201);
    expect(datasetViewSchema.parse(made.body)).toMatchObject({
      ...{ name: "clicks", origin: "dataset", bucket: "culvert-demo", folder: "lake/clicks" },
      ...{ columns, partitionColumns: ["ds"], schemaVersion: 1, objects: 0, rows: 0, bytes: 0 },
    });
    const page = datasetPageSchema.parse((await call("GET", "/datasets")).body);
    expect(page.items.map(({ name, origin }) => [name, origin])).toEqual([
      ["clicks", "dataset"],
      ["orders", "task"],
    ]);
    expect(page.total).toBe(2);
    const ofTask = page.items[1];
    expect(ofTask).toMatchObject({
      folder: "delivered/orders/year=$yyyy",
      partitionColumns: ["year"],
    });
    expect(ofTask?.columns).toContainEqual({ name: "id", type: "INT64" });
    expect((await call("DELETE", "/datasets/clicks")).status).toBe(204);
    const gone = await call("GET", "/datasets/clicks");
    expect([gone.status, gone.body.code, gone.body.documentedName]).toEqual([
      404,
      "dataset.not_found",
      "NoSuchTable",
    ]);
    expect((await call("POST", "/datasets", dataset("clicks"))).status).toBe(201);
  });

  it("are paged and searched by name", async () => {
    for (const name of ["page-a", "page-b", "page-c"]) {
      expect((await call("POST", "/datasets", dataset(name))).status).toBe(201);
    }
    const names: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await call("GET", `/datasets?limit=2&search=page${cursor}`);
      expect(page.body.total).toBe(3);
      names.push(...page.body.items.map(({ name }: { name: string }) => name));
      if (page.body.nextCursor === null) break;
      cursor = `&cursor=${page.body.nextCursor}`;
    }
    expect(names).toEqual(["page-a", "page-b", "page-c"]);
  });

  it("take new columns at the end only, each time as a new version", async () => {
    await call("POST", "/datasets", dataset("grows"));
    const more = [...columns, { name: "price", type: "DOUBLE" }];
    const grown = await call("PATCH", "/datasets/grows", { columns: more });
    expect([grown.status, grown.body.schemaVersion, grown.body.columns]).toEqual([200, 2, more]);
    const refused = await call("PATCH", "/datasets/grows", { columns });
    expect([refused.status, refused.body.errors[0].field]).toEqual([422, "columns"]);
  });

  it("have a statement in every dialect", async () => {
    await call("POST", "/datasets", dataset("told", { partitionColumns: ["ds"] }));
    for (const dialect of ["hive", "spark", "dla", "trino", "duckdb", "clickhouse"]) {
      const told = await call("GET", `/datasets/told/ddl?dialect=${dialect}`);
      expect([told.status, told.body.statement]).toEqual([200, expect.stringContaining("ds")]);
    }
    const ofTask = await call("GET", "/datasets/orders/ddl?dialect=hive");
    expect(ofTask.body).toEqual((await call("GET", "/tasks/orders/ddl?dialect=hive")).body);
  });
});

describe("a dataset is refused", () => {
  const refusal = async (body: object) => {
    const answer = await call("POST", "/datasets", body);
    return problemDocumentSchema.parse(answer.body);
  };

  it("as a view, with the documented name", async () => {
    const { status, code, documentedName } = await refusal(dataset("a-view", { kind: "view" }));
    expect([status, code, documentedName]).toEqual([405, "dataset.is_view", "MethodNotAllowed"]);
  });

  it("where somebody else's object stands", async () => {
    await putForeign("lake/foreign/deep/thing.txt");
    const { status, code, errors } = await refusal(dataset("foreign"));
    expect([status, code, errors[0]?.field]).toEqual([409, "dataset.folder_foreign", "folder"]);
  });

  it.each(["delivered", "delivered/orders", "delivered/orders/deep"])(
    "where a task delivers: %s",
    async (folder) => {
      const { status, errors } = await refusal(dataset("overlaps", { folder }));
      expect([status, errors.map(({ field }) => field)]).toEqual([
        422,
        expect.arrayContaining(["folder"]),
      ]);
    },
  );

  it("in or around another one's folder, however many try at once", async () => {
    const folders = ["twins", "twins/deep", "twins", "twins/deep/deeper"];
    const answers = await Promise.all(
      folders.map((folder, index) =>
        call("POST", "/datasets", dataset(`twin-${index}`, { folder })),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422, 422]);
  });

  it("under a name that is taken, by a task as well", async () => {
    const { status, code } = await refusal(dataset("orders", { folder: "elsewhere" }));
    expect([status, code]).toEqual([409, "dataset.name_taken"]);
  });

  it("with every problem at once", async () => {
    const { status, errors } = await refusal({
      ...{ name: "X", destinationId: "nowhere", folder: "a//b", columns: [], colour: 1 },
    });
    expect(status).toBe(422);
    expect(new Set(errors.map(({ field }) => field))).toEqual(
      new Set(["name", "destinationId", "folder", "columns", "colour"]),
    );
  });
});

describe("a task beside datasets", () => {
  it("delivers into no dataset's folder and takes no dataset's name", async () => {
    await call("POST", "/datasets", dataset("apart"));
    const body = {
      ...{ name: "apart", sourceId: "embedded", table: "orders", destinationId: "embedded" },
      ...{ prefix: "lake/apart/$yyyy", mode: "incremental", schema: { kind: "auto" } },
    };
    const { status, body: problem } = await call("POST", "/tasks", body);
    expect([status, problem.errors.map(({ field }: { field: string }) => field).sort()]).toEqual([
      422,
      ["name", "prefix"],
    ]);
    const changed = await call("PATCH", "/tasks/orders", { dirtyPrefix: "lake/apart/dirty" });
    expect([changed.status, changed.body.errors[0].field]).toEqual([422, "dirtyPrefix"]);
    const unwritable = await call("DELETE", "/datasets/orders");
    expect([unwritable.status, unwritable.body.documentedName]).toEqual([405, "MethodNotAllowed"]);
  });

  it("keeps its destination as a dataset does", async () => {
    await call("POST", "/destinations", {
      ...{ id: "held", bucket: "culvert-demo", accessKeyId: "k", secretAccessKey: "s" },
      endpoint: installation().credentials.objectStore.endpoint,
    });
    expect((await call("DELETE", "/destinations/held")).status).toBe(204);
    expect((await call("DELETE", "/destinations/embedded")).status).toBe(409);
  });
});
