-- Snapshots are numbered in the order of observation.
SELECT snapshot_id, observed_at, before FROM (
    SELECT snapshot_id, observed_at, lag(observed_at) OVER (ORDER BY snapshot_id) AS before FROM core.snapshot
) WHERE before > observed_at
