-- AlterTable
ALTER TABLE "dataset_commit" ALTER COLUMN "session_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "stream_session" (
    "id" UUID NOT NULL,
    "dataset_id" UUID NOT NULL,
    "slots" INTEGER NOT NULL,
    "schema_version" INTEGER NOT NULL,
    "columns" JSONB NOT NULL,
    "flush_bytes" INTEGER NOT NULL,
    "flush_ms" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "last_flush_at" TIMESTAMPTZ(3),
    "flushes" BIGINT NOT NULL DEFAULT 0,
    "rows" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "stream_session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stream_partition" (
    "session_id" UUID NOT NULL,
    "partition" TEXT NOT NULL,
    "dataset_id" UUID NOT NULL,
    "written_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stream_partition_pkey" PRIMARY KEY ("session_id","partition")
);

-- CreateTable
CREATE TABLE "stream_flush" (
    "session_id" UUID NOT NULL,
    "flush_id" TEXT NOT NULL,
    "content_hash" TEXT NOT NULL,
    "partition" TEXT NOT NULL,
    "rows" BIGINT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "commit_id" UUID,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stream_flush_pkey" PRIMARY KEY ("session_id","flush_id")
);

-- CreateIndex
CREATE INDEX "stream_session_dataset_id_created_at_id_idx" ON "stream_session"("dataset_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "stream_session_ended_at_expires_at_idx" ON "stream_session"("ended_at", "expires_at");

-- CreateIndex
CREATE INDEX "stream_partition_dataset_id_written_at_idx" ON "stream_partition"("dataset_id", "written_at");

-- AddForeignKey
ALTER TABLE "stream_session" ADD CONSTRAINT "stream_session_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "stream_partition" ADD CONSTRAINT "stream_partition_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "stream_session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "stream_flush" ADD CONSTRAINT "stream_flush_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "stream_session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that Prisma's schema language cannot state.
ALTER TABLE dataset_commit
  ADD CONSTRAINT dataset_commit_session CHECK (writer <> 'upload' OR session_id IS NOT NULL);
ALTER TABLE stream_session
  ADD CONSTRAINT stream_session_slots CHECK (slots BETWEEN 1 AND 500),
  ADD CONSTRAINT stream_session_schema_version CHECK (schema_version >= 1),
  ADD CONSTRAINT stream_session_window CHECK (flush_bytes > 0 AND flush_ms >= 0),
  ADD CONSTRAINT stream_session_totals CHECK (flushes >= 0 AND rows >= 0 AND bytes >= 0);
ALTER TABLE stream_flush
  ADD CONSTRAINT stream_flush_id CHECK (octet_length(flush_id) BETWEEN 1 AND 128),
  ADD CONSTRAINT stream_flush_hash CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  -- Without rows there is nothing to make visible.
  ADD CONSTRAINT stream_flush_rows CHECK (rows >= 0 AND bytes >= 0 AND (rows > 0) = (commit_id IS NOT NULL));
