-- Rules that Prisma's schema language cannot state. The database refuses what would break them, so a
-- bug stops with an error instead of a wrong account.

-- Closed sets of words.
ALTER TABLE "user" ADD CONSTRAINT user_role
  CHECK (role IN ('administrator', 'operator', 'viewer'));
ALTER TABLE source ADD CONSTRAINT source_kind CHECK (kind IN ('tablestore'));
ALTER TABLE task
  ADD CONSTRAINT task_mode CHECK (mode IN ('full', 'incremental', 'differential')),
  ADD CONSTRAINT task_desired_state CHECK (desired_state IN ('running', 'paused', 'deleted')),
  ADD CONSTRAINT task_schema_kind CHECK (schema_kind IN ('auto', 'manual')),
  ADD CONSTRAINT task_compression CHECK (compression IN ('uncompressed', 'snappy', 'zstd')),
  ADD CONSTRAINT task_object_suffix CHECK (object_suffix IN ('', '.parquet')),
  ADD CONSTRAINT task_event_time_format
    CHECK (event_time_format IN ('RFC822', 'RFC850', 'RFC1123', 'RFC3339', 'Unix')),
  ADD CONSTRAINT task_metadata_columns
    CHECK (metadata_columns <@ ARRAY['_action', '_written_at', '_sequence']);
ALTER TABLE task_facts ADD CONSTRAINT task_facts_stage
  CHECK (stage IN ('initialising', 'base', 'stream'));
ALTER TABLE channel
  ADD CONSTRAINT channel_kind CHECK (kind IN ('base', 'stream')),
  ADD CONSTRAINT channel_tunnel_status
    CHECK (tunnel_status IN ('open', 'closing', 'closed', 'terminated'));
ALTER TABLE delivered_object ADD CONSTRAINT delivered_object_kind
  CHECK (kind IN ('rows', 'dirty'));

-- Intent is whole: a format belongs to a column, mapped columns belong to a manual schema.
ALTER TABLE task
  ADD CONSTRAINT task_event_time CHECK ((event_time_column IS NULL) = (event_time_format IS NULL)),
  ADD CONSTRAINT task_manual_columns CHECK ((schema_kind = 'manual') = (manual_columns IS NOT NULL)),
  ADD CONSTRAINT task_flush CHECK (flush_seconds > 0 AND flush_bytes > 0);

-- An error is all there or not there; only its next try may be unplanned.
ALTER TABLE task_facts ADD CONSTRAINT task_facts_error CHECK (
  (error_code IS NULL AND error_details IS NULL AND error_attempt IS NULL
    AND error_since IS NULL AND error_next_try_at IS NULL)
  OR (error_code IS NOT NULL AND error_details IS NOT NULL AND error_attempt IS NOT NULL
    AND error_since IS NOT NULL));
ALTER TABLE channel ADD CONSTRAINT channel_error CHECK (
  (error_code IS NULL AND error_details IS NULL AND error_attempt IS NULL
    AND error_since IS NULL AND error_next_try_at IS NULL)
  OR (error_code IS NOT NULL AND error_details IS NOT NULL AND error_attempt IS NOT NULL
    AND error_since IS NOT NULL));

-- The account balances, per batch and per channel: every consumed record is a row, a dirty record or
-- an ignored delete.
ALTER TABLE batch ADD CONSTRAINT batch_account CHECK (
  rows >= 0 AND deletes_ignored >= 0 AND dirty_records >= 0 AND dirty_values >= 0
  AND unmapped_values >= 0 AND records = rows + deletes_ignored + dirty_records);
ALTER TABLE channel ADD CONSTRAINT channel_account CHECK (
  rows >= 0 AND deletes_ignored >= 0 AND dirty_records >= 0 AND dirty_values >= 0
  AND unmapped_values >= 0 AND records = rows + deletes_ignored + dirty_records);

-- A tunnel is told of published batches only, and of nothing that was not decided.
ALTER TABLE batch
  ADD CONSTRAINT batch_number_from_one CHECK (number >= 1),
  ADD CONSTRAINT batch_acked_after_published CHECK (acked_at IS NULL OR published_at IS NOT NULL);
ALTER TABLE channel
  ADD CONSTRAINT channel_numbers CHECK (lane >= 0 AND epoch >= 0 AND acked_batch_number >= 0),
  ADD CONSTRAINT channel_acked_after_decided CHECK (acked_batch_number <= batch_number),
  ADD CONSTRAINT channel_drained CHECK (
    drained_at IS NULL OR (finished AND acked_batch_number = batch_number));

ALTER TABLE delivered_object
  ADD CONSTRAINT delivered_object_numbers CHECK (
    lane >= 0 AND sequence >= 1 AND bytes > 0 AND rows >= 0 AND (kind <> 'rows' OR rows >= 1)),
  ADD CONSTRAINT delivered_object_crc32 CHECK (crc32 ~ '^[0-9a-f]{8}$'),
  -- S3's own limit; it also keeps the unique index within what an index row may hold.
  ADD CONSTRAINT delivered_object_key CHECK (
    octet_length(key) BETWEEN 1 AND 1024 AND octet_length(stem) <= 1024
    AND octet_length(location) <= 1024 AND octet_length(bucket) <= 255);
