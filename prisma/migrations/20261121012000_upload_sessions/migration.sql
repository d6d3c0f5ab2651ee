-- AlterTable
ALTER TABLE "delivered_object" ADD COLUMN "commit_id" UUID,
ADD COLUMN "dataset_id" UUID,
ADD COLUMN "removed_at" TIMESTAMPTZ(3),
ADD COLUMN "replaced_by" UUID,
ALTER COLUMN "task_id" DROP NOT NULL,
ALTER COLUMN "task_name" DROP NOT NULL,
ALTER COLUMN "channel_key" DROP NOT NULL,
ALTER COLUMN "batch_number" DROP NOT NULL;

-- AlterTable
ALTER TABLE "upload" ALTER COLUMN "channel_key" DROP NOT NULL;

-- CreateTable
CREATE TABLE "dataset_commit" (
    "id" UUID NOT NULL,
    "dataset_id" UUID NOT NULL,
    "writer" TEXT NOT NULL,
    "session_id" UUID NOT NULL,
    "destination_id" TEXT NOT NULL,
    "overwrites" BOOLEAN NOT NULL,
    "objects" BIGINT NOT NULL,
    "rows" BIGINT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,
    "finish_after" TIMESTAMPTZ(3) NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "published_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_details" JSONB,

    CONSTRAINT "dataset_commit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "upload_session" (
    "id" UUID NOT NULL,
    "dataset_id" UUID NOT NULL,
    "schema_version" INTEGER NOT NULL,
    "partition" TEXT NOT NULL,
    "spec" TEXT NOT NULL,
    "overwrites" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "aborted_at" TIMESTAMPTZ(3),
    "commit_id" UUID,

    CONSTRAINT "upload_session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "upload_block" (
    "session_id" UUID NOT NULL,
    "block_id" INTEGER NOT NULL,
    "object_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "upload_id" TEXT,
    "parts" JSONB NOT NULL,
    "rows" BIGINT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "crc32" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "completed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "upload_block_pkey" PRIMARY KEY ("session_id","block_id")
);

-- CreateIndex
CREATE INDEX "delivered_object_dataset_id_partition_decided_at_id_idx" ON "delivered_object"("dataset_id", "partition", "decided_at", "id");

-- CreateIndex
CREATE INDEX "delivered_object_commit_id_published_at_idx" ON "delivered_object"("commit_id", "published_at");

-- CreateIndex
CREATE INDEX "delivered_object_replaced_by_idx" ON "delivered_object"("replaced_by");

-- CreateIndex
CREATE INDEX "dataset_commit_finished_at_finish_after_idx" ON "dataset_commit"("finished_at", "finish_after");

-- CreateIndex
CREATE INDEX "dataset_commit_dataset_id_decided_at_idx" ON "dataset_commit"("dataset_id", "decided_at");

-- CreateIndex
CREATE UNIQUE INDEX "upload_session_commit_id_key" ON "upload_session"("commit_id");

-- CreateIndex
CREATE INDEX "upload_session_dataset_id_created_at_id_idx" ON "upload_session"("dataset_id", "created_at", "id");

-- AddForeignKey
ALTER TABLE "dataset_commit" ADD CONSTRAINT "dataset_commit_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload_session" ADD CONSTRAINT "upload_session_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload_block" ADD CONSTRAINT "upload_block_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "upload_session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that Prisma's schema language cannot state.

-- Every object names its one writer: a batch of a task's channel, or a commit of a dataset.
ALTER TABLE delivered_object
  ADD CONSTRAINT delivered_object_writer CHECK (
    (commit_id IS NULL AND dataset_id IS NULL AND task_id IS NOT NULL AND task_name IS NOT NULL
      AND channel_key IS NOT NULL AND batch_number IS NOT NULL)
    OR (commit_id IS NOT NULL AND dataset_id IS NOT NULL AND task_id IS NULL AND task_name IS NULL
      AND channel_key IS NULL AND batch_number IS NULL AND kind = 'rows')),
  -- Only what was replaced is taken away.
  ADD CONSTRAINT delivered_object_removed CHECK (removed_at IS NULL OR replaced_by IS NOT NULL);

ALTER TABLE dataset_commit
  ADD CONSTRAINT dataset_commit_writer CHECK (writer IN ('upload', 'stream')),
  ADD CONSTRAINT dataset_commit_totals CHECK (objects >= 0 AND rows >= objects AND bytes >= objects),
  ADD CONSTRAINT dataset_commit_order CHECK (finished_at IS NULL OR published_at IS NOT NULL),
  ADD CONSTRAINT dataset_commit_error CHECK ((error_code IS NULL) = (error_details IS NULL));
ALTER TABLE upload_session
  -- Committed or given up, never both.
  ADD CONSTRAINT upload_session_end CHECK (aborted_at IS NULL OR commit_id IS NULL);
ALTER TABLE upload_block
  ADD CONSTRAINT upload_block_id CHECK (block_id BETWEEN 0 AND 19999),
  ADD CONSTRAINT upload_block_rows CHECK (rows >= 0 AND (rows > 0) = (upload_id IS NOT NULL)),
  ADD CONSTRAINT upload_block_format CHECK (format IN ('parquet', 'ndjson', 'csv'));
