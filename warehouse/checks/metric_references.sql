-- Every row of counters belongs to a model, a snapshot and a record.
SELECT snapshot_id, model_id, record_id FROM core.metric
WHERE model_id NOT IN (SELECT model_id FROM core.model)
    OR snapshot_id NOT IN (SELECT snapshot_id FROM core.snapshot)
    OR record_id NOT IN (SELECT record_id FROM raw.record)
