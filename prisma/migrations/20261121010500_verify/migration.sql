-- AlterTable
ALTER TABLE "channel" ADD COLUMN "is_rescan" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "delivered_object" ADD COLUMN "lost_because" TEXT,
ADD COLUMN "missing_since" TIMESTAMPTZ(3),
ADD COLUMN "replaced_at" TIMESTAMPTZ(3);

-- CreateIndex: in the order of bytes, which is the order that stores list keys in.
CREATE INDEX "delivered_object_bucket_key_idx" ON "delivered_object"("bucket", "key" COLLATE "C");

-- CreateTable
CREATE TABLE "verify_run" (
    "id" UUID NOT NULL,
    "task_id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "deep" BOOLEAN NOT NULL,
    "redeliver" BOOLEAN NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "owner_worker" TEXT,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "objects_checked" BIGINT NOT NULL DEFAULT 0,
    "report" JSONB,
    "error_code" TEXT,
    "error_details" JSONB,

    CONSTRAINT "verify_run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rescan" (
    "task_id" UUID NOT NULL,
    "tunnel_name" TEXT NOT NULL,
    "tunnel_id" TEXT NOT NULL,
    "tunnel_client_id" TEXT,
    "owner_worker" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "rescan_pkey" PRIMARY KEY ("task_id")
);

-- CreateIndex
CREATE INDEX "verify_run_task_id_asked_at_idx" ON "verify_run"("task_id", "asked_at");

-- CreateIndex
CREATE INDEX "verify_run_finished_at_asked_at_idx" ON "verify_run"("finished_at", "asked_at");

-- AddForeignKey
ALTER TABLE "verify_run" ADD CONSTRAINT "verify_run_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rescan" ADD CONSTRAINT "rescan_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that Prisma's schema language cannot state.
ALTER TABLE verify_run
  ADD CONSTRAINT verify_run_reason CHECK (reason IN ('asked', 'bucket_missing')),
  ADD CONSTRAINT verify_run_error CHECK ((error_code IS NULL) = (error_details IS NULL)),
  ADD CONSTRAINT verify_run_outcome CHECK (
    finished_at IS NULL OR report IS NOT NULL OR error_code IS NOT NULL);
ALTER TABLE delivered_object
  ADD CONSTRAINT delivered_object_lost_because CHECK (lost_because IN
    ('trimmed', 'base_gone', 'channel_ended', 'tunnel_gone', 'differs', 'another_address'));
