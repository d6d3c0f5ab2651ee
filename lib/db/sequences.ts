import type { Ledger } from "@/lib/core/ports/ledger";
import type { Database } from "./client";

/**
 * The last sequence decided for each stem in this bucket, over all tasks that ever were; stems without
 * one are absent. One index probe per stem.
 */
export async function lastSequences(
  database: Database,
  { location, bucket, stems }: Parameters<Ledger["lastSequences"]>[0],
): Promise<ReadonlyMap<string, number>> {
  if (stems.length === 0) return new Map();
  return database.run(async (prisma) => {
    const rows = await prisma.$queryRaw<{ stem: string; sequence: bigint }[]>`
      SELECT wanted.stem, last.sequence
      FROM unnest(${[...stems]}::text[]) AS wanted (stem)
      CROSS JOIN LATERAL (
        SELECT o.sequence FROM delivered_object o
        WHERE o.location = ${location} AND o.bucket = ${bucket} AND o.stem = wanted.stem
        ORDER BY o.sequence DESC LIMIT 1) last`;
    return new Map(rows.map((row) => [row.stem, Number(row.sequence)]));
  });
}
