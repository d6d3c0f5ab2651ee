-- A dataset that sessions write is verified as what a task delivers is.
-- AlterTable
ALTER TABLE "verify_run" ALTER COLUMN "task_id" DROP NOT NULL,
ADD COLUMN     "dataset_id" UUID;

-- CreateIndex
CREATE INDEX "verify_run_dataset_id_asked_at_idx" ON "verify_run"("dataset_id", "asked_at");

-- AddForeignKey
ALTER TABLE "verify_run" ADD CONSTRAINT "verify_run_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that Prisma cannot state.
ALTER TABLE verify_run ADD CONSTRAINT verify_run_subject CHECK ((task_id IS NULL) <> (dataset_id IS NULL));
