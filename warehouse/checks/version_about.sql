-- Every description that a version points to exists.
SELECT version_id, about_id FROM core.model_version WHERE about_id IS NOT NULL AND about_id NOT IN (SELECT about_id FROM core.about)
