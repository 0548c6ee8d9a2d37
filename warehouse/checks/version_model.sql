-- Every version belongs to a model.
SELECT version_id, model_id FROM core.model_version WHERE model_id NOT IN (SELECT model_id FROM core.model)
