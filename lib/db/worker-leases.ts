import type { Database } from "./client";
import { Prisma } from "./generated/client";

/**
 * A worker is alive while `lease_until` lies ahead of the database's clock. One row per worker is
 * renewed, however many channels it owns: an owner without a live row is dead, and what it owned may
 * be taken. Worker ids are never used again, so a process takes a new one at each start.
 */

/**
 * True for rows whose owner is nobody, unknown, or dead; for claims with SKIP LOCKED. It has to be a
 * subquery below an OR. Joined, a claim that runs beside another one would check the row that the other
 * has just claimed against the worker it was joined with before, nobody, and take it as well.
 */
export function ownerIsGone(owner: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(${owner} IS NULL OR NOT EXISTS (
    SELECT FROM worker w WHERE w.id = ${owner} AND w.lease_until > clock_timestamp()))`;
}

/** Registers the worker or prolongs its lease. False: it had run out, so all that it held was given back. */
export async function renewWorker(
  database: Database,
  request: { workerId: string; leaseMs: number; host: string },
): Promise<boolean> {
  const { workerId, leaseMs } = request;
  const renewed = await database.run(
    (prisma) => prisma.$executeRaw`
      UPDATE worker SET lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
      WHERE id = ${workerId} AND lease_until > clock_timestamp()`,
  );
  return renewed > 0 || registerWorker(database, request);
}

/**
 * A worker that comes back after its lease must own nothing: it has dropped everything, and nobody
 * would take its channels from it once it is alive again.
 */
async function registerWorker(
  database: Database,
  { workerId, leaseMs, host }: { workerId: string; leaseMs: number; host: string },
): Promise<boolean> {
  return database.transact(async (transaction) => {
    const known = await transaction.$executeRaw`DELETE FROM worker WHERE id = ${workerId}`;
    await transaction.$executeRaw`UPDATE channel SET owner = NULL WHERE owner = ${workerId}`;
    await transaction.$executeRaw`
      UPDATE task_facts SET owner_worker = NULL WHERE owner_worker = ${workerId}`;
    await transaction.$executeRaw`
      INSERT INTO worker (id, lease_until, started_at, host)
      VALUES (${workerId}, clock_timestamp() + ${leaseMs} * interval '1 millisecond',
              clock_timestamp(), ${host})`;
    // Kept for a day so that people see who died; missing rows count as dead just the same.
    await transaction.$executeRaw`
      DELETE FROM worker WHERE lease_until < clock_timestamp() - interval '1 day'`;
    return known === 0;
  });
}
