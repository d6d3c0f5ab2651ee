-- CreateTable
CREATE TABLE "bucket_watch" (
    "destination_id" TEXT NOT NULL,
    "looked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "bucket_watch_pkey" PRIMARY KEY ("destination_id")
);

-- AddForeignKey
ALTER TABLE "bucket_watch" ADD CONSTRAINT "bucket_watch_destination_id_fkey" FOREIGN KEY ("destination_id") REFERENCES "destination"("id") ON DELETE CASCADE ON UPDATE CASCADE;
