import type { Database } from "./client";

/** A delivery worker as people see it. */
export type WorkerFacts = {
  readonly id: string;
  readonly host: string;
  readonly startedAt: Date;
  /** On the database's clock, as is `alive`. */
  readonly leaseUntil: Date;
  readonly alive: boolean;
  /** Channels and tunnel clients in its hands. */
  readonly channels: number;
  readonly tasks: number;
};

type WorkerRow = {
  readonly id: string;
  readonly host: string;
  readonly started_at: Date;
  readonly lease_until: Date;
  readonly alive: boolean;
  readonly channels: bigint;
  readonly tasks: bigint;
};

/** Live workers first, then those that died within the last day; the longest-running first. */
export async function listWorkers(
  database: Database,
  request: { readonly limit: number },
): Promise<WorkerFacts[]> {
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<WorkerRow[]>`
      SELECT w.id, w.host, w.started_at, w.lease_until, w.lease_until > clock_timestamp() AS alive,
             (SELECT count(*) FROM channel c WHERE c.owner = w.id) AS channels,
             (SELECT count(*) FROM task_facts f WHERE f.owner_worker = w.id) AS tasks
      FROM worker w WHERE w.lease_until > clock_timestamp() - interval '1 day'
      ORDER BY alive DESC, w.started_at, w.id LIMIT ${request.limit}`;
    return rows.map((row) => ({
      id: row.id,
      host: row.host,
      startedAt: row.started_at,
      leaseUntil: row.lease_until,
      alive: row.alive,
      channels: row.alive ? Number(row.channels) : 0,
      tasks: row.alive ? Number(row.tasks) : 0,
    }));
  });
}

/** Workers whose lease has not run out, by the database's clock. */
export async function countLiveWorkers(database: Database): Promise<number> {
  return database.run(async (prisma) => {
    const [row] = await prisma.$queryRaw<[{ count: bigint }]>`
      SELECT count(*) FROM worker WHERE lease_until > clock_timestamp()`;
    return Number(row.count);
  });
}
