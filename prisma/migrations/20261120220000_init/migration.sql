-- CreateTable
CREATE TABLE "user" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "email_verified" BOOLEAN NOT NULL DEFAULT false,
    "image" TEXT,
    "role" TEXT NOT NULL DEFAULT 'viewer',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "token" TEXT NOT NULL,
    "ip_address" TEXT,
    "user_agent" TEXT,
    "user_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "access_token" TEXT,
    "refresh_token" TEXT,
    "id_token" TEXT,
    "access_token_expires_at" TIMESTAMPTZ(3),
    "refresh_token_expires_at" TIMESTAMPTZ(3),
    "scope" TEXT,
    "password" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "verification" (
    "id" TEXT NOT NULL,
    "identifier" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "verification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "apikey" (
    "id" TEXT NOT NULL,
    "config_id" TEXT NOT NULL DEFAULT 'default',
    "name" TEXT,
    "start" TEXT,
    "reference_id" TEXT NOT NULL,
    "prefix" TEXT,
    "key" TEXT NOT NULL,
    "refill_interval" INTEGER,
    "refill_amount" INTEGER,
    "last_refill_at" TIMESTAMPTZ(3),
    "enabled" BOOLEAN DEFAULT true,
    "rate_limit_enabled" BOOLEAN DEFAULT true,
    "rate_limit_time_window" INTEGER DEFAULT 86400000,
    "rate_limit_max" INTEGER DEFAULT 10,
    "request_count" INTEGER DEFAULT 0,
    "remaining" INTEGER,
    "last_request" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "permissions" TEXT,
    "metadata" TEXT,

    CONSTRAINT "apikey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "source" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "instance" TEXT NOT NULL,
    "access_key_id" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "source_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "destination" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "endpoint" TEXT,
    "region" TEXT NOT NULL,
    "bucket" TEXT NOT NULL,
    "access_key_id" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "force_path_style" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "destination_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "source_id" TEXT NOT NULL,
    "table_name" TEXT NOT NULL,
    "destination_id" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "event_time_column" TEXT,
    "event_time_format" TEXT,
    "schema_kind" TEXT NOT NULL,
    "manual_columns" JSONB,
    "flush_seconds" INTEGER NOT NULL,
    "flush_bytes" BIGINT NOT NULL,
    "dirty_prefix" TEXT,
    "compression" TEXT NOT NULL,
    "object_suffix" TEXT NOT NULL,
    "metadata_columns" TEXT[],
    "desired_state" TEXT NOT NULL,
    "tunnel_name" TEXT NOT NULL,
    "tunnel_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_facts" (
    "task_id" UUID NOT NULL,
    "owner_worker" TEXT,
    "tunnel_client_id" TEXT,
    "stage" TEXT NOT NULL DEFAULT 'initialising',
    "initialised_at" TIMESTAMPTZ(3),
    "completed_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_details" JSONB,
    "error_attempt" INTEGER,
    "error_next_try_at" TIMESTAMPTZ(3),
    "error_since" TIMESTAMPTZ(3),

    CONSTRAINT "task_facts_pkey" PRIMARY KEY ("task_id")
);

-- CreateTable
CREATE TABLE "schema_version" (
    "task_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "mapping" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "schema_version_pkey" PRIMARY KEY ("task_id","version")
);

-- CreateTable
CREATE TABLE "channel" (
    "id" BIGSERIAL NOT NULL,
    "task_id" UUID NOT NULL,
    "channel_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "lane" INTEGER NOT NULL,
    "owner" TEXT,
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "checkpoint" TEXT NOT NULL,
    "finished" BOOLEAN NOT NULL DEFAULT false,
    "batch_number" BIGINT NOT NULL DEFAULT 0,
    "tunnel_status" TEXT NOT NULL DEFAULT 'open',
    "tunnel_version" BIGINT NOT NULL DEFAULT 0,
    "acked_sequence_number" BIGINT NOT NULL,
    "acked_batch_number" BIGINT NOT NULL DEFAULT 0,
    "drained_at" TIMESTAMPTZ(3),
    "records" BIGINT NOT NULL DEFAULT 0,
    "rows" BIGINT NOT NULL DEFAULT 0,
    "deletes_ignored" BIGINT NOT NULL DEFAULT 0,
    "dirty_records" BIGINT NOT NULL DEFAULT 0,
    "dirty_values" BIGINT NOT NULL DEFAULT 0,
    "unmapped_values" BIGINT NOT NULL DEFAULT 0,
    "objects" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "dirty_objects" BIGINT NOT NULL DEFAULT 0,
    "dirty_bytes" BIGINT NOT NULL DEFAULT 0,
    "delivered_through" TIMESTAMPTZ(3),
    "last_delivered_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_details" JSONB,
    "error_attempt" INTEGER,
    "error_next_try_at" TIMESTAMPTZ(3),
    "error_since" TIMESTAMPTZ(3),

    CONSTRAINT "channel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "worker" (
    "id" TEXT NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "host" TEXT NOT NULL,

    CONSTRAINT "worker_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "batch" (
    "channel_key" BIGINT NOT NULL,
    "number" BIGINT NOT NULL,
    "start_checkpoint" TEXT NOT NULL,
    "end_checkpoint" TEXT NOT NULL,
    "finished" BOOLEAN NOT NULL,
    "epoch" BIGINT NOT NULL,
    "schema_version" INTEGER NOT NULL,
    "sealed_by" TEXT NOT NULL,
    "records" BIGINT NOT NULL,
    "rows" BIGINT NOT NULL,
    "deletes_ignored" BIGINT NOT NULL,
    "dirty_records" BIGINT NOT NULL,
    "dirty_values" BIGINT NOT NULL,
    "unmapped_values" BIGINT NOT NULL,
    "last_written_at" TIMESTAMPTZ(3),
    "decided_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),
    "acked_at" TIMESTAMPTZ(3),

    CONSTRAINT "batch_pkey" PRIMARY KEY ("channel_key","number")
);

-- CreateTable
CREATE TABLE "delivered_object" (
    "id" UUID NOT NULL,
    "task_id" UUID NOT NULL,
    "task_name" TEXT NOT NULL,
    "channel_key" BIGINT NOT NULL,
    "batch_number" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "location" TEXT NOT NULL,
    "bucket" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "partition" TEXT NOT NULL,
    "stem" TEXT NOT NULL,
    "lane" INTEGER NOT NULL,
    "sequence" BIGINT NOT NULL,
    "rows" BIGINT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "crc32" TEXT NOT NULL,
    "upload_id" TEXT NOT NULL,
    "parts" JSONB NOT NULL,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "delivered_object_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "upload" (
    "id" BIGSERIAL NOT NULL,
    "object_id" UUID NOT NULL,
    "upload_id" TEXT,
    "channel_key" BIGINT NOT NULL,
    "worker_id" TEXT NOT NULL,
    "destination_id" TEXT NOT NULL,
    "bucket" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "logged_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "upload_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dirty_sample" (
    "id" BIGSERIAL NOT NULL,
    "task_id" UUID NOT NULL,
    "channel_key" BIGINT NOT NULL,
    "batch_number" BIGINT NOT NULL,
    "column_name" TEXT,
    "reason" TEXT NOT NULL,
    "expected" TEXT,
    "actual" TEXT,
    "value" TEXT,
    "record_key" TEXT,
    "record_position" TEXT,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "dirty_sample_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_email_key" ON "user"("email");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_key" ON "session"("token");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "session"("user_id");

-- CreateIndex
CREATE INDEX "account_user_id_idx" ON "account"("user_id");

-- CreateIndex
CREATE INDEX "verification_identifier_idx" ON "verification"("identifier");

-- CreateIndex
CREATE INDEX "apikey_config_id_idx" ON "apikey"("config_id");

-- CreateIndex
CREATE INDEX "apikey_reference_id_idx" ON "apikey"("reference_id");

-- CreateIndex
CREATE INDEX "apikey_key_idx" ON "apikey"("key");

-- CreateIndex
CREATE UNIQUE INDEX "source_name_key" ON "source"("name");

-- CreateIndex
CREATE UNIQUE INDEX "destination_name_key" ON "destination"("name");

-- CreateIndex
CREATE UNIQUE INDEX "task_name_key" ON "task"("name");

-- CreateIndex
CREATE UNIQUE INDEX "task_tunnel_name_key" ON "task"("tunnel_name");

-- CreateIndex
CREATE INDEX "task_created_at_id_idx" ON "task"("created_at", "id");

-- CreateIndex
CREATE INDEX "task_source_id_table_name_idx" ON "task"("source_id", "table_name");

-- CreateIndex
CREATE INDEX "task_destination_id_idx" ON "task"("destination_id");

-- CreateIndex
CREATE INDEX "task_facts_owner_worker_idx" ON "task_facts"("owner_worker");

-- CreateIndex
CREATE INDEX "channel_owner_idx" ON "channel"("owner");

-- CreateIndex
CREATE UNIQUE INDEX "channel_task_id_channel_id_key" ON "channel"("task_id", "channel_id");

-- CreateIndex
CREATE UNIQUE INDEX "channel_task_id_lane_key" ON "channel"("task_id", "lane");

-- CreateIndex
CREATE INDEX "delivered_object_location_bucket_stem_sequence_idx" ON "delivered_object"("location", "bucket", "stem", "sequence");

-- CreateIndex
CREATE INDEX "delivered_object_task_id_decided_at_id_idx" ON "delivered_object"("task_id", "decided_at", "id");

-- CreateIndex
CREATE INDEX "delivered_object_channel_key_batch_number_idx" ON "delivered_object"("channel_key", "batch_number");

-- CreateIndex
CREATE UNIQUE INDEX "delivered_object_location_bucket_key_key" ON "delivered_object"("location", "bucket", "key");

-- CreateIndex
CREATE INDEX "upload_object_id_idx" ON "upload"("object_id");

-- CreateIndex
CREATE INDEX "upload_logged_at_idx" ON "upload"("logged_at");

-- CreateIndex
CREATE INDEX "dirty_sample_task_id_id_idx" ON "dirty_sample"("task_id", "id");

-- CreateIndex
CREATE INDEX "dirty_sample_channel_key_idx" ON "dirty_sample"("channel_key");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_source_id_fkey" FOREIGN KEY ("source_id") REFERENCES "source"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task" ADD CONSTRAINT "task_destination_id_fkey" FOREIGN KEY ("destination_id") REFERENCES "destination"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task_facts" ADD CONSTRAINT "task_facts_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "schema_version" ADD CONSTRAINT "schema_version_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "channel" ADD CONSTRAINT "channel_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "batch" ADD CONSTRAINT "batch_channel_key_fkey" FOREIGN KEY ("channel_key") REFERENCES "channel"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dirty_sample" ADD CONSTRAINT "dirty_sample_channel_key_fkey" FOREIGN KEY ("channel_key") REFERENCES "channel"("id") ON DELETE CASCADE ON UPDATE CASCADE;
