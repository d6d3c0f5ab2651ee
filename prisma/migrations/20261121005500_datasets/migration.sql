-- CreateTable
CREATE TABLE "dataset" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "live_name" TEXT,
    "destination_id" TEXT,
    "folder" TEXT NOT NULL,
    "partition_columns" TEXT[],
    "columns" JSONB NOT NULL,
    "schema_version" INTEGER NOT NULL DEFAULT 1,
    "compression" TEXT NOT NULL,
    "objects" BIGINT NOT NULL DEFAULT 0,
    "rows" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "dataset_live_name_key" ON "dataset"("live_name");

-- CreateIndex
CREATE INDEX "dataset_destination_id_idx" ON "dataset"("destination_id");

-- AddForeignKey
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_destination_id_fkey" FOREIGN KEY ("destination_id") REFERENCES "destination"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Rules that Prisma's schema language cannot state.
ALTER TABLE dataset
  ADD CONSTRAINT dataset_compression CHECK (compression IN ('uncompressed', 'snappy', 'zstd')),
  ADD CONSTRAINT dataset_totals CHECK (objects >= 0 AND rows >= 0 AND bytes >= 0),
  ADD CONSTRAINT dataset_schema_version CHECK (schema_version >= 1),
  -- A live one has its name and its destination, a deleted one neither.
  ADD CONSTRAINT dataset_deleted CHECK (
    (deleted_at IS NULL AND live_name IS NOT DISTINCT FROM name AND destination_id IS NOT NULL)
    OR (deleted_at IS NOT NULL AND live_name IS NULL AND destination_id IS NULL));
