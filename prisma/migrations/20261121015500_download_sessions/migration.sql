-- CreateTable
CREATE TABLE "download_session" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "destination_id" TEXT NOT NULL,
    "partition" TEXT,
    "columns" JSONB NOT NULL,
    "partition_columns" TEXT[],
    "objects" BIGINT NOT NULL,
    "rows" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "download_session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "download_object" (
    "session_id" UUID NOT NULL,
    "first_row" BIGINT NOT NULL,
    "object_id" UUID NOT NULL,

    CONSTRAINT "download_object_pkey" PRIMARY KEY ("session_id","first_row")
);

-- CreateIndex
CREATE INDEX "download_session_owner_id_created_at_id_idx" ON "download_session"("owner_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "download_session_expires_at_idx" ON "download_session"("expires_at");

-- AddForeignKey
ALTER TABLE "download_object" ADD CONSTRAINT "download_object_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "download_session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that Prisma's schema language cannot state.
ALTER TABLE "user" DROP CONSTRAINT user_role;
ALTER TABLE "user" ADD CONSTRAINT user_role
  CHECK (role IN ('administrator', 'operator', 'downloader', 'viewer'));
