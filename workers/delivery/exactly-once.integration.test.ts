import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withDatabase } from "@/lib/db/testing/test-database";
import { int64, sdk as official } from "@/workers/tablestore/testing/official-sdk";
import { type Rig, startRig, type WorkerProcess } from "./testing/delivery-rig";

const killsMin = 20;
const initialRows = 6_000;
const padding = "x".repeat(1_500);
const anyway = new official.Condition(official.RowExistenceExpectation.IGNORE, null);

/** What a row's writer knows: how many times its value was written, and whether it stands now. */
type Written = { version: number; alive: boolean };

describe("delivery while workers are killed", () => {
  const { database, url } = withDatabase();
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig({ database: database(), url: url() });
    await rig.sdk("createTable", {
      tableMeta: { tableName: "events", primaryKey: [{ name: "id", type: "STRING" }] },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
      streamSpecification: { enableStream: true, expirationTime: 24 },
    });
  });
  afterAll(() => rig.close());

  it(`gives every record exactly once over ${killsMin} SIGKILLs, full phase included, under concurrent writes (D1, D2, D4)`, {
    timeout: 300_000,
  }, async () => {
    const written = new Map<string, Written>();
    await writeInitial(rig, written);
    const task = await rig.createTask({
      name: "kill-test",
      table: "events",
      mode: "differential",
      flush: { seconds: 5, bytes: 1024 * 1024 },
    });
    const atCreation = new Map([...written].map(([id, state]) => [id, { ...state }]));
    const writer = startWriter(rig, written);
    for (let kill = 0; kill < killsMin; kill += 1) await runAndKill(rig, kill);
    await writer.stop();
    const last = rig.startWorker();
    await waitUntilDelivered(rig, written);
    last.kill("SIGTERM");
    expect(await last.ended).toBe(0);

    const rows = await rig.readRows("kill-test", "id, v");
    const delivered = new Map<string, Record<string, unknown>[]>();
    for (const row of rows)
      delivered.set(String(row.id), [...(delivered.get(String(row.id)) ?? []), row]);
    const wrong = [...written].flatMap(([id, state]) =>
      faultsOf(id, state, atCreation.get(id), delivered.get(id) ?? []),
    );
    expect(wrong).toEqual([]);
    expect([...delivered.keys()].filter((id) => !written.has(id))).toEqual([]);
    await expectBalanced(rig, task.id, rows.length);
  });
});

/** Versions of one row have to be delivered without a gap, once each, from its state at the cut to its last. */
function faultsOf(
  id: string,
  state: Written,
  atCreation: Written | undefined,
  rows: readonly Record<string, unknown>[],
): string[] {
  const versions = rows.map(({ v }) => Number(v)).sort((a, b) => a - b);
  const first = versions[0] ?? Number.POSITIVE_INFINITY;
  const firstMax = atCreation ? atCreation.version + (atCreation.alive ? 0 : 1) : 1;
  const expected = Array.from(
    { length: Math.max(0, state.version - first + 1) },
    (_, index) => first + index,
  );
  if (state.version >= firstMax && first > firstMax)
    return [`${id}: begins at ${first}, not by ${firstMax}`];
  return JSON.stringify(versions) === JSON.stringify(expected)
    ? []
    : [`${id}: ${versions.join(",")} of 1..${state.version}`];
}

async function writeInitial(rig: Rig, written: Map<string, Written>): Promise<void> {
  for (let from = 0; from < initialRows; from += 200) {
    const rows = Array.from({ length: 200 }, (_, index) => {
      const id = `row-${String(from + index).padStart(6, "0")}`;
      written.set(id, { version: 1, alive: true });
      return {
        type: "PUT",
        condition: anyway,
        primaryKey: [{ id }],
        attributeColumns: [{ v: int64(1) }, { pad: padding }],
      };
    });
    await rig.sdk("batchWriteRow", { tables: [{ tableName: "events", rows }] });
  }
}

/** Updates, deletes, puts again and adds rows until it is stopped; counts only what was acknowledged. */
function startWriter(rig: Rig, written: Map<string, Written>): { stop(): Promise<void> } {
  let stopped = false;
  let seed = 20_261_120;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const run = async () => {
    while (!stopped) {
      const ids = new Set(
        Array.from(
          { length: 20 },
          () => `row-${String(random(initialRows + 500)).padStart(6, "0")}`,
        ),
      );
      const changes = [...ids].map((id) => ({ id, ...nextChange(written.get(id), random(10)) }));
      await rig.sdk("batchWriteRow", {
        tables: [
          {
            tableName: "events",
            rows: changes.map(({ row, id }) => ({
              ...row,
              condition: anyway,
              primaryKey: [{ id }],
            })),
          },
        ],
      });
      for (const { id, after } of changes) written.set(id, after);
    }
  };
  const done = run();
  return {
    async stop() {
      stopped = true;
      await done;
    },
  };
}

function nextChange(state: Written | undefined, dice: number): { row: object; after: Written } {
  const version = state?.version ?? 0;
  if (dice === 0 && state?.alive)
    return { row: { type: "DELETE" }, after: { version, alive: false } };
  const attributes = { v: int64(version + 1) };
  const after = { version: version + 1, alive: true };
  if (dice < 5 && state?.alive)
    return {
      row: { type: "UPDATE", attributeColumns: [{ PUT: [attributes, { pad: padding }] }] },
      after,
    };
  return { row: { type: "PUT", attributeColumns: [attributes, { pad: padding }] }, after };
}

/** Kills at another moment each time: right after the claim, while reading, staging, deciding, publishing. */
async function runAndKill(rig: Rig, kill: number): Promise<void> {
  const worker: WorkerProcess = rig.startWorker();
  await worker.waitFor("channel claimed");
  if (kill % 4 === 3) await Promise.race([worker.waitFor("batch decided"), after(6_000)]);
  else await after((kill * 137) % 900);
  worker.kill("SIGKILL");
  await worker.ended;
}

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function waitUntilDelivered(rig: Rig, written: ReadonlyMap<string, Written>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await isCaughtUp(rig, written))) {
    if (Date.now() > deadline) throw new Error("The delivery did not catch up");
    await after(1_000);
  }
}

/** The newest version of every row stands in the bucket. What is missing or doubled before it the test finds. */
async function isCaughtUp(rig: Rig, written: ReadonlyMap<string, Written>): Promise<boolean> {
  const rows = await rig.readRows("kill-test", "id, v");
  const newest = new Map<string, number>();
  for (const { id, v } of rows)
    newest.set(String(id), Math.max(newest.get(String(id)) ?? 0, Number(v)));
  return (
    newest.size === written.size &&
    [...written].every(([id, { version }]) => newest.get(id) === version)
  );
}

async function expectBalanced(rig: Rig, taskId: string, rows: number): Promise<void> {
  const [account] = await rig.database.prisma.$queryRaw<Record<string, bigint>[]>`
    SELECT sum(c.records)::bigint AS records, sum(c.rows)::bigint AS rows, sum(c.deletes_ignored)::bigint AS deletes,
           sum(c.dirty_records)::bigint AS dirty,
           (SELECT sum(o.rows)::bigint FROM delivered_object o WHERE o.task_id = ${taskId}::uuid AND o.kind = 'rows' AND o.published_at IS NOT NULL) AS published
    FROM channel c WHERE c.task_id = ${taskId}::uuid`;
  expect(account).toMatchObject({ rows: BigInt(rows), published: BigInt(rows) });
  expect(account?.records).toBe(
    (account?.rows ?? 0n) + (account?.deletes ?? 0n) + (account?.dirty ?? 0n),
  );
}
