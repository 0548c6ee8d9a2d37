-- Every version names the record it was read from.
SELECT version_id, record_id FROM core.model_version WHERE record_id NOT IN (SELECT record_id FROM raw.record)
