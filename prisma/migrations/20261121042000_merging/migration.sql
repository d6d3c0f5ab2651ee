-- AlterTable
ALTER TABLE "delivered_object" ADD COLUMN "merged_by" UUID;

-- CreateTable
CREATE TABLE "merge_settings" (
    "dataset_id" UUID NOT NULL,
    "is_enabled" BOOLEAN NOT NULL,
    "folder" TEXT NOT NULL,
    "order_kind" TEXT NOT NULL,
    "order_columns" TEXT[],
    "small_bytes" BIGINT NOT NULL,
    "objects_min" INTEGER NOT NULL,
    "target_bytes" BIGINT NOT NULL,
    "row_group_rows" INTEGER,
    "originals" TEXT NOT NULL,
    "grace_seconds" INTEGER NOT NULL,

    CONSTRAINT "merge_settings_pkey" PRIMARY KEY ("dataset_id")
);

-- CreateTable
CREATE TABLE "dataset_merge" (
    "id" UUID NOT NULL,
    "dataset_id" UUID NOT NULL,
    "partition" TEXT NOT NULL,
    "is_asked" BOOLEAN NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "owner_worker" TEXT,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "hold_until" TIMESTAMPTZ(3),
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "order_kind" TEXT,
    "order_columns" TEXT[],
    "input_objects" BIGINT,
    "input_rows" BIGINT,
    "input_bytes" BIGINT,
    "output_bytes" BIGINT,
    "ended_at" TIMESTAMPTZ(3),
    "outcome" TEXT,
    "released_at" TIMESTAMPTZ(3),
    "overwritten_by" UUID,
    "error_code" TEXT,
    "error_details" JSONB,

    CONSTRAINT "dataset_merge_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "delivered_object_merged_by_idx" ON "delivered_object"("merged_by");

-- CreateIndex
CREATE INDEX "download_object_object_id_idx" ON "download_object"("object_id");

-- CreateIndex
CREATE INDEX "dataset_merge_dataset_id_requested_at_id_idx" ON "dataset_merge"("dataset_id", "requested_at", "id");

-- CreateIndex
CREATE INDEX "dataset_merge_ended_at_hold_until_idx" ON "dataset_merge"("ended_at", "hold_until");

-- AddForeignKey
ALTER TABLE "merge_settings" ADD CONSTRAINT "merge_settings_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset_merge" ADD CONSTRAINT "dataset_merge_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Rules that Prisma's schema language cannot state.

-- A partition has one merge under way, over all workers.
CREATE UNIQUE INDEX dataset_merge_open_key ON dataset_merge (dataset_id, partition) WHERE ended_at IS NULL;
-- What is still to be merged is looked for every few seconds.
CREATE INDEX delivered_object_unmerged_idx ON delivered_object (dataset_id, partition, decided_at, id)
  WHERE kind = 'rows' AND merged_by IS NULL AND replaced_by IS NULL;

-- `merged`: a copy beside its originals; it is `rows` from when they go.
ALTER TABLE delivered_object
  DROP CONSTRAINT delivered_object_kind,
  DROP CONSTRAINT delivered_object_writer,
  ADD CONSTRAINT delivered_object_kind CHECK (kind IN ('rows', 'dirty', 'merged')),
  ADD CONSTRAINT delivered_object_writer CHECK (
    (commit_id IS NULL AND dataset_id IS NULL AND task_id IS NOT NULL AND task_name IS NOT NULL
      AND channel_key IS NOT NULL AND batch_number IS NOT NULL AND kind <> 'merged')
    OR (commit_id IS NOT NULL AND dataset_id IS NOT NULL AND task_id IS NULL AND task_name IS NULL
      AND channel_key IS NULL AND batch_number IS NULL AND kind <> 'dirty')),
  ADD CONSTRAINT delivered_object_merged CHECK (kind <> 'merged' OR merged_by = commit_id);
ALTER TABLE dataset_commit
  DROP CONSTRAINT dataset_commit_writer,
  ADD CONSTRAINT dataset_commit_writer CHECK (writer IN ('upload', 'stream', 'merge'));
ALTER TABLE merge_settings
  ADD CONSTRAINT merge_settings_order CHECK (
    order_kind IN ('none', 'sorted', 'zordered') AND (order_kind = 'none') = (cardinality(order_columns) = 0)),
  ADD CONSTRAINT merge_settings_originals CHECK (originals IN ('keep', 'remove')),
  ADD CONSTRAINT merge_settings_bounds CHECK (
    small_bytes > 0 AND target_bytes >= small_bytes AND objects_min >= 2 AND grace_seconds >= 0);
ALTER TABLE dataset_merge
  ADD CONSTRAINT dataset_merge_outcome CHECK (
    (ended_at IS NULL) = (outcome IS NULL) AND outcome IN ('decided', 'outdated', 'nothing')),
  ADD CONSTRAINT dataset_merge_decided CHECK (
    outcome IS DISTINCT FROM 'decided'
    OR (input_objects > 0 AND input_rows > 0 AND input_bytes > 0 AND output_bytes > 0)),
  ADD CONSTRAINT dataset_merge_released CHECK (released_at IS NULL OR outcome = 'decided'),
  ADD CONSTRAINT dataset_merge_error CHECK ((error_code IS NULL) = (error_details IS NULL));
