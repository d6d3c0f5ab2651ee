-- A commit of which the store lost an upload is never visible as a whole, and comes to its end as lost.
ALTER TABLE dataset_commit
  DROP CONSTRAINT dataset_commit_order,
  ADD CONSTRAINT dataset_commit_order CHECK (
    finished_at IS NULL OR published_at IS NOT NULL
    OR (error_code IS NOT DISTINCT FROM 'destination.upload_gone' AND writer <> 'merge'));
