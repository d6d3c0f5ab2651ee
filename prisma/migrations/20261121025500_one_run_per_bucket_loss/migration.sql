-- Two who met the missing bucket at once could both ask. The run that was asked for last goes.
DELETE FROM verify_run late USING verify_run first
WHERE late.reason = 'bucket_missing' AND late.finished_at IS NULL
  AND first.reason = 'bucket_missing' AND first.finished_at IS NULL
  AND late.task_id = first.task_id AND (late.asked_at, late.id) > (first.asked_at, first.id);

-- Prisma's schema language has no partial indexes.
CREATE UNIQUE INDEX "verify_run_bucket_missing_key" ON "verify_run"("task_id")
  WHERE "reason" = 'bucket_missing' AND "finished_at" IS NULL;
