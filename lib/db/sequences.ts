import type { Ledger } from "@/lib/core/ports/ledger";
import type { Database } from "./client";

/**
 * The last sequence decided for each stem in buckets of this name, over all tasks that ever were; stems
 * without one are absent. One index probe per stem.
 *
 * Whatever the store is called: an endpoint may get another port, host name or scheme and be the same
 * store, and counting from 1 again would meet our own objects. Two stores that are not the same only
 * leave gaps in each other's sequences.
 */
export async function lastSequences(
  database: Database,
  { bucket, stems }: Parameters<Ledger["lastSequences"]>[0],
): Promise<ReadonlyMap<string, number>> {
  if (stems.length === 0) return new Map();
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<{ stem: string; sequence: bigint }[]>`
      SELECT wanted.stem, last.sequence
      FROM unnest(${[...stems]}::text[]) AS wanted (stem)
      CROSS JOIN LATERAL (
        SELECT o.sequence FROM delivered_object o
        WHERE o.bucket = ${bucket} AND o.stem = wanted.stem
        ORDER BY o.sequence DESC LIMIT 1) last`;
    return new Map(rows.map((row) => [row.stem, Number(row.sequence)]));
  });
}
