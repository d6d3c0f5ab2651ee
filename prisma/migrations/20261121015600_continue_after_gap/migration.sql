-- When somebody last asked to go on behind what the source had trimmed: valid for channels that had
-- expired by then, so that no later expiry is ever skipped silently.
ALTER TABLE "task" ADD COLUMN "continue_asked_at" TIMESTAMPTZ(3);

-- Ranges that were never delivered are few among millions of batches, and looked for by channel.
CREATE INDEX "batch_gap_idx" ON "batch" ("channel_key", "number") WHERE "sealed_by" = 'gap';
