-- Every front matter that a version points to exists.
SELECT version_id, front_id FROM core.model_version WHERE front_id IS NOT NULL AND front_id NOT IN (SELECT front_id FROM core.front)
