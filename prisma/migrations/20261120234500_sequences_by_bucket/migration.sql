-- DropIndex
DROP INDEX "delivered_object_location_bucket_stem_sequence_idx";

-- CreateIndex
CREATE INDEX "delivered_object_bucket_stem_sequence_idx" ON "delivered_object"("bucket", "stem", "sequence");
