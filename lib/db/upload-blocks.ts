import { AppError } from "@/lib/core/error";
import type { UploadedPart } from "@/lib/core/ports/object-store";
import type { Database, Transaction } from "./client";
import {
  clampLimit,
  decodeCursor,
  invalidCursor,
  type Page,
  type PageRequest,
  toPage,
} from "./page-cursor";
import type { RowFormat, StagedBlock } from "./upload-sessions";

/** What became of a block that was staged whole. */
export type SavedBlock =
  /** `replaced`: what the same block held before, whose upload nobody needs any more. */
  | { readonly kind: "saved"; readonly replaced: StagedBlock | null }
  /** The session took no more blocks when this one was whole (U3). */
  | { readonly kind: "closed" };

/** The last whole one wins. Of a write that is overtaken by a commit or an abort, nothing is kept. */
export async function saveBlock(
  database: Database,
  sessionId: string,
  block: StagedBlock,
): Promise<SavedBlock> {
  return database.transact(async (transaction) => {
    const [open] = await transaction.$queryRaw<unknown[]>`
      SELECT FROM upload_session
      WHERE id = ${sessionId}::uuid AND aborted_at IS NULL AND commit_id IS NULL
        AND expires_at > clock_timestamp()
      FOR SHARE`;
    if (!open) return { kind: "closed" };
    // One after the other, or two writes of one block would each think that nothing was there.
    await transaction.$queryRaw`
      SELECT pg_advisory_xact_lock(hashtextextended(${`${sessionId}/${block.blockId}`}, 0))::text`;
    const [before] = await selectBlocks(
      transaction,
      sessionId,
      block.blockId,
      block.blockId + 1,
      1,
    );
    await transaction.$executeRaw`
      INSERT INTO upload_block (session_id, block_id, object_id, key, upload_id, parts, rows, bytes, crc32,
                                format, completed_at)
      VALUES (${sessionId}::uuid, ${block.blockId}, ${block.objectId}::uuid, ${block.key},
              ${block.uploadId}, ${JSON.stringify(block.parts)}::jsonb, ${BigInt(block.rows)},
              ${BigInt(block.bytes)}, ${block.crc32}, ${block.format}, clock_timestamp())
      ON CONFLICT (session_id, block_id) DO UPDATE SET
        object_id = EXCLUDED.object_id, key = EXCLUDED.key, upload_id = EXCLUDED.upload_id,
        parts = EXCLUDED.parts, rows = EXCLUDED.rows, bytes = EXCLUDED.bytes, crc32 = EXCLUDED.crc32,
        format = EXCLUDED.format, completed_at = EXCLUDED.completed_at`;
    return { kind: "saved", replaced: before ?? null };
  });
}

type BlockRow = {
  readonly block_id: number;
  readonly object_id: string;
  readonly key: string;
  readonly upload_id: string | null;
  readonly parts: readonly UploadedPart[];
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly crc32: string;
  readonly format: RowFormat;
  readonly completed_at: Date;
};
export type ListedBlock = StagedBlock & { readonly completedAt: Date };

async function selectBlocks(
  prisma: Transaction,
  sessionId: string,
  from: number,
  to: number,
  limit: number,
): Promise<ListedBlock[]> {
  const rows = await prisma.$queryRaw<BlockRow[]>`
    SELECT b.block_id, b.object_id::text, b.key, b.upload_id, b.parts, b.rows, b.bytes, b.crc32, b.format,
           b.completed_at
    FROM upload_block b
    WHERE b.session_id = ${sessionId}::uuid AND b.block_id >= ${from} AND b.block_id < ${to}
    ORDER BY b.block_id LIMIT ${limit}`;
  return rows.map((row) => ({
    blockId: row.block_id,
    objectId: row.object_id,
    key: row.key,
    uploadId: row.upload_id,
    parts: row.parts,
    rows: Number(row.rows),
    bytes: Number(row.bytes),
    crc32: row.crc32,
    format: row.format,
    completedAt: row.completed_at,
  }));
}

const blockIdEnd = 20_000;

/** By number. Throws `request.invalid` on a foreign cursor. */
export async function listBlocks(
  database: Database,
  sessionId: string,
  request: PageRequest,
): Promise<Page<ListedBlock>> {
  const limit = clampLimit(request.limit);
  const after = request.cursor ? decodeCursor(request.cursor, 1)[0] : -1;
  if (typeof after !== "number" || after >= blockIdEnd) throw invalidCursor();
  return database.run(async (prisma) => {
    const blocks = await selectBlocks(prisma, sessionId, after + 1, blockIdEnd, limit + 1);
    return toPage(blocks, limit, ({ blockId }) => [blockId]);
  });
}

/** Ends the session for good and gives the uploads that nobody needs any more. */
export async function abortUploadSession(
  database: Database,
  sessionId: string,
): Promise<readonly StagedBlock[]> {
  return database.transact(async (transaction) => {
    const changed = await transaction.$executeRaw`
      UPDATE upload_session SET aborted_at = clock_timestamp()
      WHERE id = ${sessionId}::uuid AND aborted_at IS NULL AND commit_id IS NULL`;
    if (changed === 0) {
      const details = { id: sessionId, status: "committing" };
      throw new AppError("session.status_conflict", "Committed meanwhile", { details });
    }
    const blocks = await selectBlocks(transaction, sessionId, 0, blockIdEnd, blockIdEnd);
    await transaction.$executeRaw`DELETE FROM upload_block WHERE session_id = ${sessionId}::uuid`;
    return blocks;
  });
}
