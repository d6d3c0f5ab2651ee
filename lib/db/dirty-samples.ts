import type { DirtyReason, DirtyValue } from "@/lib/core/record";
import type { Database } from "./client";
import {
  clampLimit,
  decodeCursor,
  invalidCursor,
  type Page,
  type PageRequest,
  toPage,
} from "./page-cursor";

/** Samples kept per task, newest first; exact counts are in the account, full values in objects. */
export const dirtySamplesPerTaskMax = 200;

/** One dirty value, and where it came from. */
export type DirtySample = DirtyValue & {
  readonly id: string;
  readonly lane: number;
  readonly channelId: string;
  readonly batchNumber: number;
  readonly decidedAt: Date;
};

/** Newest first. Throws `request.invalid` on a foreign cursor. */
export async function listDirtySamples(
  database: Database,
  taskId: string,
  request: PageRequest,
): Promise<Page<DirtySample>> {
  const limit = clampLimit(request.limit);
  const before = request.cursor ? cursorId(request.cursor) : null;
  return database.run(async (prisma) => {
    const rows = await prisma.dirtySample.findMany({
      where: { taskId, ...(before !== null && { id: { lt: before } }) },
      include: { channel: { select: { lane: true, channelId: true } } },
      orderBy: { id: "desc" },
      take: limit + 1,
    });
    const samples = rows.map((row) => ({
      id: String(row.id),
      lane: row.channel.lane,
      channelId: row.channel.channelId,
      batchNumber: Number(row.batchNumber),
      decidedAt: row.decidedAt,
      column: row.column,
      // Only `decide` writes it, from a DirtyReason.
      reason: row.reason as DirtyReason,
      expected: row.expected,
      actual: row.actual,
      value: row.value,
      key: row.key,
      position: row.position,
    }));
    return toPage(samples, limit, (sample) => [sample.id]);
  });
}

function cursorId(cursor: string): bigint {
  const [id] = decodeCursor(cursor, 1);
  if (typeof id !== "string" || !/^\d{1,18}$/.test(id)) throw invalidCursor();
  return BigInt(id);
}
