-- AlterTable
ALTER TABLE "task" ADD COLUMN     "late_after_seconds" INTEGER NOT NULL DEFAULT 600,
ADD COLUMN     "stream_expiration_hours" INTEGER;
