import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type Installation, startInstallation } from "../delivery/installation";
import { type IngestRun, runIngest } from "./ingest";
import { type OrderRun, orders, runOrder } from "./orders";
import { rowGroupsTouched, writeObjects } from "./sample-objects";

/**
 * Merging by the running delivery worker: many small objects into one, as they are, sorted and z-ordered;
 * and uploads with merging on against off, in turn:
 * `npm run bench:merge -- [--only orders,ingest] [--objects 200] [--rows 10000] [--seconds 15] [--rounds 4]
 * [--save]`. Merging never pauses here, however busy the machine is. Linux only: memory comes from /proc.
 */
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "orders,ingest" },
    objects: { type: "string", default: "200" },
    /** Of each object. */
    rows: { type: "string", default: "10000" },
    /** How long each round uploads. */
    seconds: { type: "string", default: "15" },
    rounds: { type: "string", default: "4" },
    save: { type: "boolean", default: false },
  },
});
const objects = Number(options.objects);
const rowsPerObject = Number(options.rows);
const rows = objects * rowsPerObject;

async function measureOrders(
  at: Installation,
  duckdb: DuckDBConnection,
  files: readonly string[],
): Promise<object> {
  const before = {
    bySeq: await rowGroupsTouched(duckdb, files, "seq", rows),
    byPrice: await rowGroupsTouched(duckdb, files, "price", 1_000),
  };
  const runs: OrderRun[] = [];
  for (const kind of Object.keys(orders) as (keyof typeof orders)[]) {
    runs.push(await runOrder(at, duckdb, { kind, files, rows }));
  }
  console.log(`\n${objects} objects of ${rowsPerObject} rows; load ${loadavg()[0]?.toFixed(1)}`);
  console.log(`before: by seq ${before.bySeq}, by price ${before.byPrice}`);
  console.table(runs);
  return { before, runs };
}

async function measureIngest(at: Installation, files: readonly string[]): Promise<object> {
  const runs: IngestRun[] = [];
  const shared = { seconds: Number(options.seconds), rowsPerObject };
  await runIngest(at, files, { merging: "off", name: "ingest-warm-up", ...shared, seconds: 3 });
  for (let round = 0; round < Number(options.rounds); round += 1) {
    // Who goes first changes, so that a machine that grows quieter or busier favours neither.
    const turns = round % 2 === 0 ? (["off", "on"] as const) : (["on", "off"] as const);
    for (const merging of turns) {
      runs.push(
        await runIngest(at, files, { merging, name: `ingest-${merging}-${round}`, ...shared }),
      );
    }
  }
  const mean = (merging: string) => {
    const own = runs.filter((run) => run.merging === merging);
    return own.reduce((sum, { rowsPerSecond }) => sum + rowsPerSecond, 0) / own.length;
  };
  const ratio = mean("on") / mean("off");
  console.table(runs);
  console.log(`on against off: ${ratio.toFixed(2)}; load ${loadavg()[0]?.toFixed(1)}`);
  return { runs, ratio };
}

function save(results: object): void {
  const model = cpus()[0]?.model ?? "unknown";
  const machine = `${model} ${availableParallelism()} cores node ${process.versions.node}`;
  const slug = machine.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const file = path.join(import.meta.dirname, "../results", `${slug}-merge.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const facts = { date, machine, objects, rowsPerObject, ...results };
  writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`);
  console.log(`Saved ${path.relative(process.cwd(), file)}`);
}

const wanted = options.only.split(",");
const directory = mkdtempSync(path.join(tmpdir(), "culvert-bench-merge-"));
const duckdb = await (await DuckDBInstance.create(":memory:")).connect();
const at = await startInstallation({ CULVERT_MERGE_LOAD_MAX: "1000000" });
try {
  const files = await writeObjects(duckdb, directory, { objects, rowsPerObject });
  const byOrder = wanted.includes("orders") ? await measureOrders(at, duckdb, files) : null;
  const ingest = wanted.includes("ingest") ? await measureIngest(at, files) : null;
  if (options.save) save({ load: loadavg()[0], orders: byOrder, ingest });
} finally {
  await at.stop();
  duckdb.closeSync();
  rmSync(directory, { recursive: true, force: true });
}
