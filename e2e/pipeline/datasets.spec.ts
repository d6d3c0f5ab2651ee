import { execFile, spawn, spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { expect } from "@playwright/test";
import { bucketName } from "../support/culvert";
import { test as base } from "../support/fixtures";
import { download, listKeys } from "../support/objects";
import { unique } from "../support/unique";

/** Slim containers have none. */
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

type Curl = (...args: string[]) => Promise<string>;

const test = base.extend<{ folder: string; duckdb: DuckDBConnection; curl: Curl }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern
  folder: async ({}, use) => {
    const folder = mkdtempSync(path.join(tmpdir(), "culvert-datasets-"));
    await use(folder);
    await rm(folder, { recursive: true });
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern
  duckdb: async ({}, use) => {
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    await use(connection);
    connection.closeSync();
    instance.closeSync();
  },
  /** The program, as in README. */
  curl: async ({ culvert }, use, info) => {
    if (!hasCurl && process.env.INTEROP_REQUIRED !== "1") {
      info.skip(
        true,
        "This machine has no curl; everything else of an upload is tested without it.",
      );
    }
    await use(async (...args) => {
      const key = `Authorization: Bearer ${culvert.console.apiKey}`;
      const { stdout } = await promisify(execFile)("curl", ["-sS", "-H", key, ...args]);
      return stdout;
    });
  },
});

const json = ["-H", "content-type: application/json"] as const;

test("rows that curl uploads as CSV, NDJSON and Parquet come back equal, from the bucket and by download", async ({
  culvert,
  curl,
  duckdb,
  folder,
  s3,
}) => {
  const name = unique("curl");
  const api = `${culvert.console.endpoint}/api/v1/datasets`;
  const file = (suffix: string) => path.join(folder, suffix);
  const rows = 20_000;
  const select = `SELECT range::BIGINT AS id, range / 8 AS price, 'note ' || range AS note FROM range(${rows})`;
  await duckdb.run(`COPY (${select}) TO '${file("up.parquet")}' (FORMAT parquet)`);
  await duckdb.run(`COPY (${select}) TO '${file("up.csv")}' (FORMAT csv, HEADER)`);
  await duckdb.run(`COPY (${select}) TO '${file("up.ndjson")}' (FORMAT json)`);
  const columns = [
    { name: "id", type: "INT64" },
    { name: "price", type: "DOUBLE" },
    { name: "note", type: "UTF8" },
  ];
  const dataset = { name, destinationId: "embedded", folder: `e2e/${name}`, columns };
  const made = await curl(
    ...json,
    api,
    "-d",
    JSON.stringify({ ...dataset, partitionColumns: ["ds"] }),
  );
  expect(JSON.parse(made)).toMatchObject({ name, rows: 0 });

  const uploads = `${api}/${name}/upload-sessions`;
  const { id } = JSON.parse(await curl(...json, uploads, "-d", '{"partition": "ds=one"}'));
  const types = [
    ["parquet", "application/vnd.apache.parquet"],
    ["csv", "text/csv"],
    ["ndjson", "application/x-ndjson"],
  ] as const;
  for (const [block, [suffix, type]] of types.entries()) {
    const put = ["-H", `content-type: ${type}`, "-T", file(`up.${suffix}`)];
    const answer = JSON.parse(await curl(...put, `${uploads}/${id}/blocks/${block}`));
    expect(answer).toMatchObject({ block, rows, format: suffix });
  }
  expect(await listKeys(s3, bucketName, `e2e/${name}/`)).toEqual([]);
  const committed = await curl(...json, `${uploads}/${id}/commit`, "-d", '{"blocks": [0, 1, 2]}');
  expect(JSON.parse(committed)).toMatchObject({ status: "committed", rows: 3 * rows });

  const keys = await listKeys(s3, bucketName, `e2e/${name}/`);
  expect(keys.length).toBe(3);
  const differs = async (from: string) => {
    const read = `SELECT id, price, note FROM read_parquet('${from}')`;
    const difference = await duckdb.runAndReadAll(
      `(${select} EXCEPT ALL ${read}) UNION ALL (${read} EXCEPT ALL ${select})`,
    );
    return difference.getRows().length;
  };
  await download(s3, bucketName, keys, folder);
  for (const key of keys) expect(await differs(path.join(folder, key))).toBe(0);

  const downloads = `${api}/${name}/download-sessions`;
  const snapshot = JSON.parse(await curl(...json, downloads, "-d", "{}"));
  expect(snapshot.rows).toBe(3 * rows);
  const read = `${downloads}/${snapshot.id}/rows?from=${rows}&count=${rows}`;
  await curl(`${read}&format=parquet`, "-o", file("down.parquet"));
  expect(await differs(file("down.parquet"))).toBe(0);
  const csv = await curl(`${downloads}/${snapshot.id}/rows?count=1&columns=id,ds&format=csv`);
  expect(csv).toMatch(/^id,ds\n\d+,one\n$/);
});

test("a stream from a pipe is taken while it comes, and one that breaks off leaves nothing", async ({
  culvert,
  curl,
  folder,
}) => {
  const name = unique("pipe");
  const api = `${culvert.console.endpoint}/api/v1/datasets`;
  const columns = [{ name: "id", type: "INT64" }];
  const dataset = { name, destinationId: "embedded", folder: `e2e/${name}`, columns };
  await curl(...json, api, "-d", JSON.stringify(dataset));
  const uploads = `${api}/${name}/upload-sessions`;
  const { id } = JSON.parse(await curl(...json, uploads, "-d", "{}"));

  const rows = 200_000;
  const lines = path.join(folder, "lines.csv");
  writeFileSync(lines, `id\n${Array.from({ length: rows }, (_, at) => at).join("\n")}\n`);
  const piped = spawn("curl", [
    ...["-sS", "-H", `Authorization: Bearer ${culvert.console.apiKey}`],
    ...["-H", "content-type: text/csv", "-T", "-", `${uploads}/${id}/blocks/0`],
  ]);
  createReadStream(lines).pipe(piped.stdin);
  const answered = await new Response(piped.stdout as unknown as BodyInit).text();
  expect(JSON.parse(answered)).toMatchObject({ rows });

  const cut = spawn("curl", [
    ...["-sS", "-H", `Authorization: Bearer ${culvert.console.apiKey}`],
    ...["-H", "content-type: text/csv", "-T", "-", `${uploads}/${id}/blocks/1`],
  ]);
  const begun = readFileSync(lines).subarray(0, 100_000);
  await new Promise((resolve) => cut.stdin.write(begun, resolve));
  cut.kill("SIGKILL");
  await new Promise((resolve) => cut.once("close", resolve));
  const { items } = JSON.parse(await curl(`${uploads}/${id}/blocks`));
  expect(items.map(({ block }: { block: number }) => block)).toEqual([0]);
});
