-- Both names of a rename are models, and no model is renamed to itself.
SELECT model_id, canonical_id FROM core.model_alias
WHERE model_id = canonical_id OR model_id NOT IN (SELECT model_id FROM core.model)
    OR canonical_id NOT IN (SELECT model_id FROM core.model)
