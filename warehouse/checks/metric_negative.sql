-- Counters are not negative.
SELECT snapshot_id, model_id, downloads, likes FROM core.metric WHERE downloads < 0 OR likes < 0
